//! One connection from its acceptance to its close: TLS, then HTTP/1.1 or HTTP/2, then shutdown.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept;
use super::body::{BodyLimits, RequestBody};
use super::drain::Drain;
use super::http as server;
use super::http1;
use super::limits::Counters;
use super::peer::{Peer, TlsInfo};
use super::response::ResponseBody;
use super::socket::{Socket, Traffic};
use super::stream::{self, StreamExecutor};
use crate::config::Limits;

/// What all connections of a listener on one thread share.
pub(super) struct Setup {
    tls: Option<TlsAcceptor>,
    pub(super) http1: conn::http1::Builder,
    http2: conn::http2::Builder<StreamExecutor>,
    pub(super) limits: Arc<Limits>,
    pub(super) drain: Drain,
    pub(super) counters: Arc<Counters>,
}

impl Setup {
    pub(super) fn new(
        tls: Option<Arc<ServerConfig>>,
        limits: Arc<Limits>,
        drain: Drain,
        counters: Arc<Counters>,
    ) -> Self {
        let http1 = server::http1(&limits);
        let http2 = server::http2(&limits, drain.clone(), Arc::clone(&counters));
        Self { tls: tls.map(TlsAcceptor::from), http1, http2, limits, drain, counters }
    }

    pub(super) fn drain(&self) -> &Drain {
        &self.drain
    }
}

/// What is left to do for a connection. In a box of its own: what an earlier step needed is gone by then.
pub(super) type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves one connection to its end.
pub(super) async fn serve<S, F, B>(stream: TcpStream, address: SocketAddr, setup: Arc<Setup>, service: S)
where
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    accept::tune(&stream);
    if let Some(rest) = Box::pin(begin(stream, address, setup, service)).await {
        rest.await;
    }
}

/// Shakes hands, if TLS is asked for.
async fn begin<S, F, B>(stream: TcpStream, address: SocketAddr, setup: Arc<Setup>, service: S) -> Option<Rest>
where
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let traffic = Arc::new(Traffic::new(&setup.limits));
    let socket = Socket::new(stream, &setup.limits, Arc::clone(&traffic), Arc::clone(&setup.counters));
    let Some(acceptor) = &setup.tls else {
        let service = Watched::new(service, Peer { address, tls: None }, &setup, traffic);
        return Some(http1::serve(socket, service, setup));
    };
    let accepting = acceptor.accept_with(socket, |session| session.set_buffer_limit(Some(ENCRYPTED_AT_A_TIME)));
    let handshake = tokio::time::timeout(setup.limits.handshake_timeout, accepting);
    let stream = tokio::select! {
        result = handshake => match result {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                setup.counters.handshake_failed();
                tracing::debug!(%address, %error, "the TLS handshake failed");
                return None;
            }
            Err(_) => {
                setup.counters.handshake_failed();
                tracing::debug!(%address, "the TLS handshake took too long");
                return None;
            }
        },
        () = setup.drain.asked_to_finish() => return None,
    };
    let tls = TlsInfo::of(stream.get_ref().1);
    let is_http2 = tls.is_http2();
    let service = Watched::new(service, Peer { address, tls: Some(tls) }, &setup, traffic);
    Some(if is_http2 { http2(stream, service, setup) } else { http1::serve(stream, service, setup) })
}

fn http2<S, F, B>(stream: TlsStream<Socket>, service: Watched<S>, setup: Arc<Setup>) -> Rest
where
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let activity = Arc::clone(&service.activity);
    let mut connection = Box::pin(setup.http2.serve_connection(TokioIo::new(stream), service));
    Box::pin(async move {
        let result = tokio::select! {
            result = &mut connection => result,
            () = setup.drain.asked_to_finish() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = activity.traffic.exceeded() => {
                setup.counters.flooded();
                tracing::debug!("an HTTP/2 connection sent too much that belongs to no request, closing it");
                activity.traffic.stop_reading();
                connection.as_mut().graceful_shutdown();
                // Long enough for the farewell to leave; what still runs is cut with the connection.
                match tokio::time::timeout(FAREWELL, connection).await {
                    Ok(result) => result,
                    Err(_) => Ok(()),
                }
            }
            () = activity.idle(setup.limits.header_timeout, setup.limits.keep_alive_idle) => {
                connection.as_mut().graceful_shutdown();
                // A client that does not answer the farewell is not waited for.
                match tokio::time::timeout(setup.limits.header_timeout, connection).await {
                    Ok(result) => result,
                    Err(_) => Ok(()),
                }
            }
        };
        if let Err(error) = result {
            setup.counters.http2_failed();
            tracing::debug!(%error, "an HTTP/2 connection ended early");
        }
    })
}

