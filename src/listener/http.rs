//! hyper's two servers with every limit set explicitly: a default that changes in a later version
//! must not change ours.

use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;

use super::drain::Drain;
use super::limits::Counters;
use super::pace::Slowest;
use super::stream::StreamExecutor;
use crate::config::Limits;

/// The HTTP/1.1 server. Its header timeout also closes idle keep-alive connections.
pub(super) fn http1(limits: &Limits) -> http1::Builder {
    let mut server = http1::Builder::new();
    let head = limits.max_header_bytes as usize;
    server
        // Without a timer hyper panics as soon as a timeout is set.
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(head)
        .max_buf_size(head.max(BUFFER))
        .keep_alive(true)
        // A client that closes its sending side is taken as gone: the backend's work for it stops.
        .half_close(false)
        .title_case_headers(false)
        .preserve_header_case(false)
        .ignore_invalid_headers(false)
        .allow_multiple_spaces_in_request_line_delimiters(false)
        .pipeline_flush(false)
        .auto_date_header(true);
    // hyper keeps its own 100 on the stack; any set number costs an allocation for each request.
    if limits.max_headers != HYPER_MAX_HEADERS {
        server.max_headers(limits.max_headers);
    }
    server
}

/// The HTTP/2 server.
pub(super) fn http2(limits: &Limits, drain: Drain, counters: Arc<Counters>) -> http2::Builder<StreamExecutor> {
    let slowest = Slowest::new(limits.min_answer_rate, limits.rate_window);
    let stall_timeout = limits.write_stall_timeout;
    let mut server = http2::Builder::new(StreamExecutor { drain, counters, stall_timeout, slowest });
    server
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_max_concurrent_streams)
        .adaptive_window(false)
        .initial_stream_window_size(limits.h2_stream_window)
        .initial_connection_window_size(limits.h2_connection_window)
        .max_frame_size(FRAME)
        .max_header_list_size(limits.max_header_bytes)
        .header_table_size(HEADER_TABLE)
        .max_send_buf_size(STREAM_BUFFER)
        // Rapid reset, from either side: GOAWAY once this many streams were reset for nothing.
        .max_pending_accept_reset_streams(limits.h2_max_pending_resets)
        .max_local_error_reset_streams(limits.h2_max_error_resets)
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout)
        .auto_date_header(true);
    server
}

const HYPER_MAX_HEADERS: usize = 100;
/// What an HTTP/1.1 connection reads at a time, and writes ahead, at most, where heads may not be longer.
const BUFFER: usize = 128 << 10;
/// What an HTTP/2 stream writes ahead, at most.
const STREAM_BUFFER: usize = 64 << 10;
const FRAME: u32 = 16 << 10;
const HEADER_TABLE: u32 = 4 << 10;
