//! A backend that remembers what was stored and nothing else, so that it lasts for hours of load. It stores names
//! and digests; every object it is asked for is its own name.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::request::sha256_hex;

/// A running backend, which ends with this.
pub(crate) struct QuietBackend {
    pub(crate) address: SocketAddr,
    stored: Arc<Mutex<HashMap<String, String>>>,
    _accepting: JoinSet<()>,
}

impl QuietBackend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stored = Arc::<Mutex<HashMap<String, String>>>::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&stored)));
        Self { address, stored, _accepting: accepting }
    }

    /// The digest of what was stored as `path`, if anything was.
    pub(crate) fn stored(&self, path: &str) -> Option<String> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }
}

async fn accept(listener: TcpListener, stored: Arc<Mutex<HashMap<String, String>>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let stored = Arc::clone(&stored);
                let answer = service_fn(move |request| answer(request, Arc::clone(&stored)));
                connections.spawn(async move {
                    // A node that is killed takes its connections along.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                });
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    stored: Arc<Mutex<HashMap<String, String>>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = match *request.method() {
        Method::PUT => {
            let body = request.into_body().collect().await?.to_bytes();
            stored.lock().unwrap_or_else(PoisonError::into_inner).insert(path, sha256_hex(&body));
            Full::new(Bytes::new()).boxed()
        }
        _ if path.ends_with(ENDLESS) => endless(),
        _ => Full::new(Bytes::from(path)).boxed(),
    };
    Ok(Response::builder().header("etag", "\"25f9e794323b453885f5181f1b624d0b\"").body(body).expect("it is valid"))
}

/// A piece every few milliseconds, for as long as somebody takes them.
fn endless() -> BoxBody<Bytes, Infallible> {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let pieces = stream::unfold(ticks, |mut ticks| async {
        ticks.tick().await;
        Some((Ok(Frame::data(Bytes::from_static(&[b'e'; 512]))), ticks))
    });
    BoxBody::new(StreamBody::new(pieces))
}

/// What objects are called that never end.
pub(crate) const ENDLESS: &str = "endless";
