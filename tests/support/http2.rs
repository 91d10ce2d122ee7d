//! An HTTP/2 client over TLS: the same requests as over HTTP/1.1, with Host as `:authority`.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::request::Request;
use super::wire::{End, Response, tls_stream};

/// One HTTP/2 connection.
pub(crate) struct Http2(SendRequest<Upload>);

/// What a client does after the bytes that it sends of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Then {
    /// Is gone: a reset of the stream, and of the connection.
    Disconnect,
    /// Says that this was all.
    Finish,
    /// Nothing, for ever.
    Stall,
}

/// A body of one piece, and what comes after it.
struct Upload(Option<Bytes>, Then);

impl Body for Upload {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match (self.0.take().filter(|bytes| !bytes.is_empty()), self.1) {
            (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (None, Then::Disconnect) => Poll::Ready(Some(Err(std::io::Error::other("the client goes away")))),
            (None, Then::Finish) => Poll::Ready(None),
            (None, Then::Stall) => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.0.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if self.1 == Then::Finish { SizeHint::with_exact(left) } else { SizeHint::default() }
    }

    fn is_end_stream(&self) -> bool {
        self.1 == Then::Finish && self.0.as_ref().is_none_or(Bytes::is_empty)
    }
}

impl Http2 {
    pub(crate) async fn open(address: SocketAddr, ca: &Path, name: &str) -> Self {
        Self::over(tls_stream(address, ca, name, b"h2").await).await.expect("HTTP/2 begins")
    }

    /// A connection over a stream that is open already; `None` if the peer does not begin.
    pub(crate) async fn over(stream: TlsStream<TcpStream>) -> Option<Self> {
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
        // It ends with the sender.
        tokio::spawn(connection);
        Some(Self(sender))
    }

    /// Sends `request` with its first Host as `:authority`, and a second one, if it has one, as `host`.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Response {
        self.try_exchange(request).await.expect("a response arrives")
    }

    /// The same, where the stream or the connection may end without a response.
    pub(crate) async fn try_exchange(&mut self, request: &Request) -> Option<Response> {
        self.send(request, Upload(Some(Bytes::from(request.body.clone())), Then::Finish), false).await
    }

    /// Sends the head of `request`, its Content-Length included, and the first `bytes` of its body. `None` if
    /// the stream or the connection ends without an answer.
    pub(crate) async fn begin(&mut self, request: &Request, bytes: usize, then: Then) -> Option<Response> {
        let body = Upload(Some(Bytes::copy_from_slice(&request.body[..bytes])), then);
        let answer = tokio::time::timeout(PATIENCE, self.send(request, body, request.content_length));
        answer.await.expect("the stream is answered or reset in time")
    }

    async fn send(&mut self, request: &Request, body: Upload, with_length: bool) -> Option<Response> {
        let host = request.value("host").expect("the request names a host");
        let mut built = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("https://{host}{}", request.target))
            .version(http::Version::HTTP_2);
        let mut hosts = 0;
        for (name, value) in &request.headers {
            hosts += usize::from(name.eq_ignore_ascii_case("host"));
            if !name.eq_ignore_ascii_case("host") || hosts > 1 {
                built = built.header(name.as_str(), value.as_slice());
            }
        }
        if with_length {
            built = built.header("content-length", request.body.len());
        }
        let built = built.body(body).expect("the request can be built");
        let (parts, body) = self.0.send_request(built).await.ok()?.into_parts();
        let text = |value: &http::HeaderValue| value.to_str().expect("headers are text").to_owned();
        Some(Response {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.collect().await.ok()?.to_bytes().to_vec(),
            informational: Vec::new(),
            end: End::Whole,
        })
    }
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
