//! Many connections at once that do nothing.

use portcullis::config::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{SHORT, Server, read_to_close, text, within};

/// Attack row K16, a hundredth of it.
#[tokio::test]
async fn k16_idle_connections_are_held_up_to_the_cap_and_new_ones_closed() {
    idle(400, 100).await;
}

/// Attack row K16 at full size.
#[tokio::test]
#[ignore = "long: needs 100,000 file descriptors"]
async fn k16_ten_thousand_idle_connections_are_held_up_to_the_cap_and_new_ones_closed() {
    idle(10_000, 2_000).await;
}

async fn idle(cap: usize, more: usize) {
    let limits = Limits { max_connections: cap, max_connections_per_peer: cap, ..Limits::default() };
    let mut server = Server::with_tls(limits);
    let mut held = Vec::new();
    for _ in 0..cap {
        held.push(server.connect().await);
    }
    for _ in 0..more {
        // Closed, or not even accepted for the close that is on its way.
        if let Ok(mut refused) = within(TcpStream::connect(server.address)).await {
            assert_eq!(text(&read_to_close(&mut refused).await), "");
        }
    }
    assert_eq!((server.counters.open(), server.counters.refused_in_all()), (cap, more as u64));
    assert_eq!(server.events_so_far(), [""; 0]);
    // One place is enough for whoever comes next.
    drop(held.pop());
    within(async {
        while server.counters.open() == cap {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut stream = server.connect_tls(&["http/1.1"]).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(text(&read_to_close(&mut stream).await).ends_with("hello"));
}

/// Attack row K16.
#[tokio::test]
async fn k16_handshakes_that_never_end_are_closed_and_do_not_hold_up_others() {
    let server = Server::with_tls(Limits { handshake_timeout: SHORT * 5, ..Limits::default() });
    let mut silent = Vec::new();
    for round in 0..300 {
        let mut stream = server.connect().await;
        if round % 2 == 0 {
            stream.write_all(&[22, 3, 1, 1]).await.unwrap();
        }
        silent.push(stream);
    }
    let mut good = server.connect_tls(&["http/1.1"]).await;
    good.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(text(&read_to_close(&mut good).await).ends_with("hello"));
    for stream in &mut silent {
        assert_eq!(text(&read_to_close(stream).await), "");
    }
    assert_eq!(server.counters.handshake_failures(), 300);
}
