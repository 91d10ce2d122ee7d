//! Builds everything from configuration, runs it, shuts it down.
