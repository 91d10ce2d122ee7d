//! The control plane over real sockets: who may do what, what they get, and what becomes of it on the data
//! plane. Tests that begin with the number of an attack (`g05_…`) belong to a row of the attack list.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

#[expect(dead_code, reason = "shared with the tests of federation, which use all of it")]
#[path = "../support/issuer.rs"]
mod issuer;
#[cfg(feature = "saml")]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
#[path = "../saml/keys.rs"]
mod keys;
#[cfg(feature = "saml")]
#[expect(dead_code, reason = "only what makes good responses is needed here")]
#[path = "../saml/build.rs"]
mod responses;

mod access_keys;
mod access_policies;
mod admin_tokens;
mod answers;
mod bodies;
mod bucket_info;
mod can_i;
mod client;
mod container_credentials;
mod crash;
mod data_plane;
mod documents;
mod explain;
mod federated;
#[cfg(feature = "saml")]
mod federated_saml;
mod federation_configurations;
mod groups;
mod limits;
mod log;
mod log_lines;
mod login;
mod policy_crash;
mod rights;
mod rights_by_policy;
mod rights_of_the_federated;
mod server;
mod settings;
mod start;
