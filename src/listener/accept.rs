//! The listening socket: binds it, accepts within the connection caps, and closes it at shutdown.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use rustls::ServerConfig;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use super::body::RequestBody;
use super::connection::{self, Setup};
use super::drain::Drain;
use super::limits::{ConnectionCaps, Counters};
use super::peer::Peer;
use super::workers::{Place, Workers};
use crate::config::Limits;
use crate::telemetry::Occasional;

/// A bound socket that is not served yet. Dropping it closes it.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    limits: Arc<Limits>,
    counters: Arc<Counters>,
    workers: Option<Workers>,
}

impl Listener {
    /// Binds `address` (port 0 takes a free one). With `tls`, HTTP/1.1 and HTTP/2 by ALPN; without,
    /// plain HTTP/1.1. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// What the operating system says: the address is in use, is not ours, or needs a privilege.
    pub fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, limits: Arc<Limits>) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart must not wait for connections of the last run to leave TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls, limits, counters: Arc::default(), workers: None })
    }

    /// The same, carrying its connections on threads of their own. Without them they run where
    /// [`Listener::serve`] does.
    #[must_use]
    pub fn on(self, workers: Workers) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// The address that was bound, with the port the system chose if it was asked to.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What happened to connections so far; stays valid while and after the listener is served.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Serves until `shutdown` is cancelled, then closes the listening socket at once, lets running
    /// requests finish for at most `limits.shutdown_grace`, cuts the rest, and returns.
    ///
    /// A panic in `service` ends its connection (HTTP/1.1) or its stream (HTTP/2) and nothing else.
    pub async fn serve<S, F, B>(self, service: S, shutdown: CancellationToken)
    where
        S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let caps = ConnectionCaps::new(self.limits.max_connections, self.limits.max_connections_per_peer);
        let drain = Drain::new(shutdown.clone());
        let threads = self.workers.as_ref().map_or(1, Workers::count);
        let setups: Vec<Arc<Setup>> = (0..threads)
            .map(|_| {
                let (tls, drain) = (self.tls.clone(), drain.of_one_thread());
                Arc::new(Setup::new(tls, Arc::clone(&self.limits), drain, Arc::clone(&self.counters)))
            })
            .collect();
        let (mut pause, shedding) = (FIRST_PAUSE, Occasional::default());
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    pause = FIRST_PAUSE;
                    let Some(permit) = caps.admit(address.ip(), &self.counters) else {
                        if shedding.is_due() {
                            let (open, most) = (self.counters.open(), self.limits.max_connections);
                            tracing::warn!(listener = %self.address, open, most, "too many connections, closing new ones");
                        }
                        continue;
                    };
                    let place = self.workers.as_ref().map(Workers::place);
                    let setup = Arc::clone(&setups[place.as_ref().map_or(0, Place::worker)]);
                    let (drain, service) = (setup.drain().clone(), service.clone());
                    let carry = move |stream| async move {
                        connection::serve(stream, address, setup, service).await;
                        drop(permit);
                    };
                    match place {
                        None => drain.spawn(carry(stream)),
                        Some(place) => hand_over(stream, place, &drain, carry),
                    }
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors or memory: trying again at once would only burn CPU.
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept connections, waiting");
                    self.counters.accept_failed();
                    tokio::select! {
                        () = shutdown.cancelled() => break,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        drop(self.socket);
        drain.finish(self.limits.shutdown_grace).await;
        if let Some(workers) = self.workers {
            workers.finish().await;
        }
    }
}

/// Gives a connection to the worker that has a place for it, whose runtime then is the one that hears of its socket.
fn hand_over<F>(stream: TcpStream, place: Place, drain: &Drain, carry: impl FnOnce(TcpStream) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stream = match stream.into_std() {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "a new connection cannot be given to a worker, closing it"),
    };
    let runtime = place.runtime.clone();
    drain.spawn_on(&runtime, async move {
        match TcpStream::from_std(stream) {
            Ok(stream) => carry(stream).await,
            Err(error) => tracing::warn!(%error, "a worker cannot take a new connection, closing it"),
        }
        drop(place);
    });
}

/// The client was gone before it was accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// Sends small answers at once instead of waiting for more to join them, and keeps little of large ones in the
/// kernel.
pub(super) fn tune(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    // Without it the kernel keeps megabytes for a client that takes them slowly, and says so rarely that some was
    // taken that a client which never rests looks as if it did.
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_notsent_lowat(MOST_UNSENT) {
        tracing::debug!(%error, "cannot set TCP_NOTSENT_LOWAT");
    }
}

const BACKLOG: u32 = 4096;
/// Bytes that the kernel holds of one connection beyond those that are on their way.
#[cfg(target_os = "linux")]
const MOST_UNSENT: u32 = 128 << 10;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
