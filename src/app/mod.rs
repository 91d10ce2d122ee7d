//! Builds everything from configuration, runs it, shuts it down.

mod build;
mod descriptors;
mod error;
mod shutdown;

pub use build::{App, Running};
pub use error::StartError;
pub use shutdown::asked_to_stop;
