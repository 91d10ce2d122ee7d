//! An HTTP/2 client over TLS: the same requests as over HTTP/1.1, with Host as `:authority`.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::request::Request;
use super::wire::{End, Response, tls_stream};

/// One HTTP/2 connection.
pub(crate) struct Http2(SendRequest<Full<Bytes>>);

impl Http2 {
    pub(crate) async fn open(address: SocketAddr, ca: &Path, name: &str) -> Self {
        let stream = TokioIo::new(tls_stream(address, ca, name, b"h2").await);
        let (sender, connection) = handshake(TokioExecutor::new(), stream).await.expect("HTTP/2 begins");
        // It ends with the sender.
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends `request` with its first Host as `:authority`, and a second one, if it has one, as `host`.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Response {
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
        let built = built.body(Full::from(request.body.clone())).expect("the request can be built");
        let (parts, body) = self.0.send_request(built).await.expect("a response arrives").into_parts();
        let text = |value: &http::HeaderValue| value.to_str().expect("headers are text").to_owned();
        Response {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.collect().await.expect("the body is whole").to_bytes().to_vec(),
            informational: Vec::new(),
            end: End::Whole,
        }
    }
}
