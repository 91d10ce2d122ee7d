//! HTTP/2 limits, hit with bare frames.

use std::time::Duration;

use portcullis::config::Limits;

use crate::frames::{
    CONTINUATION, Connection, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, RST_STREAM, SETTINGS, bytes_of,
    head,
};
use crate::server::{SHORT, Server, within};

pub(crate) const WIDE: u32 = 65_535;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) async fn is_answered(connection: &mut Connection, stream: u32) -> bool {
    connection.get(stream, "/").await;
    loop {
        match connection.next().await {
            Some(Frame { kind: DATA, stream: of, payload, .. }) if of == stream => return payload == b"hello",
            Some(Frame { kind: RST_STREAM, stream: of, .. }) if of == stream => return false,
            Some(_) => {}
            None => return false,
        }
    }
}

#[tokio::test]
async fn the_settings_that_were_configured_are_announced() {
    let limits = Limits {
        h2_max_concurrent_streams: 7,
        h2_stream_window: 128 << 10,
        max_header_bytes: 32 << 10,
        ..Limits::default()
    };
    let server = Server::with_tls(limits);
    let mut connection = Connection::open(&server, WIDE).await;
    let settings = connection.until(SETTINGS).await.payload;
    let value = |id: u8| {
        settings
            .chunks(6)
            .find(|entry| entry[..2] == [0, id])
            .map(|entry| u32::from_be_bytes(entry[2..].try_into().unwrap()))
    };
    // MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE.
    assert_eq!((value(3), value(4), value(6)), (Some(7), Some(128 << 10), Some(32 << 10)));
    assert!(is_answered(&mut connection, 1).await);
}

#[tokio::test]
async fn a_stream_over_the_limit_is_refused_and_those_below_go_on() {
    let mut server = Server::with_tls(Limits { h2_max_concurrent_streams: 2, ..Limits::default() });
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    for stream in [1, 3] {
        connection.get(stream, "/wait").await;
        assert_eq!(server.event().await, "/wait");
    }
    connection.get(5, "/").await;
    let refused = connection.until(RST_STREAM).await;
    assert_eq!((refused.stream, refused.error_code()), (5, REFUSED_STREAM));
    server.gate.add_permits(2);
    let answers = [connection.until(DATA).await.payload, connection.until(DATA).await.payload];
    assert_eq!(answers, [b"waited", b"waited"]);
    assert!(is_answered(&mut connection, 7).await);
}

/// Attack row K11.
#[tokio::test]
async fn k11_rapid_reset_ends_the_connection_and_no_other() {
    let server = Server::with_tls(Limits::default());
    let mut other = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut other, 1).await);
    let mut attacker = Connection::open(&server, WIDE).await;
    let mut stream = 1;
    // Many at once, so that the server sees the resets before it could accept the streams.
    while stream < 200_000 {
        if !attacker.get(stream, "/").await || !attacker.send(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()).await {
            break;
        }
        stream += 2;
    }
    assert!(stream < 200_000, "100,000 resets were taken without complaint");
    assert!(is_answered(&mut other, 3).await);
}

/// Attack row K11: the limit is the configured one.
#[tokio::test]
async fn k11_as_many_resets_at_once_as_the_limit_are_taken_and_more_are_not() {
    let burst = |count: u32| (0..count).map(|index| 2 * index + 1);
    for (limit, is_taken) in [(100, true), (20, false)] {
        let server = Server::with_tls(Limits { h2_max_pending_resets: limit, ..Limits::default() });
        let mut connection = Connection::open(&server, WIDE).await;
        connection.until(SETTINGS).await;
        let mut frames = Vec::new();
        for stream in burst(50) {
            frames.extend(bytes_of(HEADERS, END_STREAM | END_HEADERS, stream, &head("/")));
            frames.extend(bytes_of(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
        }
        // In one write, so that the server has read them all before it accepts the first.
        connection.send_bytes(&frames).await;
        if is_taken {
            assert!(is_answered(&mut connection, 101).await);
        } else {
            assert_eq!(connection.until(GOAWAY).await.error_code(), ENHANCE_YOUR_CALM);
        }
    }
}

/// Attack row K12.
#[tokio::test]
async fn k12_a_header_list_over_the_limit_never_reaches_the_service() {
    let mut server = Server::with_tls(Limits { max_header_bytes: 16 << 10, ..Limits::default() });
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    assert!(connection.send(HEADERS, END_STREAM, 1, &head("/large")).await);
    // A literal field without indexing: name "a", a value of 8,000 bytes.
    let mut field = vec![0x00, 1, b'a', 0x7f];
    field.extend([0xc1, 0x3d]); // 127 + 65 + 61 * 128 = 8,000
    field.extend([b'x'; 8_000]);
    for index in 0..4 {
        let flags = if index == 3 { END_HEADERS } else { 0 };
        connection.send(CONTINUATION, flags, 1, &field).await;
    }
    // Either the stream is answered with 431 or it is reset or the connection ends; never served.
    let first = within(async {
        loop {
            match connection.next().await {
                Some(frame) if matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY) => break Some(frame.kind),
                Some(_) => {}
                None => break None,
            }
        }
    })
    .await;
    assert!(first.is_some(), "closed without a word");
    assert_eq!(server.events_so_far(), [""; 0]);
    let mut fresh = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut fresh, 1).await);
}