/// What runs on one connection.
#[derive(Debug)]
pub(super) struct Activity {
    traffic: Arc<Traffic>,
    running: AtomicUsize,
    has_begun: AtomicBool,
    /// Since it was last looked at.
    was_lately_used: AtomicBool,
    bodies: AtomicUsize,
    /// Of HTTP/1.1, where there is one body at a time: the number of that of which not all was read; 0: none.
    unread_body: AtomicUsize,
    changed: Notify,
}

impl Activity {
    fn new(traffic: Arc<Traffic>) -> Self {
        Self {
            traffic,
            running: AtomicUsize::new(0),
            has_begun: AtomicBool::new(false),
            was_lately_used: AtomicBool::new(false),
            bodies: AtomicUsize::new(0),
            unread_body: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// Something of a request or of its answer moved.
    pub(super) fn progressed(&self) {
        self.traffic.progressed();
    }

    /// A request came, with a body that `is_unread` or is empty. On HTTP/1.1 that means that the last one's was read, or
    /// drained by hyper. Returns the body's number.
    pub(super) fn body_began(&self, is_unread: bool) -> usize {
        let number = self.bodies.fetch_add(1, Ordering::Relaxed) + 1;
        self.unread_body.store(if is_unread { number } else { 0 }, Ordering::Release);
        number
    }

    /// All of body `number` was read.
    pub(super) fn body_ended(&self, number: usize) {
        // Whoever reads one may notice later than hyper, which serves the next request by then.
        let _ = self.unread_body.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Whether not all of the last body was read, by whoever has it: what follows is no request.
    pub(super) fn has_an_unread_body(&self) -> bool {
        self.unread_body.load(Ordering::Acquire) != 0
    }

    /// `bytes` of a request came before anything is served on the connection, as it is resumed.
    pub(super) fn came_early(&self, bytes: usize) {
        self.traffic.received(bytes);
    }

    /// Whether a request began or ended since this was asked last.
    pub(super) fn was_lately_used(&self) -> bool {
        self.was_lately_used.swap(false, Ordering::Relaxed)
    }

    /// Whether there was a request, and nothing of it or of another is on its way.
    pub(super) fn rests(&self) -> bool {
        self.has_begun.load(Ordering::Acquire)
            && self.running.load(Ordering::Acquire) == 0
            && !self.has_an_unread_body()
            && self.traffic.is_still()
    }

    /// Returns once nothing ran for `first` since the start, or for `later` since the last request.
    async fn idle(&self, first: Duration, later: Duration) {
        loop {
            let changed = self.changed.notified();
            if self.running.load(Ordering::Acquire) > 0 {
                changed.await;
                continue;
            }
            let limit = if self.has_begun.load(Ordering::Acquire) { later } else { first };
            if tokio::time::timeout(limit, changed).await.is_err() {
                return;
            }
        }
    }
}

/// Held while a request is answered: from its head to the end of the response body.
pub(super) struct Running(Arc<Activity>);

impl Running {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.has_begun.store(true, Ordering::Release);
        activity.was_lately_used.store(true, Ordering::Relaxed);
        activity.running.fetch_add(1, Ordering::AcqRel);
        activity.progressed();
        activity.changed.notify_one();
        Self(Arc::clone(activity))
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.was_lately_used.store(true, Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_one();
    }
}

/// The service of one connection, as hyper calls it.
pub(super) struct Watched<S> {
    service: Box<S>,
    peer: Arc<Peer>,
    body_limits: BodyLimits,
    pub(super) activity: Arc<Activity>,
    counters: Arc<Counters>,
}

impl<S> Watched<S> {
    fn new(service: S, peer: Peer, setup: &Setup, traffic: Arc<Traffic>) -> Self {
        Self {
            service: Box::new(service),
            peer: Arc::new(peer),
            body_limits: BodyLimits::new(&setup.limits),
            activity: Arc::new(Activity::new(traffic)),
            counters: Arc::clone(&setup.counters),
        }
    }
}

impl<S, F, B> Service<Request<Incoming>> for Watched<S>
where
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<ResponseBody<B>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let running = Running::new(&self.activity);
        let request = request.map(|body| {
            RequestBody::new(body, self.body_limits, Arc::clone(&self.activity), Arc::clone(&self.counters))
        });
        let answer = (self.service)(request, Arc::clone(&self.peer));
        Box::pin(async move {
            // Inside the stream's own task, where its progress is known.
            let progress = stream::progress();
            Ok(answer.await.map(|body| ResponseBody::new(body, progress, running)))
        })
    }
}

const FAREWELL: Duration = Duration::from_secs(1);
/// As much as comes from a backend at a time: so a piece of an answer is sent with one system call.
const ENCRYPTED_AT_A_TIME: usize = 128 << 10;
