//! `[limits]`: time, size and count limits, each with a default that suits an internet-facing edge.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::{duration, size};

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $field:ident: $written:ty => $checked:ty = $default:expr;)*) => {
        /// Limits, checked. All durations are above zero.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct Limits {
            $($(#[doc = $doc])* pub $field: $checked,)*
        }

        /// The section as written.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct Written {
            $($field: $written,)*
        }

        impl Default for Written {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

const fn seconds(seconds: u64) -> duration::Written {
    duration::Written(Duration::from_secs(seconds))
}

limits! {
    /// From the first moment of waiting for a request to the end of its head; also how long an idle
    /// keep-alive connection stays open.
    header_timeout: duration::Written => Duration = seconds(30);
    /// From the accepted connection to the end of the TLS handshake.
    handshake_timeout: duration::Written => Duration = seconds(10);
    /// The longest pause between two pieces of a request body.
    body_idle_timeout: duration::Written => Duration = seconds(60);
    /// From the start of reading a document, which is a body that is held whole, to its end.
    document_timeout: duration::Written => Duration = seconds(60);
    /// The longest that a client may take no byte of an answer that waits for it.
    write_stall_timeout: duration::Written => Duration = seconds(60);
    /// Bytes a second of a request body, on average over each `rate_window` of waiting for its client;
    /// 0 asks for none. Up to 1 GiB.
    min_body_rate: size::Written => u64 = size::Written(1 << 10);
    /// The same for an answer that waits for its client to take it.
    min_answer_rate: size::Written => u64 = size::Written(1 << 10);
    /// How long a client is waited for until its rate is judged, and then again.
    rate_window: duration::Written => Duration = seconds(60);
    /// The longest that an HTTP/2 connection stays open without any stream.
    keep_alive_idle: duration::Written => Duration = seconds(300);
    /// How long running requests may go on after a shutdown was asked for.
    shutdown_grace: duration::Written => Duration = seconds(30);
    /// How long a transfer that began before its key expired may go on after it.
    after_expiry: duration::Written => Duration = seconds(3600);
    /// The size of a request head, in bytes: 8 KiB to 1 MiB.
    max_header_bytes: size::Written => u32 = size::Written(64 << 10);
    /// The number of header fields in a request: 1 to 1000.
    max_headers: usize => usize = 100;
    /// Connections at a time of one listener.
    max_connections: usize => usize = 10_000;
    /// Connections at a time of one listener from one address (IPv6: one /64). More than
    /// `max_connections` is the same as that.
    max_connections_per_peer: usize => usize = 1_000;
    /// S3 requests at a time, to the end of their answers: 1 to 1,000,000.
    max_requests: usize => usize = 10_000;
    /// S3 requests at a time from one address (IPv6: one /64), over all its connections.
    max_requests_per_peer: usize => usize = 2_000;
    /// S3 requests at a time of one identity.
    max_requests_per_identity: usize => usize = 1_000;
    /// Bytes of request bodies held at a time, of all requests: documents, small files of forms, signed
    /// chunks. 16 MiB to 64 GiB.
    max_buffered_bytes: size::Written => u64 = size::Written(256 << 20);
    /// HTTP/2: streams at a time of one connection.
    h2_max_concurrent_streams: u32 => u32 = 100;
    /// HTTP/2: bytes a client may send ahead on one stream, 16 KiB to 16 MiB.
    h2_stream_window: size::Written => u32 = size::Written(64 << 10);
    /// HTTP/2: bytes a client may send ahead on all streams of a connection, 64 KiB to 64 MiB.
    h2_connection_window: size::Written => u32 = size::Written(1 << 20);
    /// HTTP/2: bytes that a client may send without any request making progress, beyond its window: 16 KiB
    /// to 64 MiB.
    h2_max_idle_bytes: size::Written => u32 = size::Written(1 << 20);
    /// HTTP/2: streams that a client reset before they were accepted, waiting to be forgotten.
    h2_max_pending_resets: usize => usize = 20;
    /// HTTP/2: streams that were reset for the client's errors before the connection ends.
    h2_max_error_resets: usize => usize = 1024;
    /// Requests a minute of one address (IPv6: one /64) that show a token or an assertion to the control
    /// plane, right or wrong: 1 to 1,000,000. Half of it may come at once.
    logins_per_minute_per_peer: u32 => u32 = 1_200;
    /// Keys a minute that one identity gets: 1 to 1,000,000. Half of it may come at once.
    keys_per_minute_per_identity: u32 => u32 = 240;
    /// From the start of a connection to a backend until it can be used, TLS included.
    backend_connect_timeout: duration::Written => Duration = seconds(10);
    /// From the end of a request until the head of the backend's answer.
    backend_response_timeout: duration::Written => Duration = seconds(300);
    /// The longest pause between two pieces of a body to or from a backend.
    backend_idle_timeout: duration::Written => Duration = seconds(60);
}

impl Default for Limits {
    fn default() -> Self {
        Written::default().check().unwrap_or_else(|problem| unreachable!("the defaults are valid: {problem:?}"))
    }
}

impl Written {
    pub(super) fn check(self) -> Result<Limits, Problem> {
        Ok(Limits {
            header_timeout: self.header_timeout.0,
            handshake_timeout: self.handshake_timeout.0,
            body_idle_timeout: self.body_idle_timeout.0,
            document_timeout: self.document_timeout.0,
            write_stall_timeout: self.write_stall_timeout.0,
            min_body_rate: rate("min_body_rate", self.min_body_rate)?,
            min_answer_rate: rate("min_answer_rate", self.min_answer_rate)?,
            rate_window: self.rate_window.0,
            keep_alive_idle: self.keep_alive_idle.0,
            shutdown_grace: self.shutdown_grace.0,
            after_expiry: self.after_expiry.0,
            max_header_bytes: bytes("max_header_bytes", self.max_header_bytes, 8 << 10..=1 << 20)?,
            max_headers: count("max_headers", self.max_headers, 1..=1000)?,
            max_connections: count("max_connections", self.max_connections, 1..=1_000_000)?,
            max_connections_per_peer: count("max_connections_per_peer", self.max_connections_per_peer, 1..=1_000_000)?,
            max_requests: count("max_requests", self.max_requests, 1..=1_000_000)?,
            max_requests_per_peer: count("max_requests_per_peer", self.max_requests_per_peer, 1..=1_000_000)?,
            max_requests_per_identity: count(
                "max_requests_per_identity",
                self.max_requests_per_identity,
                1..=1_000_000,
            )?,
            max_buffered_bytes: buffered(self.max_buffered_bytes)?,
            h2_max_concurrent_streams: count("h2_max_concurrent_streams", self.h2_max_concurrent_streams, 1..=10_000)?,
            h2_stream_window: bytes("h2_stream_window", self.h2_stream_window, 16 << 10..=16 << 20)?,
            h2_connection_window: bytes("h2_connection_window", self.h2_connection_window, 64 << 10..=64 << 20)?,
            h2_max_idle_bytes: bytes("h2_max_idle_bytes", self.h2_max_idle_bytes, 16 << 10..=64 << 20)?,
            h2_max_pending_resets: count("h2_max_pending_resets", self.h2_max_pending_resets, 1..=10_000)?,
            h2_max_error_resets: count("h2_max_error_resets", self.h2_max_error_resets, 1..=100_000)?,
            logins_per_minute_per_peer: count(
                "logins_per_minute_per_peer",
                self.logins_per_minute_per_peer,
                1..=1_000_000,
            )?,
            keys_per_minute_per_identity: count(
                "keys_per_minute_per_identity",
                self.keys_per_minute_per_identity,
                1..=1_000_000,
            )?,
            backend_connect_timeout: self.backend_connect_timeout.0,
            backend_response_timeout: self.backend_response_timeout.0,
            backend_idle_timeout: self.backend_idle_timeout.0,
        })
    }
}

fn count<N: Copy + PartialOrd + std::fmt::Display>(
    field: &str,
    number: N,
    range: RangeInclusive<N>,
) -> Result<N, Problem> {
    if range.contains(&number) {
        return Ok(number);
    }
    Err(Problem::new(field, number.to_string(), format!("{} to {}", range.start(), range.end())))
}

fn buffered(size: size::Written) -> Result<u64, Problem> {
    let expected = "16 MiB to 64 GiB";
    let right = (16 << 20..=64 << 30).contains(&size.0);
    if right { Ok(size.0) } else { Err(Problem::new("max_buffered_bytes", size.0.to_string(), expected)) }
}

fn rate(field: &str, size: size::Written) -> Result<u64, Problem> {
    count(field, size.0, 0..=1 << 30).map_err(|_| Problem::new(field, size.0.to_string(), "0 to 1 GiB"))
}

fn bytes(field: &str, size: size::Written, range: RangeInclusive<u32>) -> Result<u32, Problem> {
    let number = u32::try_from(size.0).unwrap_or(u32::MAX);
    let expected = || format!("{} to {} bytes", range.start(), range.end());
    count(field, number, range.clone()).map_err(|_| Problem::new(field, size.0.to_string(), expected()))
}
