//! Federation: whose word counts, and what is taken for their word. Tests that begin with the number of
//! an attack (`h01_…`) belong to a row of the attack list. Issuers are stubs on real sockets.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../support/issuer.rs"]
mod issuer;
#[cfg(feature = "saml")]
#[path = "../saml/keys.rs"]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
mod keys;
#[cfg(feature = "saml")]
#[path = "../saml/build.rs"]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
mod responses;

mod claims;
mod configurations;
mod fixture;
mod following_the_store;
mod groups;
mod key_selection;
mod keys_over_time;
mod misbehaving_issuers;
#[cfg(feature = "saml")]
mod saml;
mod shaky_store;
mod signatures;
