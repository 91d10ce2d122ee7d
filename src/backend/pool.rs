//! Idle connections to a backend, waiting for their next request.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::uri::Authority;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::runtime::{self, Handle};

use super::connect::Connection;
use super::socket::is_quiet;

/// How long a connection may wait. Shorter than what common servers allow, so that they seldom close it
/// under a request.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long a connection waits without being asked whether it still is as it was left. No backend closes one for
/// having rested so shortly, and what came behind an answer came with it: hyper has seen that.
const SHORT_WAIT: Duration = Duration::from_millis(5);
/// How many may wait for one host, and for all of them, on one runtime.
const MOST_WAITING: usize = 512;
const MOST_IN_ALL: usize = 1024;
/// How often the hosts that nobody asks for any more are looked through.
const SWEEP: Duration = Duration::from_secs(1);

/// The idle connections of one backend.
///
/// A connection is driven by the runtime that opened it, so each runtime has its own: a request that took one of
/// another runtime would wake another thread twice, on its way out and back.
#[derive(Default)]
pub(super) struct Pool {
    of_runtime: ArcSwap<HashMap<runtime::Id, Arc<Shelf>>>,
}

/// The idle connections that one runtime drives.
#[derive(Default)]
pub(super) struct Shelf {
    idle: Mutex<Idle>,
}

/// By host: where the bucket stands in the host name, clients choose how many hosts there are.
#[derive(Default)]
struct Idle {
    by_host: HashMap<Authority, Vec<(Connection, Instant)>>,
    waiting: usize,
    swept: Option<Instant>,
}

impl Idle {
    fn remove(&mut self, authority: &Authority) {
        self.waiting -= self.by_host.remove(authority).map_or(0, |gone| gone.len());
    }

    /// Closes what has waited too long and, where there is too much, another host's connections.
    fn make_room(&mut self, authority: &Authority, now: Instant) {
        if self.swept.is_none_or(|at| now.duration_since(at) >= SWEEP) {
            self.swept = Some(now);
            self.by_host.retain(|_, waiting| {
                waiting.retain(|(_, since)| now.duration_since(*since) <= LONGEST_WAIT);
                !waiting.is_empty()
            });
            self.waiting = self.by_host.values().map(Vec::len).sum();
        }
        if self.waiting >= MOST_IN_ALL
            && let Some(other) = self.by_host.keys().find(|host| *host != authority).cloned()
        {
            self.remove(&other);
        }
    }
}

/// A connection in use, which goes back to its shelf when its answer has been read to the end.
pub(super) struct Lease {
    pub(super) connection: Connection,
    /// Whether it has served a request before.
    pub(super) reused: bool,
    authority: Authority,
    shelf: Arc<Shelf>,
}

/// The body of a backend's answer. Read to its end, it gives its connection back; dropped before, it
/// closes it.
pub struct AnswerBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl Pool {
    /// The connections of the runtime that this is called on.
    pub(super) fn shelf(&self) -> Arc<Shelf> {
        let runtime = Handle::current().id();
        if let Some(shelf) = self.of_runtime.load().get(&runtime) {
            return Arc::clone(shelf);
        }
        self.of_runtime.rcu(|shelves| {
            let mut shelves = HashMap::clone(shelves);
            shelves.entry(runtime).or_default();
            shelves
        });
        self.of_runtime.load().get(&runtime).cloned().unwrap_or_default()
    }
}

impl Shelf {
    /// A connection to `authority` that waits and is still good.
    pub(super) fn take(self: &Arc<Self>, authority: &Authority) -> Option<Lease> {
        loop {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let (connection, since) = idle.by_host.get_mut(authority)?.pop()?;
            idle.waiting -= 1;
            // Later in the list means younger: behind an old one there are only older ones.
            let waited = since.elapsed();
            if waited > LONGEST_WAIT {
                idle.remove(authority);
                return None;
            }
            drop(idle);
            let is_as_left = waited < SHORT_WAIT || is_quiet(&connection.socket);
            if connection.sender.is_ready() && is_as_left {
                return Some(Lease { connection, reused: true, authority: authority.clone(), shelf: Arc::clone(self) });
            }
        }
    }