/// Attack row K12.
#[tokio::test]
async fn k12_a_flood_of_continuations_ends_the_connection() {
    let mut server = Server::with_tls(Limits::default());
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    connection.send(HEADERS, END_STREAM, 1, &head("/flood")).await;
    let mut sent = 0;
    while sent < 100_000 && connection.send(CONTINUATION, 0, 1, &[]).await {
        sent += 1;
    }
    assert!(sent < 100_000, "100,000 continuations were taken without complaint");
    assert_eq!(server.events_so_far(), [""; 0]);
}

/// Attack row K13: a window that never opens.
#[tokio::test]
async fn k13_a_stream_whose_client_takes_nothing_is_reset_and_the_others_go_on() {
    let mut server = Server::with_tls(Limits { write_stall_timeout: SHORT, ..Limits::default() });
    let mut connection = Connection::open(&server, 1_000).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/endless").await;
    assert_eq!(server.event().await, "/endless");
    let reset = connection.until(RST_STREAM).await;
    assert_eq!(reset.stream, 1);
    assert_eq!(server.event().await, "endless ended");
    assert!(is_answered(&mut connection, 3).await);
}

#[tokio::test]
async fn a_request_that_takes_its_time_is_not_a_stalled_stream() {
    let mut server = Server::with_tls(Limits { write_stall_timeout: SHORT, ..Limits::default() });
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/wait").await;
    assert_eq!(server.event().await, "/wait");
    tokio::time::sleep(SHORT * 4).await;
    server.gate.add_permits(1);
    assert_eq!(connection.until(DATA).await.payload, b"waited");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_with_a_farewell() {
    let silent = Limits { header_timeout: SHORT, keep_alive_idle: Duration::from_hours(1), ..Limits::default() };
    let server = Server::with_tls(silent);
    assert!(Connection::open(&server, WIDE).await.until_closed().await);
    // Not even the preface: there is nobody to say goodbye to.
    let mut stream = server.connect_tls(&["h2"]).await;
    crate::server::read_to_close(&mut stream).await;

    let idle = Limits { header_timeout: Duration::from_hours(1), keep_alive_idle: SHORT, ..Limits::default() };
    let server = Server::with_tls(idle);
    let mut connection = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut connection, 1).await);
    assert!(connection.until_closed().await);
}

#[tokio::test]
async fn a_running_request_keeps_its_connection_from_being_idle() {
    let limits = Limits { header_timeout: SHORT, keep_alive_idle: SHORT, ..Limits::default() };
    let mut server = Server::with_tls(limits);
    let mut connection = Connection::open(&server, WIDE).await;
    connection.get(1, "/wait").await;
    assert_eq!(server.event().await, "/wait");
    let gate = std::sync::Arc::clone(&server.gate);
    tokio::spawn(async move {
        tokio::time::sleep(SHORT * 4).await;
        gate.add_permits(1);
    });
    assert_eq!(connection.until(DATA).await.payload, b"waited");
}

/// Attack row K22.
#[tokio::test]
async fn k22_a_panic_resets_its_stream_and_the_others_go_on() {
    let mut server = Server::with_tls(Limits::default());
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/panic").await;
    assert_eq!(server.event().await, "/panic");
    assert_eq!(connection.until(RST_STREAM).await.stream, 1);
    assert!(is_answered(&mut connection, 3).await);
}

#[tokio::test]
async fn at_shutdown_a_running_stream_finishes_and_the_connection_says_goodbye() {
    let mut server = Server::with_tls(Limits::default());
    let mut connection = Connection::open(&server, WIDE).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/wait").await;
    assert_eq!(server.event().await, "/wait");
    server.shutdown.cancel();
    connection.until(GOAWAY).await;
    server.gate.add_permits(1);
    assert_eq!(connection.until(DATA).await.payload, b"waited");
    connection.until_closed().await;
    within(server.task).await.unwrap();
}

#[tokio::test]
async fn at_shutdown_a_stream_that_outlives_the_grace_period_is_cut() {
    let mut server = Server::with_tls(Limits { shutdown_grace: SHORT, ..Limits::default() });
    let mut connection = Connection::open(&server, WIDE).await;
    connection.get(1, "/wait").await;
    assert_eq!(server.event().await, "/wait");
    server.shutdown.cancel();
    connection.until_closed().await;
    assert_eq!(server.event().await, "wait ended");
    within(server.task).await.unwrap();
}
