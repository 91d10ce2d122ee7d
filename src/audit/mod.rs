//! Defines the one event per request or change, and writes it out.