    /// A lease on a connection that was just opened.
    pub(super) fn lease(self: &Arc<Self>, connection: Connection, authority: Authority) -> Lease {
        Lease { connection, reused: false, authority, shelf: Arc::clone(self) }
    }
}

impl Lease {
    /// Puts the connection back once hyper can take another request on it; one that never can is closed.
    fn give_back(mut self) {
        if self.connection.sender.is_ready() {
            return self.wait();
        }
        tokio::spawn(async move {
            if self.connection.sender.ready().await.is_ok() {
                self.wait();
            }
        });
    }

    fn wait(self) {
        let now = Instant::now();
        let mut idle = self.shelf.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.make_room(&self.authority, now);
        let waiting = idle.by_host.entry(self.authority).or_default();
        if waiting.len() < MOST_WAITING {
            waiting.push((self.connection, now));
            idle.waiting += 1;
        }
    }
}

impl AnswerBody {
    pub(super) fn new(incoming: Incoming, lease: Lease) -> Self {
        let mut body = Self { incoming, lease: Some(lease) };
        body.return_at_end();
        body
    }

    fn return_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        match &polled {
            Poll::Ready(None) => {
                if let Some(lease) = self.lease.take() {
                    lease.give_back();
                }
            }
            Poll::Ready(Some(Ok(_))) => self.return_at_end(),
            Poll::Ready(Some(Err(_))) => self.lease = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AnswerBody")
    }
}

#[cfg(test)]
mod tests {
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A connection that is ready, and the far end that keeps it open.
    async fn connection(socket: &Arc<TcpStream>) -> (Connection, tokio::io::DuplexStream) {
        let (near, far) = tokio::io::duplex(64);
        let (mut sender, driver) = http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(driver);
        sender.ready().await.unwrap();
        (Connection { sender, socket: Arc::clone(socket) }, far)
    }

    fn host(name: impl std::fmt::Display) -> Authority {
        Authority::try_from(format!("{name}.storage")).unwrap()
    }

    #[tokio::test]
    async fn connections_to_any_number_of_hosts_are_bounded_in_number_and_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let pool = Pool::default();
        let shelf = pool.shelf();
        let mut far_ends = Vec::new();
        let (old, far) = connection(&socket).await;
        far_ends.push(far);
        let long_ago = Instant::now().checked_sub(LONGEST_WAIT * 2).unwrap();
        shelf.idle.lock().unwrap().by_host.insert(host("old"), vec![(old, long_ago)]);
        shelf.idle.lock().unwrap().waiting += 1;
        for number in 0..MOST_IN_ALL + 100 {
            let (connection, far) = connection(&socket).await;
            far_ends.push(far);
            shelf.lease(connection, host(number)).give_back();
        }
        let idle = shelf.idle.lock().unwrap();
        assert_eq!(idle.by_host.values().map(Vec::len).sum::<usize>(), MOST_IN_ALL);
        assert_eq!(idle.waiting, MOST_IN_ALL, "the count is right");
        assert!(!idle.by_host.contains_key(&host("old")), "nobody asked for it, and it goes all the same");
        assert!(idle.by_host.contains_key(&host(MOST_IN_ALL + 99)), "the latest stays");
    }
    #[tokio::test]
    async fn a_runtime_takes_only_the_connections_that_it_drives() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let pool = Arc::new(Pool::default());
        let (connection, _far) = connection(&socket).await;
        pool.shelf().lease(connection, host("main")).give_back();
        let elsewhere = Arc::clone(&pool);
        let found = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async move { elsewhere.shelf().take(&host("main")).is_some() })
        });
        assert!(!found.join().unwrap());
        assert!(pool.shelf().take(&host("main")).is_some());
    }
}
