//! The clients: a body of one piece of shared memory goes up, what comes down is counted and dropped.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::program::Program;
use crate::support::request::Request;
use crate::support::wire::tls_over;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// A connection for each transfer.
    Http1,
    /// One connection for all of them.
    Http2,
}

/// The connection that transfers share, if they do.
pub(crate) type Shared = Option<http2::SendRequest<Full<Bytes>>>;

impl Protocol {
    pub(crate) const ALL: [Self; 2] = [Self::Http1, Self::Http2];
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        })
    }
}

/// Opens what transfers over `protocol` share.
pub(crate) async fn shared(program: &Program, protocol: Protocol) -> Shared {
    if protocol == Protocol::Http1 {
        return None;
    }
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(16 << 20)
        .handshake(TokioIo::new(tls(program.address, &program.ca, b"h2").await))
        .await
        .expect("HTTP/2 begins");
    // It ends with the sender.
    tokio::spawn(connection);
    Some(sender)
}

/// The head of `request`, as hyper sends it.
pub(crate) fn head(request: &Request, protocol: Protocol) -> http::Request<()> {
    let host = request.value("host").expect("the request names a host");
    let (version, target) = match protocol {
        Protocol::Http1 => (http::Version::HTTP_11, request.target.clone()),
        Protocol::Http2 => (http::Version::HTTP_2, format!("https://{host}{}", request.target)),
    };
    let mut head = http::Request::builder().method(request.method.as_str()).uri(target).version(version);
    for (name, value) in &request.headers {
        if protocol == Protocol::Http1 || !name.eq_ignore_ascii_case("host") {
            head = head.header(name.as_str(), value.as_slice());
        }
    }
    head.body(()).expect("the request can be built")
}

/// Makes one transfer; the status and how many bytes came back.
pub(crate) async fn exchange(
    address: SocketAddr,
    ca: &Path,
    shared: Shared,
    head: &http::Request<()>,
    body: Bytes,
) -> (u16, u64) {
    let request = head.clone().map(|()| Full::from(body));
    let answer = match shared {
        Some(mut sender) => sender.send_request(request).await,
        None => {
            let stream = TokioIo::new(tls(address, ca, b"http/1.1").await);
            let (mut sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1 begins");
            tokio::spawn(connection);
            sender.send_request(request).await
        }
    };
    let (parts, mut body) = answer.expect("a response arrives").into_parts();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.expect("the body is whole").data_ref().map_or(0, |data| data.len() as u64);
    }
    (parts.status.as_u16(), length)
}

async fn tls(address: SocketAddr, ca: &Path, protocol: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the listener accepts");
    let stream = tls_over(stream, ca, "localhost", protocol).await.expect("the TLS handshake succeeds");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    stream
}
