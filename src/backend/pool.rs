//! Idle connections to a backend, waiting for their next request.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::Authority;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::connect::Connection;
use super::socket::is_quiet;

/// How long a connection may wait. Shorter than what common servers allow, so that they seldom close it
/// under a request.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How many may wait for one host.
const MOST_WAITING: usize = 512;

/// The idle connections of one backend, by host.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Authority, Vec<(Connection, Instant)>>>,
}

/// A connection in use, which goes back to its pool when its answer has been read to the end.
pub(super) struct Lease {
    pub(super) connection: Connection,
    /// Whether it has served a request before.
    pub(super) reused: bool,
    authority: Authority,
    pool: Arc<Pool>,
}

/// The body of a backend's answer. Read to its end, it gives its connection back; dropped before, it
/// closes it.
pub struct AnswerBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl Pool {
    /// A connection to `authority` that waits and is still good.
    pub(super) fn take(self: &Arc<Self>, authority: &Authority) -> Option<Lease> {
        loop {
            let (connection, since) =
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).get_mut(authority)?.pop()?;
            // Later in the list means younger: behind an old one there are only older ones.
            if since.elapsed() > LONGEST_WAIT {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).remove(authority);
                return None;
            }
            if connection.sender.is_ready() && is_quiet(&connection.socket) {
                return Some(Lease { connection, reused: true, authority: authority.clone(), pool: Arc::clone(self) });
            }
        }
    }

    /// A lease on a connection that was just opened.
    pub(super) fn lease(self: &Arc<Self>, connection: Connection, authority: Authority) -> Lease {
        Lease { connection, reused: false, authority, pool: Arc::clone(self) }
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
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.entry(self.authority).or_default();
        let old = waiting.iter().take_while(|(_, since)| since.elapsed() > LONGEST_WAIT).count();
        waiting.drain(..old);
        if waiting.len() < MOST_WAITING {
            waiting.push((self.connection, Instant::now()));
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
