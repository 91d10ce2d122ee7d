//! One request, one answer: HTTP/1.1 over TLS by rustls, or over plain TCP on this machine. Every wait has
//! an end, and every error says what to do.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::ApiUrl;
use crate::cli::failure::Failure;
use crate::tls::provider;

/// Opens a connection for each request.
pub(super) struct Client {
    url: ApiUrl,
    tls: Option<TlsConnector>,
}

/// What came back, whole. The body may hold a secret.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Client {
    /// # Errors
    /// If there are no certificates to trust.
    pub(super) fn new(url: &ApiUrl, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let tls = if url.is_tls() { Some(connector(ca_file)?) } else { None };
        Ok(Self { url: url.clone(), tls })
    }

    /// Sends a request whose target is a path. An error is a sentence about the server.
    pub(super) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let host = HeaderValue::from_str(self.url.authority()).map_err(|error| error.to_string())?;
        request.headers_mut().insert(header::HOST, host);
        let late = |what: &str| format!("{what} within {} s; is it overloaded?", LIMIT.as_secs());
        let stream = timeout(LIMIT, self.connect());
        let stream = stream.await.map_err(|_| late("no connection"))??;
        timeout(LIMIT, exchange(stream, request)).await.map_err(|_| late("no answer"))?
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let addresses = self.url.addresses().await.map_err(|error| format!("the name cannot be resolved: {error}"))?;
        let stream = connect_to_any(&addresses).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "connection refused: does the server run, and is that the port of its [api] section?".to_owned()
            }
            _ => format!("no connection: {error}"),
        })?;
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(self.url.host().to_owned()).map_err(|error| error.to_string())?;
        let stream = tls.connect(name, stream).await.map_err(|error| handshake_problem(&error))?;
        Ok(Box::new(stream))
    }
}

/// One after the other. If none answers, the first one's error counts: `localhost` has an address of a kind
/// that not every machine has.
pub(crate) async fn connect_to_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut first = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn exchange(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let broken = |error: hyper::Error| {
        let hint =
            if error.is_parse() { "; does it want https:// instead of http://, or is it another service?" } else { "" };
        format!("the connection broke: {error}{hint}")
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends when the sender is dropped and the answer is read.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(|error| format!("the answer broke off: {error}"))?;
    Ok(Answer { status: head.status, headers: head.headers, body: Zeroizing::new(body.to_bytes().to_vec()) })
}

/// What went wrong in a handshake, and what to do.
pub(crate) fn handshake_problem(error: &io::Error) -> String {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) else {
        return format!("the TLS handshake failed: {error}");
    };
    let rustls::Error::InvalidCertificate(problem) = cause else {
        let hint = if matches!(cause, rustls::Error::InvalidMessage(_)) { "; does it speak plain HTTP?" } else { "" };
        return format!("the TLS handshake failed: {cause}{hint}");
    };
    match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is for another name: {problem}")
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            format!("its certificate is not valid now: {problem}. Is this machine's clock right?")
        }
        _ => format!("its certificate is not trusted ({problem}): name its CA's certificate with --ca-file FILE"),
    }
}

/// TLS that trusts the certificates in `ca_file`, else the system's.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, Failure> {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::work(error.to_string()))?;
    let mut tls = builder.with_root_certificates(roots(ca_file)?).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(tls)))
}

/// The certificates to trust: those of `ca_file`, else the system's.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca_file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A system store may hold old roots that rustls cannot read; the others still serve.
            let _ = roots.add(certificate);
        }
        let none = "this system has no trusted certificates: name the CA's certificate with --ca-file FILE";
        return if roots.is_empty() { Err(Failure::work(none)) } else { Ok(roots) };
    };
    let wrong = |reason: String| Failure::usage(format!("CA file {}: {reason}", file.display()));
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("it holds no certificate".to_owned())) } else { Ok(roots) }
}

/// To a usable connection, and from there to the whole answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of an answer; the largest is a page of a thousand keys.
const LARGEST: usize = 32 << 20;
