//! Everything that reads bytes from outside, against bytes that nobody would write. Each target says more
//! than "it does not panic": what is accepted means one thing, survives being written anew, and is bounded.
//!
//! Each target has a folder of kept inputs, `corpus/<target>`. In an ordinary test run it is played back,
//! and then a thousand changes of them. `tests/fuzz/run` plays for as long as one likes, guided by coverage.

#![expect(clippy::unwrap_used, reason = "a test stops where what it is made of is wrong")]

mod address;
mod authorization;
mod canonical;
mod checksums;
mod chunks;
mod copy_source;
mod cors;
mod delete_objects;
mod documents;
mod engine;
mod forms;
mod from_backends;
mod identities;
mod jwt;
mod operation;
mod policies;
mod presigned;
mod query;
mod request_text;
#[cfg(feature = "saml")]
mod saml;
mod signatures;
mod signed_chunks;
mod tagging;

// The second evaluator of policies, written from the documentation.
#[path = "../policy/asked.rs"]
mod asked;
#[path = "../policy/coverage.rs"]
#[expect(dead_code, reason = "what it counts is looked at by tests/policy")]
mod coverage;
#[path = "../policy/reference.rs"]
mod reference;
#[path = "../policy/reference_conditions.rs"]
mod reference_conditions;
