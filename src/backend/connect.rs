//! Connections to a backend: TCP with a time limit, TLS by rustls, HTTP/1.1 only. Large bodies do
//! better on pooled HTTP/1.1 connections than under the flow control of HTTP/2.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;

use super::BackendError;
use crate::config::{self, Limits};

/// Opens connections to one backend within a time limit, TLS handshake included.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(backend: &config::Backend, limits: &Limits) -> Result<Self, BackendError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        tcp.set_connect_timeout(Some(limits.backend_connect_timeout));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let unusable = |reason: String| BackendError::Certificates { backend: backend.name.clone(), reason };
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?;
        let tls = builder.with_root_certificates(roots(backend).map_err(unusable)?).with_no_client_auth();
        let inner = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self { inner, limit: limits.backend_connect_timeout })
    }
}

/// The certificates to trust: those of `ca_file`, else the system's. A backend without TLS needs none.
fn roots(backend: &config::Backend) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if backend.endpoint.scheme == http::uri::Scheme::HTTP {
        return Ok(roots);
    }
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

type Connection = MaybeHttpsStream<TokioIo<TcpStream>>;
type ConnectError = Box<dyn std::error::Error + Send + Sync>;

impl tower_service::Service<Uri> for Connector {
    type Response = Connection;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, ConnectError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let limit = self.limit;
        Box::pin(async move {
            tokio::time::timeout(limit, connecting)
                .await
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the connection was not ready in time"))?
        })
    }
}
