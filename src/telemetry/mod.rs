//! Starts logs, answers liveness and readiness, and shows figures.

mod logs;
pub mod metrics;
mod occasional;
mod output;
pub mod probes;
mod record_lines;

pub use logs::{LogFormat, flush, start};
pub use occasional::Occasional;
