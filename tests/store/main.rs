//! The store: the suite that every implementation has to pass, what a crash leaves behind, and the
//! commands that manage keys with and without a running server.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod command;
mod conformance;
mod crash;
mod embedded;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "etcd")]
#[path = "../support/etcd.rs"]
mod etcd_cluster;
