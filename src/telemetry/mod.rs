//! Starts logs, and answers liveness and readiness.

mod logs;
mod occasional;
pub mod probes;

pub use logs::{LogFormat, start};
pub use occasional::Occasional;
