//! Defines the one event per request, and writes it out as one structured log line.

mod event;
mod judged;

pub use event::AccessEvent;
pub use judged::{Judged, Question};

/// Where events are written.
const TARGET: &str = "portcullis::audit";
