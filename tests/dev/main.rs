//! `portcullis dev` as a newcomer meets it: the built program, started in an empty folder, used with the
//! lines it prints and nothing else.
#![cfg(feature = "dev")]

mod backend;
mod first_start;
mod folder;
mod second_start;
mod server;

#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
#[path = "../support/mod.rs"]
mod support;
