//! A backend that costs nothing: it counts and drops what is uploaded, and makes up what is downloaded.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What it sends at a time.
const PIECE: usize = 64 << 10;

type Body = BoxBody<Bytes, Infallible>;

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    received: Arc<AtomicU64>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                let service = service_fn(move |request| answer(Arc::clone(&count), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, received }
    }

    /// How many bytes of bodies have arrived so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }
}

async fn answer(received: Arc<AtomicU64>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, mut body) = request.into_parts();
    while let Some(Ok(frame)) = body.frame().await {
        received.fetch_add(frame.data_ref().map_or(0, Bytes::len) as u64, Ordering::SeqCst);
    }
    let asked = parts.uri.path().rsplit('/').next().and_then(|name| name.parse::<usize>().ok());
    let mut answer = match asked {
        Some(size) if parts.method == Method::GET => {
            let mut answer = Response::new(download(size));
            answer.headers_mut().insert("content-length", HeaderValue::from(size));
            answer
        }
        _ => Response::new(Empty::new().boxed()),
    };
    *answer.status_mut() = StatusCode::OK;
    answer.headers_mut().insert("etag", HeaderValue::from_static("\"e\""));
    Ok(answer)
}

fn download(size: usize) -> Body {
    static ZEROS: [u8; PIECE] = [0; PIECE];
    let pieces = (0..size.div_ceil(PIECE)).map(move |piece| {
        let length = PIECE.min(size - piece * PIECE);
        Ok(Frame::data(Bytes::from_static(&ZEROS[..length])))
    });
    BodyExt::boxed(StreamBody::new(stream::iter(pieces)))
}
