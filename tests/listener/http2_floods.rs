//! HTTP/2 frames that cost their sender little and belong to no request: each kind ends its connection at a
//! stated cap, and another client is served all the while.

use portcullis::config::Limits;

use crate::frames::{
    Connection, DATA, END_HEADERS, END_STREAM, HEADERS, PING, SETTINGS, WINDOW_UPDATE, bytes_of, head,
};
use crate::http2::{ENHANCE_YOUR_CALM, WIDE, is_answered};
use crate::server::Server;

/// At most 128 KiB of windows, 8 KiB of head and these 16 KiB may be sent for nothing.
fn narrow() -> Limits {
    let (h2_max_idle_bytes, h2_connection_window) = (16 << 10, 64 << 10);
    Limits { h2_max_idle_bytes, h2_connection_window, max_header_bytes: 8 << 10, ..Limits::default() }
}

/// Far more than the cap, and than what the sockets between may hold.
const MOST: usize = 32 << 20;

fn batch(frame: &[u8]) -> Vec<u8> {
    frame.repeat(8_000 / frame.len())
}

#[tokio::test]
async fn k13_control_frames_that_belong_to_no_request_end_the_connection_at_a_cap() {
    let server = Server::with_tls(narrow());
    let mut other = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut other, 1).await);
    let floods = [
        ("PING", bytes_of(PING, 0, 0, &[7; 8])),
        ("acknowledged PING", bytes_of(PING, 1, 0, &[7; 8])),
        ("SETTINGS", bytes_of(SETTINGS, 0, 0, &[])),
        ("changing SETTINGS", bytes_of(SETTINGS, 0, 0, &[0, 4, 0, 0, 0x10, 0, 0, 1, 0, 0, 0, 0])),
        ("WINDOW_UPDATE", bytes_of(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("PRIORITY", bytes_of(2, 0, 1, &[0, 0, 0, 0, 15])),
        ("unknown", bytes_of(0xfa, 0, 0, &[1, 2, 3])),
    ];
    for (round, (kind, frame)) in floods.iter().enumerate() {
        let mut attacker = Connection::open(&server, WIDE).await;
        attacker.until(SETTINGS).await;
        let (sent, farewells) = attacker.flood(&batch(frame), MOST).await;
        assert!(sent < MOST, "{kind}: {sent} bytes were taken without complaint");
        assert!(!farewells.is_empty(), "{kind}: closed without a farewell after {sent} bytes");
        assert!(server.counters.floods() > round as u64, "{kind}: not counted as a flood");
        assert!(is_answered(&mut other, 2 * u32::try_from(round).unwrap() + 3).await, "{kind}");
    }
}

#[tokio::test]
async fn k13_as_many_control_frames_between_requests_are_no_flood() {
    let server = Server::with_tls(narrow());
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    let updates = batch(&bytes_of(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]));
    for stream in 0..16 {
        // In all more than twice what is too much at once.
        for _ in 0..3 {
            assert!(connection.send_bytes(&updates).await);
        }
        assert!(is_answered(&mut connection, 2 * stream + 1).await, "stream {stream}");
    }
    assert_eq!(server.counters.floods(), 0);
}

#[tokio::test]
async fn k13_empty_data_frames_without_end_are_an_error_of_the_connection() {
    let mut server = Server::with_tls(Limits::default());
    let mut other = Connection::open(&server, WIDE).await;
    let mut attacker = Connection::open(&server, WIDE).await;
    attacker.until(SETTINGS).await;
    attacker.send(HEADERS, END_HEADERS, 1, &head("/wait")).await;
    assert_eq!(server.event().await, "/wait");
    let (sent, farewells) = attacker.flood(&batch(&bytes_of(DATA, 0, 1, &[])), MOST).await;
    assert!(sent < MOST && farewells.contains(&ENHANCE_YOUR_CALM), "{sent} bytes, {farewells:?}");
    assert_eq!(server.event().await, "wait ended");
    assert!(is_answered(&mut other, 1).await);
}

/// One byte in each frame: forty times the bytes on the wire, and the work of as many frames.
#[tokio::test]
async fn k13_data_frames_of_one_byte_end_the_connection_when_nobody_reads_them() {
    let mut server = Server::with_tls(Limits::default());
    let mut attacker = Connection::open(&server, WIDE).await;
    attacker.until(SETTINGS).await;
    attacker.send(HEADERS, END_HEADERS, 1, &head("/wait")).await;
    assert_eq!(server.event().await, "/wait");
    let (sent, farewells) = attacker.flood(&batch(&bytes_of(DATA, 0, 1, b"x")), MOST).await;
    assert!(sent < MOST && !farewells.is_empty(), "{sent} bytes, {farewells:?}");
    assert_eq!(server.event().await, "wait ended");
}

#[tokio::test]
async fn k13_a_window_that_opens_byte_by_byte_ends_the_connection() {
    let mut server = Server::with_tls(narrow());
    let mut other = Connection::open(&server, WIDE).await;
    let mut attacker = Connection::open(&server, 1).await;
    attacker.until(SETTINGS).await;
    attacker.get(1, "/endless").await;
    assert_eq!(server.event().await, "/endless");
    let (sent, _) = attacker.flood(&batch(&bytes_of(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])), MOST).await;
    assert!(sent < MOST, "{sent} bytes were taken without complaint");
    assert_eq!(server.event().await, "endless ended");
    assert!(is_answered(&mut other, 1).await);
}

/// Streams over the limit, refused one by one: no request, no progress.
#[tokio::test]
async fn k11_streams_that_are_refused_for_being_too_many_end_the_connection_at_a_cap() {
    let mut server = Server::with_tls(Limits { h2_max_concurrent_streams: 1, h2_max_error_resets: 100, ..narrow() });
    let mut attacker = Connection::open(&server, WIDE).await;
    attacker.until(SETTINGS).await;
    attacker.get(1, "/wait").await;
    assert_eq!(server.event().await, "/wait");
    let mut taken = 0;
    for stream in (3..400_001).step_by(2) {
        if !attacker.send(HEADERS, END_STREAM | END_HEADERS, stream, &head("/")).await {
            break;
        }
        taken += 1;
    }
    assert!(taken < 199_000, "{taken} streams over the limit were refused and the next was awaited");
    assert_eq!(server.event().await, "wait ended");
    assert!(is_answered(&mut Connection::open(&server, WIDE).await, 1).await);
}
