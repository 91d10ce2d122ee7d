//! Bodies: the client that stops sending, the client that stops reading, and the refusal that is
//! given before the body was read.

use portcullis::config::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{SHORT, Server, read_to_close, text, within};

/// Attack row K15, slow body.
#[tokio::test]
async fn k15_a_body_that_stops_coming_is_an_error_to_the_service_which_can_still_answer() {
    let mut server = Server::plain(Limits { body_idle_timeout: SHORT, ..Limits::default() });
    let mut stream = server.connect().await;
    stream.write_all(b"PUT /read HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    let answer = text(&read_to_close(&mut stream).await);
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert_eq!([server.event().await, server.event().await], ["/read", "idle"]);
}

#[tokio::test]
async fn a_body_that_pauses_for_less_than_the_limit_is_read_whole() {
    let mut server = Server::plain(Limits { body_idle_timeout: SHORT * 10, ..Limits::default() });
    let mut stream = server.connect().await;
    stream
        .write_all(b"PUT /read HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 10\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..5 {
        tokio::time::sleep(SHORT / 3).await;
        stream.write_all(b"xx").await.unwrap();
    }
    assert!(text(&read_to_close(&mut stream).await).ends_with("read"));
    assert_eq!([server.event().await, server.event().await], ["/read", "read 10 bytes"]);
}

#[tokio::test]
async fn a_body_cut_off_by_its_client_is_an_error_to_the_service() {
    let mut server = Server::plain(Limits::default());
    let mut stream = server.connect().await;
    stream.write_all(b"PUT /read HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    assert_eq!(server.event().await, "/read");
    drop(stream);
    assert_eq!(server.event().await, "closed");
}

/// Attack row K15, slow reader.
#[tokio::test]
async fn k15_a_client_that_takes_nothing_is_cut() {
    let mut server = Server::plain(Limits { write_stall_timeout: SHORT, ..Limits::default() });
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/endless");
    // Not one byte is read, so the socket's buffers fill and stay full.
    assert_eq!(server.event().await, "endless ended");
}

#[tokio::test]
async fn a_client_that_keeps_reading_is_not_cut() {
    let mut server = Server::plain(Limits { write_stall_timeout: SHORT, ..Limits::default() });
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/endless");
    let mut piece = vec![0; 4 << 20];
    // Four times the limit in all, and never the limit between two reads.
    for _ in 0..16 {
        within(stream.read_exact(&mut piece)).await.unwrap();
        tokio::time::sleep(SHORT / 4).await;
    }
    assert_eq!(server.events_so_far(), [""; 0]);
    drop(stream);
    assert_eq!(server.event().await, "endless ended");
}

/// Attack row K7.
#[tokio::test]
async fn k07_a_request_hidden_in_the_body_of_a_refused_one_is_never_served() {
    let mut server = Server::plain(Limits::default());
    for length in [60, 100_000, 10_000_000] {
        let mut stream = server.connect().await;
        let head = format!("PUT /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(server.event().await, "/refuse");
        // Sent once the refusal is certain, so that it cannot be drained along with the head.
        stream.write_all(b"GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let answer = text(&read_to_close(&mut stream).await);
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert_eq!(server.events_so_far(), [""; 0], "{length}");
    }
}

/// Attack row K7, the other half: what came along with the head is drained, and what follows the
/// body is a request of its own.
#[tokio::test]
async fn k07_bytes_after_a_drained_body_are_a_new_request_and_those_in_it_are_not() {
    let mut server = Server::plain(Limits::default());
    let hidden = "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = server
        .send(&format!(
            "PUT /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{hidden}\
             GET /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            hidden.len()
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n") && answer.ends_with("hello"), "{answer}");
    assert_eq!(server.events_so_far(), ["/refuse", "/next"]);
}

#[tokio::test]
async fn a_client_that_goes_on_uploading_after_a_refusal_can_still_read_it() {
    let server = Server::plain(Limits::default());
    for _ in 0..20 {
        let mut stream = server.connect().await;
        stream.write_all(b"PUT /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 4000000\r\n\r\n").await.unwrap();
        // More than any socket buffer: without the lingering close this ends in a reset.
        stream.write_all(&vec![b'x'; 4_000_000]).await.unwrap();
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        assert!(text(&answer).starts_with("HTTP/1.1 403 Forbidden\r\n"));
    }
}

/// Attack row K8: a refusal is final, and the body is not asked for.
#[tokio::test]
async fn k08_no_continue_is_sent_before_the_body_is_wanted() {
    let server = Server::plain(Limits::default());
    let request = "PUT /refuse HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    let answer = server.send(request).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    let mut stream = server.connect().await;
    stream.write_all(request.replace("/refuse", "/read").as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    within(stream.read_exact(&mut asked)).await.unwrap();
    assert_eq!(text(&asked), "HTTP/1.1 100 Continue\r\n\r\n");
}
