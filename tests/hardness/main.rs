//! Peers that mean harm, over real sockets, against the whole program in front of a backend that records what
//! reaches it. Tests that begin with the number of an attack (`k01_…`) belong to a row of the attack list.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod backend_tls;
mod caps;
mod early_refusal;
mod expect;
mod few_descriptors;
mod framing;
mod full_listener;
mod heads;
mod slow;
mod smuggled;
