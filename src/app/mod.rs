//! Builds everything from configuration, runs it, shuts it down.

mod build;
mod descriptors;
mod error;
mod shutdown;
#[cfg(portcullis_bench_no_auth)]
mod unguarded;

pub use build::{App, Running};
pub use error::StartError;
pub use shutdown::asked_to_stop;

/// What `--version` says after the name.
#[cfg(not(portcullis_bench_no_auth))]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--version` says after the name, of a build that passes every request on unasked.
#[cfg(portcullis_bench_no_auth)]
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " WITHOUT AUTHENTICATION, for benchmarks only");
