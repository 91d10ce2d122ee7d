//! The configuration file: every example loads, every way to get it wrong is one exact line, and
//! `portcullis check` says the same as starting would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod check;
mod etcd;
mod examples;
mod fixture;
mod policies;
mod refused;
mod refused_cors;
mod refused_federation;
mod refused_files;
