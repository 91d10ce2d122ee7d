//! What requests may do, over real sockets, in front of a backend that records what reaches it. Tests that
//! begin with the number of an attack (`e15_…`) belong to a row of the attack list.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod absence;
mod anonymous;
mod anonymous_refused;
mod batches;
mod bucket_life;
mod bucket_policy;
mod bucket_stock;
mod conditions;
mod copies;
mod list_buckets;
mod operations;
mod public_access_block;
mod record;
mod rules;
