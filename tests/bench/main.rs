//! `portcullis bench`, the built program, against a server that counts and lies on purpose, and against
//! `portcullis dev`, which verifies every signature.

mod faults;
mod memory_s3;
mod rate;
mod refused;
mod signals;
#[cfg(feature = "dev")]
mod verified;
mod workloads;

mod program;

#[cfg(feature = "dev")]
#[expect(dead_code, reason = "shared with the tests of `dev`, which use all of it")]
#[path = "../dev/server.rs"]
mod server;

#[cfg(feature = "dev")]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
#[path = "../support/mod.rs"]
mod support;
