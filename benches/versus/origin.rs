//! The origin: answers from memory, reads every body to its end before it answers, and counts.
//!
//! An origin that answers an upload before it has read it makes proxies look slow that wait for both.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// A running origin. It is a thread of this program, so that its counts are at hand at any moment.
pub(crate) struct Origin {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

/// What came to the origin so far.
#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// What came to the origin up to some moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Bytes of bodies that were read.
    pub(crate) bytes_in: u64,
    /// Bytes of bodies that were sent.
    pub(crate) bytes_out: u64,
}

impl Tally {
    /// What came since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            bytes_in: self.bytes_in - earlier.bytes_in,
            bytes_out: self.bytes_out - earlier.bytes_out,
        }
    }
}

impl Origin {
    /// Starts an origin on a free port of loopback.
    pub(crate) fn start() -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("origin".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match tokio::net::TcpListener::from_std(socket) {
                    Ok(socket) => serve(&socket, &shared).await,
                    Err(error) => eprintln!("the origin cannot listen: {error}"),
                }
            });
        })?;
        Ok(Self { address, counts })
    }

    /// What came so far.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            requests: self.counts.requests.load(Ordering::Relaxed),
            bytes_in: self.counts.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.counts.bytes_out.load(Ordering::Relaxed),
        }
    }
}

async fn serve(socket: &tokio::net::TcpListener, counts: &Arc<Counts>) {
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        // Without it, answers wait for acknowledgements. Should it fail, the counts do not add up in time.
        let _ = stream.set_nodelay(true);
        let counts = Arc::clone(counts);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &counts));
            // How a connection ends is the proxy's affair; what it brought is counted.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, counts: &Arc<Counts>) -> Result<Response<Object>, Infallible> {
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(request.body_mut()).poll_frame(context)).await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => counts.bytes_in.fetch_add(data.len() as u64, Ordering::Relaxed),
            Ok(Err(_)) => continue,
            // Broken off: nobody waits for an answer, and none of it counts as a request.
            Err(_) => return Ok(with_status(StatusCode::BAD_REQUEST)),
        };
    }
    let mut response = match *request.method() {
        Method::PUT => with_status(StatusCode::OK),
        // `/<bucket>/<size>/<anything>`
        Method::GET => match request.uri().path().split('/').nth(2).and_then(|size| size.parse().ok()) {
            Some(size) => Response::new(Object { left: size, counts: Some(Arc::clone(counts)) }),
            None => with_status(StatusCode::NOT_FOUND),
        },
        _ => with_status(StatusCode::METHOD_NOT_ALLOWED),
    };
    let headers = response.headers_mut();
    headers.insert("etag", HeaderValue::from_static("\"9a0364b9e99bb480dd25e1f0284c8555\""));
    headers.insert("last-modified", HeaderValue::from_static("Fri, 20 Nov 2026 10:00:00 GMT"));
    headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
    headers.insert("accept-ranges", HeaderValue::from_static("bytes"));
    counts.requests.fetch_add(1, Ordering::Relaxed);
    Ok(response)
}

fn with_status(status: StatusCode) -> Response<Object> {
    let mut response = Response::new(Object { left: 0, counts: None });
    *response.status_mut() = status;
    response
}

/// So many zeros.
struct Object {
    left: u64,
    counts: Option<Arc<Counts>>,
}

/// What goes out at a time.
static ZEROS: [u8; 128 << 10] = [0; 128 << 10];

impl http_body::Body for Object {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
        self.left -= length as u64;
        if let Some(counts) = &self.counts {
            counts.bytes_out.fetch_add(length as u64, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS[..length])))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
