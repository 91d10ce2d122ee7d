//! Clients that are never quite still, and never get anywhere.

use std::time::Duration;

use portcullis::config::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::frames::{Connection, DATA, END_HEADERS, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, head};
use crate::http2::is_answered;
use crate::server::{SHORT, Server, read_to_close, text, within};

fn paced() -> Limits {
    Limits { min_body_rate: 20_000, min_answer_rate: 1 << 20, rate_window: SHORT, ..Limits::default() }
}

/// Writes `piece` ten times in each window until the other end has had enough.
fn drip(mut to: impl AsyncWriteExt + Unpin + Send + 'static, piece: Vec<u8>, times: usize) {
    tokio::spawn(async move {
        for _ in 0..times {
            if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
                return;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
        // Open until the answer has been read.
        std::future::pending::<()>().await;
    });
}

#[tokio::test]
async fn k15_a_body_that_drips_is_an_error_to_the_service_which_can_still_answer() {
    let mut server = Server::plain(paced());
    for framing in ["content-length: 100000", "transfer-encoding: chunked"] {
        let (mut read, mut write) = server.connect().await.into_split();
        write.write_all(format!("PUT /read HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n").as_bytes()).await.unwrap();
        let piece = if framing.ends_with("chunked") { &b"1\r\nx\r\n"[..] } else { b"x" };
        drip(write, piece.to_vec(), 10_000);
        let answer = text(&read_to_close(&mut read).await);
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{framing}: {answer}");
        assert_eq!([server.event().await, server.event().await], ["/read", "slow"]);
    }
    assert_eq!(server.counters.slow_bodies(), 2);
}

#[tokio::test]
async fn k15_a_stream_whose_body_drips_is_an_error_to_the_service_and_the_others_go_on() {
    let mut server = Server::with_tls(paced());
    let mut connection = Connection::open(&server, 65_535).await;
    connection.until(SETTINGS).await;
    connection.send(HEADERS, END_HEADERS, 1, &head("/read")).await;
    assert_eq!(server.event().await, "/read");
    let dripping = async {
        loop {
            connection.send(DATA, 0, 1, b"x").await;
            tokio::time::sleep(SHORT / 10).await;
            if let Some(event) = server.events_so_far().pop() {
                break event;
            }
        }
    };
    let slow = within(dripping).await;
    assert_eq!(slow, "slow");
    assert!(is_answered(&mut connection, 3).await);
}

#[tokio::test]
async fn a_body_that_is_slow_but_fast_enough_is_read_whole() {
    let mut server = Server::plain(paced());
    let (mut read, mut write) = server.connect().await.into_split();
    let head = "PUT /read HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 655360\r\n\r\n";
    write.write_all(head.as_bytes()).await.unwrap();
    drip(write, vec![b'x'; 16 << 10], 40);
    assert!(text(&read_to_close(&mut read).await).ends_with("read"));
    assert_eq!([server.event().await, server.event().await], ["/read", "read 655360 bytes"]);
}

#[tokio::test]
async fn k15_a_client_that_sips_at_its_answer_is_cut() {
    let mut server = Server::plain(paced());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = within(socket.connect(server.address)).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/endless");
    let mut sip = [0; 256];
    let sipping = async {
        loop {
            // Never a pause as long as the stall limit.
            let _ = stream.read(&mut sip).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(event) = server.events_so_far().pop() {
                break event;
            }
        }
    };
    let ended = within(sipping).await;
    assert_eq!((ended.as_str(), server.counters.slow_readers()), ("endless ended", 1));
}

#[tokio::test]
async fn a_client_that_takes_little_at_a_time_but_fast_enough_is_not_cut() {
    // Half a megabyte a second. Left alone, the kernel would hold some, and tell of one being taken every few seconds.
    let patience = 4 * SHORT;
    let limits = Limits { rate_window: patience, write_stall_timeout: patience, ..Limits::default() };
    let mut server = Server::plain(limits);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut stream = within(socket.connect(server.address)).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/endless");
    let mut sip = vec![0; 20_000];
    let start = tokio::time::Instant::now();
    let mut taken = 0;
    while start.elapsed() < 3 * patience {
        taken += stream.read(&mut sip).await.unwrap();
        let due = start + Duration::from_micros(taken as u64 * 2);
        tokio::time::sleep_until(due).await;
    }
    assert_eq!((server.events_so_far(), server.counters.slow_readers()), (Vec::<String>::new(), 0));
}

#[tokio::test]
async fn k15_a_stream_whose_client_sips_is_reset_and_the_others_go_on() {
    let mut server = Server::with_tls(paced());
    let mut connection = Connection::open(&server, 1_000).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/endless").await;
    assert_eq!(server.event().await, "/endless");
    let wider = 1_000_u32.to_be_bytes();
    let sipping = async {
        loop {
            let frame = connection.next().await.expect("the connection stays");
            if frame.kind == RST_STREAM {
                break frame.stream;
            }
            if frame.kind == DATA {
                tokio::time::sleep(SHORT / 20).await;
                connection.send(WINDOW_UPDATE, 0, 1, &wider).await;
            }
        }
    };
    let ended = within(sipping).await;
    assert_eq!((ended, server.event().await.as_str()), (1, "endless ended"));
    assert_eq!(server.counters.slow_readers(), 1);
    assert!(is_answered(&mut connection, 3).await);
}

#[tokio::test]
async fn a_stream_whose_client_takes_little_at_a_time_but_fast_enough_is_not_reset() {
    let patience = 4 * SHORT;
    let limits = Limits { rate_window: patience, write_stall_timeout: patience, ..Limits::default() };
    let server = Server::with_tls(limits);
    let mut connection = Connection::open(&server, 16_000).await;
    connection.until(SETTINGS).await;
    connection.get(1, "/large").await;
    let mut taken = 0;
    while taken < 480_000 {
        let frame = connection.next().await.expect("the connection stays");
        assert_ne!(frame.kind, RST_STREAM, "after {taken} bytes");
        if frame.kind == DATA {
            taken += frame.payload.len();
            tokio::time::sleep(SHORT / 3 * u32::try_from(frame.payload.len()).unwrap() / 16_000).await;
            let length = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
            connection.send(WINDOW_UPDATE, 0, 0, &length).await;
            connection.send(WINDOW_UPDATE, 0, 1, &length).await;
        }
    }
    assert_eq!(server.counters.slow_readers(), 0);
}
