//! The relays themselves: each kind of bad network is as bad as it says.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::relay::{Network, Relay};

const MOMENT: Duration = Duration::from_millis(200);

/// Sends back what comes.
async fn echo() -> Relay {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Relay::start(address).await
}

async fn round_trip(stream: &mut TcpStream) -> std::io::Result<Duration> {
    let since = Instant::now();
    stream.write_all(b"there and back").await?;
    let mut back = [0; 14];
    stream.read_exact(&mut back).await?;
    assert_eq!(&back, b"there and back");
    Ok(since.elapsed())
}

#[tokio::test]
async fn a_relay_carries_delays_and_holds() {
    let relay = echo().await;
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    round_trip(&mut stream).await.unwrap();
    relay.becomes(Network::Delayed(MOMENT));
    assert!(round_trip(&mut stream).await.unwrap() >= 2 * MOMENT);
    relay.becomes(Network::Frozen);
    let mut made_while_frozen = TcpStream::connect(relay.address).await.unwrap();
    for stream in [&mut stream, &mut made_while_frozen] {
        stream.write_all(b"held").await.unwrap();
        let mut back = [0; 4];
        let early = tokio::time::timeout(MOMENT, stream.read_exact(&mut back)).await;
        assert!(early.is_err(), "nothing arrives");
    }
    relay.becomes(Network::Well);
    for stream in [&mut stream, &mut made_while_frozen] {
        let mut back = [0; 4];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"held", "nothing is lost");
        round_trip(stream).await.unwrap();
    }
}

#[tokio::test]
async fn a_relay_cuts_what_there_is_and_what_comes_until_it_is_well_again() {
    let relay = echo().await;
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    round_trip(&mut stream).await.unwrap();
    relay.becomes(Network::Cut);
    assert!(stream.read_u8().await.is_err(), "it was reset");
    if let Ok(mut later) = TcpStream::connect(relay.address).await {
        assert!(round_trip(&mut later).await.is_err());
    }
    relay.becomes(Network::Well);
    round_trip(&mut TcpStream::connect(relay.address).await.unwrap()).await.unwrap();
}
