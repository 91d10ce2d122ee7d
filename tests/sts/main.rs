//! AWS's Security Token Service, spoken to the API listener over real sockets. Tests that begin with the
//! number of an attack (`g05_…`) belong to a row of the attack list.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod access_key_info;
mod caller_identity;
mod client;
#[expect(dead_code, reason = "shared with the tests of federation, which use all of it")]
#[path = "../support/issuer.rs"]
mod issuer;
#[cfg(feature = "saml")]
#[path = "../saml/keys.rs"]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
mod keys;
mod parameters;
#[cfg(feature = "saml")]
#[path = "../saml/build.rs"]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
mod responses;
#[cfg(feature = "saml")]
mod saml;
mod signature;
mod web_identity;
