//! Defines the one event per request, and writes it out as one structured log line.

mod event;

pub use event::AccessEvent;
