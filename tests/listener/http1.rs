//! Heads over HTTP/1.1: time, size and number of fields; and what a panic takes with it.

use portcullis::config::Limits;
use tokio::io::AsyncWriteExt;

use crate::server::{SHORT, Server, read_some, read_to_close, text};

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

fn quick_heads() -> Limits {
    Limits { header_timeout: SHORT, ..Limits::default() }
}

#[tokio::test]
async fn a_request_is_answered_and_the_service_knows_its_peer() {
    let server = Server::plain(Limits::default());
    let mut stream = server.connect().await;
    stream.write_all(REQUEST.replace("/ ", "/peer ").as_bytes()).await.unwrap();
    let answer = text(&read_to_close(&mut stream).await);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let own = stream.local_addr().unwrap();
    assert!(answer.contains(&format!("Peer {{ address: {own}, tls: None }}")), "{answer}");
}

/// Attack row K15.
#[tokio::test]
async fn k15_a_head_that_never_ends_is_closed() {
    let mut server = Server::plain(quick_heads());
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    assert_eq!(text(&read_to_close(&mut stream).await), "");
    assert_eq!(server.events_so_far(), [""; 0], "no request reached the service");
    assert!(server.send(REQUEST).await.ends_with("hello"));
}

/// Attack row K15: each byte comes in time, the head as a whole does not.
#[tokio::test]
async fn k15_a_head_that_trickles_is_closed() {
    let server = Server::plain(quick_heads());
    let (mut read, mut write) = server.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        let mut sent = 0;
        for byte in b"GET /".iter().chain(std::iter::repeat(&b'x')) {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            sent += 1;
            tokio::time::sleep(SHORT / 10).await;
        }
        sent
    });
    read_to_close(&mut read).await;
    drop(read);
    let sent = crate::server::within(trickle).await.unwrap();
    assert!(sent > 1, "the head was closed while it trickled, not before");
}

#[tokio::test]
async fn a_connection_that_never_sends_and_one_that_is_idle_after_a_request_are_closed() {
    let server = Server::plain(quick_heads());
    let mut silent = server.connect().await;
    assert_eq!(text(&read_to_close(&mut silent).await), "");
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut idle).await.ends_with("hello"));
    assert_eq!(text(&read_to_close(&mut idle).await), "");
}

#[tokio::test]
async fn a_head_over_the_size_limit_is_refused_and_one_below_is_not() {
    let mut server = Server::plain(Limits { max_header_bytes: 16 << 10, ..Limits::default() });
    let with_bytes = |count: usize| REQUEST.replace("\r\n\r\n", &format!("\r\nfiller: {}\r\n\r\n", "x".repeat(count)));
    assert!(server.send(&with_bytes(15 << 10)).await.ends_with("hello"));
    assert_eq!(server.event().await, "/");
    for too_much in [17 << 10, 1 << 20] {
        let answer = server.send(&with_bytes(too_much)).await;
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{too_much}: {answer}");
    }
    assert_eq!(server.events_so_far(), [""; 0]);
}

#[tokio::test]
async fn more_fields_than_the_limit_are_refused_and_as_many_are_not() {
    for limit in [100, 20] {
        let mut server = Server::plain(Limits { max_headers: limit, ..Limits::default() });
        // `host` and `connection` count as well.
        let with_fields =
            |count: usize| REQUEST.replace("\r\n\r\n", &format!("\r\n{}\r\n", "a: b\r\n".repeat(count - 2)));
        assert!(server.send(&with_fields(limit)).await.ends_with("hello"));
        assert_eq!(server.event().await, "/");
        let answer = server.send(&with_fields(limit + 1)).await;
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
        assert_eq!(server.events_so_far(), [""; 0]);
    }
}

/// Attack row K22.
#[tokio::test]
async fn k22_a_panic_ends_its_own_connection_and_no_other() {
    let mut server = Server::plain(Limits::default());
    let mut other = server.connect().await;
    other.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/wait");
    assert_eq!(server.send(&REQUEST.replace("/ ", "/panic ")).await, "");
    assert_eq!(server.event().await, "/panic");
    server.gate.add_permits(1);
    assert!(text(&read_to_close(&mut other).await).ends_with("waited"));
    assert!(server.send(REQUEST).await.ends_with("hello"));
}

#[tokio::test]
async fn a_plain_listener_does_not_speak_http2() {
    let mut server = Server::plain(Limits::default());
    let answer = server.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(server.events_so_far(), [""; 0]);
}
