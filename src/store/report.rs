//! How a store does, for people and for monitoring.

use std::time::Duration;

/// How a store does, as one node sees it.
#[derive(Clone, Debug, Default)]
pub struct StoreReport {
    /// Why what readers know of it must not be relied upon, if that is so.
    pub outdated: Option<String>,
    /// How long the last proof took that a change is heard of here: from its being sent to its being taken in.
    pub lag: Option<Duration>,
    /// Since when the newest of what was proven here is proven.
    pub proven_for: Option<Duration>,
    /// How much of the room that it may take is taken, from 0 to 1.
    pub used: Option<f64>,
    /// Whether nothing is to be added any more, so that there stays room to take away.
    pub is_full: bool,
}
