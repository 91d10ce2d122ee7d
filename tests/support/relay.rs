//! A relay of TCP connections that can be told to be a bad network: late, silent, or gone.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What becomes of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Network {
    /// Every connection is reset, and so is every new one.
    Cut,
    /// Each way takes so much longer.
    Delayed(Duration),
    /// Connections stay and are made, and nothing arrives until that ends; then everything does.
    Frozen,
    /// They arrive.
    Well,
}

/// A port on loopback that leads to another one. It ends with this, and its connections with it.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    network: watch::Sender<Network>,
    _accepting: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let network = watch::Sender::new(Network::Well);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, target, network.subscribe()));
        Self { address, network, _accepting: accepting }
    }

    /// From now on the network is so.
    pub(crate) fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, network: watch::Receiver<Network>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(carry(client, target, network.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until it ends or is cut.
async fn carry(mut client: TcpStream, target: SocketAddr, network: watch::Receiver<Network>) {
    let mut server = None;
    let carrying = async {
        let mut thawed = network.clone();
        arrives(&mut thawed).await;
        let server = server.insert(TcpStream::connect(target).await?);
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, network.clone());
        let back = pump(from_server, to_client, network.clone());
        tokio::try_join!(there, back).map(|_| ())
    };
    let mut cut = network.clone();
    let is_whole = tokio::select! {
        biased;
        _ = cut.wait_for(|network| *network == Network::Cut) => false,
        carried = carrying => carried.is_ok(),
    };
    if !is_whole {
        // Without their end being told in good order. Who is gone already does not mind.
        let _ = client.set_zero_linger();
        if let Some(server) = server {
            let _ = server.set_zero_linger();
        }
    }
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut network: watch::Receiver<Network>) -> io::Result<()> {
    let (held, mut arriving) = mpsc::channel::<(Instant, BytesMut)>(HELD_PIECES);
    let reading = async move {
        loop {
            let mut piece = BytesMut::with_capacity(LONGEST_PIECE);
            if from.read_buf(&mut piece).await? == 0 || held.send((Instant::now(), piece)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((since, piece)) = arriving.recv().await {
            let delay = match *network.borrow() {
                Network::Delayed(delay) => delay,
                _ => Duration::ZERO,
            };
            tokio::time::sleep_until(since + delay).await;
            arrives(&mut network).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}

/// Returns once bytes may arrive.
async fn arrives(network: &mut watch::Receiver<Network>) {
    // Without a relay there is nobody to wait for.
    let _ = network.wait_for(|network| *network != Network::Frozen).await;
}

const LONGEST_PIECE: usize = 16 * 1024;
/// As much as a frozen connection holds.
const HELD_PIECES: usize = 1024;
