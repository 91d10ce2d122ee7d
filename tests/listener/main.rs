//! The listener over real sockets: each limit is hit, and next to each hit stands the request that
//! the limit must not touch. Time limits are short here; what is waited for is always an event.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bodies;
mod caps;
mod drain;
mod frames;
mod http1;
mod http2;
mod http2_fields;
mod http2_floods;
mod many;
mod pace;
mod rest;
mod server;
mod tls;
mod tls_abuse;
