//! Portcullis: an access layer for S3-compatible object storage.
//!
//! Storage behind Portcullis knows one credential, Portcullis's own. Clients hold access keys that
//! Portcullis issued; it verifies every request against them, decides what the identity may do,
//! signs the request anew for the backend, streams both ways and records who did what.
//!
//! # One S3 request (the data plane)
//! ```text
//! listener --Peer, stream--> proxy::receive --Received--> authenticate --Authenticated-->
//!    authorize --Authorized--> forward [backend: re-sign, send] --> respond --> client
//!                  each exit, good or bad --> record --> audit
//! ```
//!
//! # One access key (the control plane)
//! ```text
//! control::login --unverified token or response--> federation --Evidence--> control::grant --Grant-->
//!    keys::issue --(one write: claim the evidence, store the sealed key)--> store --Change-->
//!    keys::lookup (cache) <-- proxy::authenticate
//! control --> keys::revoke --> store --Change--> every cache drops it
//! ```
//!
//! # One policy
//! ```text
//! control --document--> policy (parse, compile) --> authority --> store --Change-->
//!    authority::InForce (one value, swapped) <-- proxy::authorize, control
//! ```
//!
//! # The modules, in reading order
//! Words come first (no I/O, no clock), then one folder for each outside thing, then the services
//! over them, the two planes, and the wiring. `tests/architecture.rs` enforces who may use whom.

pub mod clock;
pub mod fault;
mod json_text;
pub mod tls;

pub mod identity;
pub mod policy;
pub mod s3;
pub mod sigv4;

pub mod audit;
pub mod backend;
pub mod config;
pub mod federation;
pub mod listener;
pub mod store;
pub mod telemetry;

pub mod authority;
pub mod keys;

pub mod control;
pub mod proxy;

pub mod app;
pub mod cli;

pub mod manual;
