//! Connections to a backend: TCP and TLS by rustls within one time limit, HTTP/1.1 only. Large bodies
//! do better on pooled HTTP/1.1 connections than under the flow control of HTTP/2.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_pki_types::pem::PemObject;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::socket::SharedSocket;
use super::{BackendError, UpstreamBody};
use crate::config::{self, Limits};
use crate::tls::provider;

/// Opens connections to one backend.
pub(super) struct Connector {
    tls: Option<TlsConnector>,
    limit: Duration,
    stall_timeout: Duration,
}

/// A connection that can take a request, and the socket under it.
pub(super) struct Connection {
    pub(super) sender: SendRequest<UpstreamBody>,
    pub(super) socket: Arc<TcpStream>,
}

impl Connector {
    pub(super) fn new(backend: &config::Backend, limits: &Limits) -> Result<Self, BackendError> {
        let (limit, stall_timeout) = (limits.backend_connect_timeout, limits.backend_idle_timeout);
        if backend.endpoint.scheme == Scheme::HTTP {
            return Ok(Self { tls: None, limit, stall_timeout });
        }
        let unusable = |reason: String| BackendError::Certificates { backend: backend.name.clone(), reason };
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?;
        let mut tls = builder.with_root_certificates(roots(backend).map_err(unusable)?).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(tls))), limit, stall_timeout })
    }

    /// Opens a connection to `authority`, ready for a request.
    pub(super) async fn open(&self, authority: &Authority) -> Result<Connection, BackendError> {
        let opening = tokio::time::timeout(self.limit, self.open_unlimited(authority));
        let timed_out = || io::Error::new(io::ErrorKind::TimedOut, format!("not ready within {:?}", self.limit));
        opening.await.unwrap_or_else(|_| Err(timed_out().into())).map_err(|error| {
            let cause = error.to_string();
            BackendError::Connect(format!("{authority}: {cause}"))
        })
    }

    async fn open_unlimited(&self, authority: &Authority) -> Result<Connection, ConnectError> {
        let stream = TcpStream::connect(self.addresses(authority).await?.as_slice()).await?;
        stream.set_nodelay(true)?;
        // An upload that is cut off ends in a reset, which nobody takes for the end of its body.
        stream.set_zero_linger()?;
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        let socket = Arc::new(stream);
        let shared = SharedSocket::new(Arc::clone(&socket), self.stall_timeout);
        let mut builder = http1::Builder::new();
        // A piece of an answer keeps the buffer that it was read into, however little of it is filled.
        builder.max_headers(200).max_buf_size(BUFFER);
        let sender = match &self.tls {
            None => {
                let (sender, connection) = builder.handshake(TokioIo::new(shared)).await?;
                tokio::spawn(drive(connection));
                sender
            }
            Some(tls) => {
                let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
                let stream = tls.connect(ServerName::try_from(name)?, shared).await?;
                let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
                tokio::spawn(drive(connection));
                sender
            }
        };
        Ok(Connection { sender, socket })
    }

    async fn addresses(&self, authority: &Authority) -> io::Result<Vec<SocketAddr>> {
        let host = authority.host();
        let port = authority.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        // RFC 6761, section 6.3: these names mean this machine, whatever a resolver says.
        if host == "localhost" || host.ends_with(".localhost") {
            return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        tokio::net::lookup_host((bare, port)).await.map(Iterator::collect)
    }
}

type ConnectError = Box<dyn std::error::Error + Send + Sync>;

/// Runs a connection to its end. Whoever waits for an answer on it is told of its errors.
async fn drive<T>(connection: http1::Connection<T, UpstreamBody>)
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to a backend ended");
    }
}

/// The certificates to trust: those of `ca_file`, else the system's.
fn roots(backend: &config::Backend) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = &backend.ca_file else {
        let found = rustls_native_certs::load_native_certs();
        for certificate in found.certs {
            // A system store may hold old roots that rustls cannot read; the others still serve.
            let _ = roots.add(certificate);
        }
        return if roots.is_empty() { Err("the system has no trusted certificates".to_owned()) } else { Ok(roots) };
    };
    let unreadable = |error: rustls_pki_types::pem::Error| format!("{}: {error}", file.display());
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if roots.is_empty() { Err(format!("{} holds no certificate", file.display())) } else { Ok(roots) }
}

const KEEPALIVE: Duration = Duration::from_mins(1);
// hyper would take 400 KiB.
const BUFFER: usize = 64 << 10;
