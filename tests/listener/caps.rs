//! Connection caps: the connection over the cap is closed at once, those below go on.

use std::process::Command;
use std::time::{Duration, Instant};

use portcullis::config::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{Server, read_some, read_to_close, text, within};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

async fn connect_from(server: &Server, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    within(socket.connect(server.address)).await.unwrap()
}

/// Whether a connection from `address` is let in.
async fn is_admitted(server: &Server, address: &str) -> Option<TcpStream> {
    let mut stream = connect_from(server, address).await;
    // The listener may have closed it already.
    let _ = stream.write_all(REQUEST).await;
    let mut peeked = [0; 1];
    match within(stream.peek(&mut peeked)).await {
        Ok(1) => {
            assert!(read_some(&mut stream).await.ends_with("hello"));
            Some(stream)
        }
        _ => None,
    }
}

/// Attack row K16.
#[tokio::test]
async fn k16_a_connection_over_the_cap_is_closed_at_once_and_the_others_go_on() {
    let server = Server::plain(Limits { max_connections: 2, ..Limits::default() });
    let mut first = is_admitted(&server, "127.0.0.1").await.unwrap();
    let _second = is_admitted(&server, "127.0.0.2").await.unwrap();
    assert!(is_admitted(&server, "127.0.0.3").await.is_none());
    assert_eq!((server.counters.refused_in_all(), server.counters.refused_by_peer()), (1, 0));
    assert_eq!((server.counters.accepted(), server.counters.open()), (2, 2));

    first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(text(&read_to_close(&mut first).await).ends_with("hello"));
    let again = async {
        loop {
            if let Some(stream) = is_admitted(&server, "127.0.0.3").await {
                break stream;
            }
        }
    };
    within(again).await;
}

/// Attack row K16.
#[tokio::test]
async fn k16_one_peer_over_its_cap_is_refused_and_another_peer_is_not() {
    let server = Server::plain(Limits { max_connections_per_peer: 1, ..Limits::default() });
    let _first = is_admitted(&server, "127.0.0.1").await.unwrap();
    assert!(is_admitted(&server, "127.0.0.1").await.is_none());
    assert!(is_admitted(&server, "127.0.0.2").await.is_some());
    assert_eq!((server.counters.refused_in_all(), server.counters.refused_by_peer()), (0, 1));
}

/// Attack row K20, file descriptors. Runs in a process of its own, which may have few of them.
#[test]
fn k20_without_file_descriptors_accepting_waits_and_then_goes_on() {
    if std::env::var_os(FEW_FILES).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(run_out_of_file_descriptors());
    }
    let name = "caps::k20_without_file_descriptors_accepting_waits_and_then_goes_on";
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -n 40 && exec \"$0\" --exact {name} --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(FEW_FILES, "1")
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}\n{}", text(&output.stderr));
}

const FEW_FILES: &str = "PORTCULLIS_TEST_WITH_FEW_FILES";

async fn run_out_of_file_descriptors() {
    let server = Server::plain(Limits::default());
    let mut clients = Vec::new();
    while let Ok(stream) = TcpStream::connect(server.address).await {
        clients.push(stream);
        tokio::task::yield_now().await;
    }
    let failed = async |times: u64| {
        while server.counters.accept_failures() < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // One descriptor is left for a client whose connection the listener then cannot accept.
    drop(clients.pop());
    let waiting = TcpStream::connect(server.address).await.ok();
    within(failed(1)).await;
    // However many there have been by now, and whether or not a connection got through in between: after
    // each failure comes a pause of 10 ms at least.
    let (start, seen) = (Instant::now(), server.counters.accept_failures());
    within(failed(seen + 5)).await;
    assert!(start.elapsed() >= Duration::from_millis(40), "five more tries have four pauses between them");
    drop((clients, waiting));
    assert!(server.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.ends_with("hello"));
}
