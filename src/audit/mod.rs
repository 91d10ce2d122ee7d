//! Defines the one event per request, and writes it out as one structured log line.

mod decision;
mod event;
mod judged;

pub use decision::Decision;
pub use event::AccessEvent;
pub use judged::{Judged, JudgedDemand, WrittenJudged, resource_name};

/// Where events are written.
const TARGET: &str = "portcullis::audit";
