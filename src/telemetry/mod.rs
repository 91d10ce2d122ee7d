//! Starts logs, and answers liveness and readiness.

mod logs;
pub mod probes;

pub use logs::{LogFormat, start};
