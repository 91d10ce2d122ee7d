//! Defines the one event per request, and writes it out as one structured log line.

mod event;
mod judged;

pub use event::AccessEvent;
pub use judged::{Judged, JudgedDemand};
