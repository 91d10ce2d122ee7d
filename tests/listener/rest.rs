//! HTTP/1.1 connections that nobody uses for a while: they keep less memory, and are served as before.

use std::time::{Duration, Instant};

use portcullis::config::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::server::{Server, read_some, read_to_close, text, within};

async fn rests(server: &Server, connections: usize) {
    within(async {
        while server.counters.resting() != connections {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

async fn is_served_before_and_after(server: &Server, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.ends_with("hello"));
    rests(server, 1).await;
    stream.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
    rests(server, 0).await;
    stream.write_all(b"st: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.ends_with("hello"));
    rests(server, 1).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(text(&read_to_close(&mut stream).await).matches("hello").count(), 2);
    rests(server, 0).await;
}

#[tokio::test]
async fn a_connection_that_rested_is_served_again() {
    let server = Server::plain(Limits::default());
    let stream = server.connect().await;
    is_served_before_and_after(&server, stream).await;
    let server = Server::with_tls(Limits::default());
    let stream = server.connect_tls(&["http/1.1"]).await;
    is_served_before_and_after(&server, stream).await;
}

#[tokio::test]
async fn a_connection_with_a_request_or_part_of_one_does_not_rest() {
    let server = Server::plain(Limits::default());
    let (mut busy, mut slow, mut idle) = (server.connect().await, server.connect().await, server.connect().await);
    for stream in [&mut busy, &mut slow, &mut idle] {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_some(stream).await.ends_with("hello"));
    }
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    rests(&server, 1).await;
    // Twice as long as it takes to rest.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(server.counters.resting(), 1, "only the idle one");
    server.gate.add_permits(1);
    assert!(read_some(&mut busy).await.ends_with("waited"));
    slow.write_all(b"TP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut slow).await.ends_with("hello"));
}

#[tokio::test]
async fn a_connection_that_rests_is_closed_at_shutdown() {
    let server = Server::with_tls(Limits::default());
    let mut stream = server.connect_tls(&["http/1.1"]).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.ends_with("hello"));
    rests(&server, 1).await;
    server.shutdown.cancel();
    assert_eq!(text(&read_to_close(&mut stream).await), "");
    within(server.task).await.unwrap();
    assert_eq!(server.counters.resting(), 0);
}

/// Attack row K15: resting does not begin the time for a head anew.
#[tokio::test]
async fn k15_a_connection_that_rests_is_closed_in_time_and_so_is_one_that_then_sends_half_a_head() {
    let limit = Duration::from_secs(6);
    let server = Server::plain(Limits { header_timeout: limit, ..Limits::default() });
    let (mut silent, mut half) = (server.connect().await, server.connect().await);
    for stream in [&mut silent, &mut half] {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_some(stream).await.ends_with("hello"));
    }
    let since = Instant::now();
    rests(&server, 2).await;
    tokio::time::sleep_until((since + limit * 3 / 4).into()).await;
    half.write_all(b"GET / HT").await.unwrap();
    assert_eq!(text(&read_to_close(&mut silent).await), "");
    assert_eq!(text(&read_to_close(&mut half).await), "");
    let taken = since.elapsed();
    assert!(taken > limit / 2 && taken < limit * 3 / 2, "closed after {taken:?}");
}

/// What is left of a body is no request, however late somebody lets go of it.
#[tokio::test]
async fn what_follows_of_an_unread_body_is_never_served_as_a_request() {
    for before in [false, true] {
        let mut server = Server::plain(Limits::default());
        let mut stream = server.connect().await;
        stream.write_all(b"POST /hold HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nbegun").await.unwrap();
        assert!(read_some(&mut stream).await.ends_with("held"));
        if before {
            server.gate.add_permits(1);
        }
        // Longer than it takes to rest.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(server.counters.resting(), 0);
        server.gate.add_permits(1);
        // The server may have closed by now.
        let _ = stream.write_all(b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let _ = stream.shutdown().await;
        assert_eq!(text(&read_to_close(&mut stream).await), "");
        assert_eq!(server.event().await, "/hold");
        assert_eq!(server.events_so_far(), [""; 0], "nothing else was served");
    }
}

/// Part of a head may come along with the request before it.
#[tokio::test]
async fn a_part_of_a_head_that_came_early_is_waited_for_and_the_connection_goes_on() {
    let server = Server::plain(Limits::default());
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.ends_with("hello"));
    // Long enough to be looked at twice.
    tokio::time::sleep(Duration::from_secs(4)).await;
    stream.write_all(b"host: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut both = String::new();
    while both.matches("hello").count() < 2 {
        both.push_str(&read_some(&mut stream).await);
    }
    assert!(!both.to_ascii_lowercase().contains("connection: close"), "{both}");
}
