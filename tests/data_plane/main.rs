//! The data plane, driven over real sockets in front of a recording backend. Tests that begin with the
//! number of an attack (`a01_…`) belong to a row of the attack list; `rows` is the table of them.

#[path = "../support/mod.rs"]
mod support;

mod support_is_honest;
