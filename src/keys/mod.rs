//! Issues, finds, suspends and revokes access keys; owns the cache.
