//! Shutdown: nothing new, what runs may finish, what does not finish is cut.

use portcullis::config::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{SHORT, Server, read_some, read_to_close, text, within};

const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_running_request_finishes_an_idle_connection_is_closed_and_a_new_one_is_refused() {
    let mut server = Server::plain(Limits::default());
    let mut running = server.connect().await;
    running.write_all(WAIT).await.unwrap();
    assert_eq!(server.event().await, "/wait");
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut idle).await.ends_with("hello"));
    let mut silent = server.connect().await;

    server.shutdown.cancel();
    assert_eq!(text(&read_to_close(&mut idle).await), "");
    assert_eq!(text(&read_to_close(&mut silent).await), "");
    assert!(within(TcpStream::connect(server.address)).await.is_err(), "the listening socket is closed");
    assert!(!server.task.is_finished(), "a request still runs");

    server.gate.add_permits(1);
    let answer = text(&read_to_close(&mut running).await);
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("waited"), "{answer}");
    within(server.task).await.unwrap();
    assert_eq!(server.counters.open(), 0);
}

#[tokio::test]
async fn a_request_that_outlives_the_grace_period_is_cut() {
    let mut server = Server::plain(Limits { shutdown_grace: SHORT, ..Limits::default() });
    let mut running = server.connect().await;
    running.write_all(WAIT).await.unwrap();
    assert_eq!(server.event().await, "/wait");
    server.shutdown.cancel();
    assert_eq!(text(&read_to_close(&mut running).await), "");
    assert_eq!(server.event().await, "wait ended");
    within(server.task).await.unwrap();
}

#[tokio::test]
async fn a_download_that_outlives_the_grace_period_is_cut_and_serve_returns() {
    let mut server = Server::plain(Limits { shutdown_grace: SHORT, ..Limits::default() });
    let mut running = server.connect().await;
    running.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(server.event().await, "/endless");
    server.shutdown.cancel();
    read_to_close(&mut running).await;
    assert_eq!(server.event().await, "endless ended");
    within(server.task).await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_has_not_finished_does_not_hold_up_a_shutdown() {
    let server = Server::with_tls(Limits::default());
    let mut stream = server.connect().await;
    // The listener has seen it before it is told to stop.
    within(async {
        while server.counters.accepted() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.shutdown.cancel();
    assert_eq!(text(&read_to_close(&mut stream).await), "");
    within(server.task).await.unwrap();
}
