//! Starts logs.

mod logs;

pub use logs::{LogFormat, start};
