//! A client that sends exact bytes over a plain or a TLS connection and reads HTTP/1.1 responses: lenient
//! about nothing, patient about time.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::request::Request;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection to the proxy.
pub(crate) struct Connection {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    /// Bytes that arrived and belong to no response yet.
    buffer: Vec<u8>,
}

/// How a response ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Its framing says that it is whole.
    Whole,
    /// It has no framing and the connection was closed.
    WithConnection,
    /// The connection ended before the framing said so.
    CutShort,
}

/// A response as it arrived.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The 1xx statuses that came before.
    pub(crate) informational: Vec<u16>,
    pub(crate) end: End,
}

/// The connection ended before a response head was complete.
#[derive(Debug)]
pub(crate) struct NoResponse;

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.expect("the listener accepts")
    }

    /// The same, where nobody may be listening.
    pub(crate) async fn try_open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(Box::new(stream)))
    }

    /// Opens a TLS connection to `name`, trusting only the certificate authority in the PEM file `ca`.
    pub(crate) async fn open_tls(address: SocketAddr, ca: &Path, name: &str) -> Self {
        Self::over(Box::new(tls_stream(address, ca, name, b"http/1.1").await))
    }

    /// A connection over a stream that is open already.
    pub(crate) fn over(stream: Box<dyn Stream>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader, writer, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Sends `bytes` as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.write_all(bytes.as_ref()).await.expect("the connection takes the bytes");
        self.writer.flush().await.expect("the connection takes the bytes");
    }

    /// Sends `bytes` in pieces of `size`, each flushed, whatever the peer thinks of it.
    pub(crate) async fn send_in_pieces(&mut self, bytes: &[u8], size: usize) {
        for piece in bytes.chunks(size) {
            if self.writer.write_all(piece).await.is_err() || self.writer.flush().await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Says that nothing more will be sent, as a peer that goes away in good order.
    pub(crate) async fn finish_sending(&mut self) {
        // A peer that is already gone is finished with us, too.
        let _ = self.writer.shutdown().await;
    }

    /// Sends a request and reads the response, which may come before the request is sent whole.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Response {
        self.try_exchange(&request.bytes(), &request.method).await.expect("a response arrives")
    }

    /// Sends `bytes` and reads a response to `method`.
    pub(crate) async fn try_exchange(&mut self, bytes: &[u8], method: &str) -> Result<Response, NoResponse> {
        let Self { reader, writer, buffer } = self;
        let sending = async {
            // A server that refuses early may close before it has read everything.
            if writer.write_all(bytes).await.is_ok() {
                let _ = writer.flush().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            response = patiently(read_response(reader, buffer, method)) => response,
            () = sending => Err(NoResponse),
        }
    }

    /// Reads the response to a `method` request that is already sent.
    pub(crate) async fn response(&mut self, method: &str) -> Response {
        self.try_response(method).await.expect("a response arrives")
    }

    pub(crate) async fn try_response(&mut self, method: &str) -> Result<Response, NoResponse> {
        patiently(read_response(&mut self.reader, &mut self.buffer, method)).await
    }

    /// Reads response bytes, head included, until `enough` of them are there, and leaves them unread.
    pub(crate) async fn peek(&mut self, enough: usize) -> &[u8] {
        let Self { reader, buffer, .. } = self;
        patiently(async { while buffer.len() < enough && fill(reader, buffer).await {} }).await;
        &self.buffer
    }

    /// Waits for the peer to close the connection without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && patiently(async { !fill(&mut self.reader, &mut self.buffer).await }).await
    }
}

impl Response {
    /// The value of a header that occurs at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).collect();
        assert!(values.len() < 2, "{name} occurs once: {self:?}");
        values.first().map(|(_, value)| value.as_str())
    }

    /// The text of an element of the XML body.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let start = text.find(&format!("<{name}>"))? + name.len() + 2;
        let length = text[start..].find(&format!("</{name}>"))?;
        Some(text[start..start + length].to_owned())
    }

    /// The S3 error code in the body.
    pub(crate) fn code(&self) -> Option<String> {
        self.element("Code")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        let shown: String = text.chars().take(1500).collect();
        write!(formatter, "{} {:?} {:?} {shown}", self.status, self.end, self.headers)
    }
}

/// A TLS stream to `name` that agreed on `protocol`.
pub(super) async fn tls_stream(address: SocketAddr, ca: &Path, name: &str, protocol: &[u8]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the listener accepts");
    let stream = tls_over(stream, ca, name, protocol).await.expect("the TLS handshake succeeds");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    stream
}

/// TLS over a connection.
pub(crate) async fn tls_over(
    stream: TcpStream,
    ca: &Path,
    name: &str,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from(name.to_owned()).expect("a server name");
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn patiently<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.expect("the proxy answers in time")
}

/// Reads more; false at the end of the connection, however it ends.
async fn fill(reader: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> bool {
    matches!(reader.read_buf(buffer).await, Ok(1..))
}

async fn read_response(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    method: &str,
) -> Result<Response, NoResponse> {
    let mut informational = Vec::new();
    let (status, headers) = loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if !fill(reader, buffer).await {
                assert!(buffer.is_empty(), "the connection ended inside a head: {:?}", String::from_utf8_lossy(buffer));
                return Err(NoResponse);
            }
        };
        let head: Vec<u8> = buffer.drain(..end + 4).collect();
        let (status, headers) = parse_head(std::str::from_utf8(&head).expect("the head is UTF-8"));
        if (100..200).contains(&status) {
            informational.push(status);
        } else {
            break (status, headers);
        }
    };
    let mut response = Response { status, headers, body: Vec::new(), informational, end: End::Whole };
    let bodiless = method == "HEAD" || matches!(status, 204 | 304);
    let whole = if bodiless {
        true
    } else if response.header("transfer-encoding") == Some("chunked") {
        read_chunked(reader, buffer, &mut response).await
    } else if let Some(length) = response.header("content-length") {
        let length: usize = length.parse().expect("Content-Length is a number");
        while buffer.len() < length && fill(reader, buffer).await {}
        response.body = buffer.drain(..length.min(buffer.len())).collect();
        response.body.len() == length
    } else {
        while fill(reader, buffer).await {}
        response.body = std::mem::take(buffer);
        response.end = End::WithConnection;
        true
    };
    if !whole {
        response.end = End::CutShort;
    }
    Ok(response)
}

/// Reads a chunked body; false if it was cut short.
async fn read_chunked(reader: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>, response: &mut Response) -> bool {
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
                break end;
            }
            if !fill(reader, buffer).await {
                return false;
            }
        };
        let line: Vec<u8> = buffer.drain(..end + 2).collect();
        let size = std::str::from_utf8(&line[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.expect("a chunk size is a number");
        while buffer.len() < size + 2 {
            if !fill(reader, buffer).await {
                response.body.append(buffer);
                return false;
            }
        }
        response.body.extend(buffer.drain(..size));
        assert_eq!(buffer.drain(..2).collect::<Vec<_>>(), b"\r\n", "a chunk ends with CRLF");
        if size == 0 {
            return true;
        }
    }
}

fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let line = lines.next().expect("split yields one piece");
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|digits| digits.parse().ok());
    let headers = lines
        .map(|line| line.split_once(": ").or_else(|| line.split_once(':')).expect("a header has a colon"))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    (status.unwrap_or_else(|| panic!("not a status line: {line:?}")), headers)
}
