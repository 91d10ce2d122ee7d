//! Starts logs.
