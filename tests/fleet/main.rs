//! Several nodes that share a store in etcd: real sockets, real etcd, one process.
#![cfg(feature = "etcd")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod chaos;
#[path = "../support/etcd.rs"]
mod etcd_cluster;
mod first_use;
mod leader;
mod line;
mod members;
mod million;
mod moving;
mod nodes;
mod partition;
mod processes;
mod program;
mod quiet_backend;
#[path = "../support/relay.rs"]
mod relay;
mod relays;
mod restored;
mod revocation;
mod rotation;
mod slow_store;
#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;
mod trials;
mod trouble;
mod unknown_ids;
