//! The backend of the soak: keeps whole objects in memory and counts what reached it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Where legitimate clients have their objects; nobody else may write there, or anywhere.
pub(crate) const LEGITIMATE: &str = "/good/";
/// An object that hostile clients may read, slowly.
pub(crate) const BAIT: &str = "/bait/large";

pub(crate) struct Store {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: HashMap<String, Bytes>,
    legitimate: usize,
    bait: usize,
    /// Uploads that were cut off: nothing of them is kept.
    cut: usize,
    /// Whole requests of others.
    strange: Vec<String>,
}

impl Store {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State::default()));
        lock(&state).objects.insert(BAIT.to_owned(), vec![b'x'; 8 << 20].into());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, state }
    }

    /// Only what legitimate clients sent has arrived whole: each of their requests and the warm-up.
    pub(crate) fn holds_nothing_but_legitimate_objects(&self, at_least: usize) {
        let state = lock(&self.state);
        let strange: Vec<_> = state.strange.iter().take(10).collect();
        assert!(strange.is_empty(), "{} requests should not have arrived, of them {strange:#?}", state.strange.len());
        assert!(state.legitimate >= at_least, "{} of {at_least} legitimate requests arrived", state.legitimate);
        let others: Vec<_> =
            state.objects.keys().filter(|path| !path.starts_with(LEGITIMATE) && *path != BAIT).collect();
        assert!(others.is_empty(), "nobody may write these: {others:?}");
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let State { objects, legitimate, bait, cut, strange } = &*lock(&self.state);
        let (objects, strange) = (objects.len(), strange.len());
        write!(
            formatter,
            "{objects} objects; requests: {legitimate} legitimate, {bait} of the bait, {cut} cut, {strange} others"
        )
    }
}

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let Ok(body) = body.collect().await else {
        lock(&state).cut += 1;
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let mut state = lock(&state);
    if path == BAIT && parts.method == Method::GET {
        state.bait += 1;
    } else if path.starts_with(LEGITIMATE) {
        state.legitimate += 1;
    } else {
        state.strange.push(format!("{} {}", parts.method, parts.uri));
    }
    Ok(match parts.method {
        Method::PUT => {
            state.objects.insert(path, body.to_bytes());
            let mut response = status(StatusCode::OK);
            response.headers_mut().insert("etag", http::HeaderValue::from_static("\"e\""));
            response
        }
        Method::DELETE => {
            state.objects.remove(&path);
            status(StatusCode::NO_CONTENT)
        }
        _ => state
            .objects
            .get(&path)
            .map_or_else(|| status(StatusCode::NOT_FOUND), |object| Response::new(Full::from(object.clone()))),
    })
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
