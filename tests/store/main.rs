//! The store: the suite that every implementation has to pass, what a crash leaves behind, and the
//! commands that manage keys with and without a running server.

mod command;
mod conformance;
mod crash;
mod embedded;
