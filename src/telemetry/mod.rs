//! Starts logs, and answers liveness and readiness.

mod logs;
mod occasional;
mod output;
pub mod probes;
mod record_lines;

pub use logs::{LogFormat, flush, start};
pub use occasional::Occasional;
