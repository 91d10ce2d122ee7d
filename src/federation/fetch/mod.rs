//! One GET to an identity provider, with everything bounded: addresses, time, bytes. Whatever is
//! unusual about the answer is an error; nothing is followed, nothing is unpacked.

mod egress;
mod provider_url;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config;
use crate::federation::FederationError;
use crate::tls::provider;

use egress::Egress;
pub(super) use provider_url::ProviderUrl;

/// Asks identity providers for their documents.
pub(super) struct Fetcher {
    tls: TlsConnector,
    egress: Egress,
    resolver: Resolver,
}

/// A document, and how long it may be kept as far as its sender is concerned.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) body: Bytes,
    pub(super) max_age: Option<Duration>,
}

/// Why there is no document. Nothing that the other side sent is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The host's addresses are not for everybody, nor permitted by the operator.
    #[error("{host} has the address {address}, which is not public; federation.private_networks can permit it")]
    Address { host: String, address: IpAddr },
    /// It is packed.
    #[error("the answer is packed (Content-Encoding), which was not asked for")]
    Encoding,
    /// The connection, TLS or HTTP failed.
    #[error("{0}")]
    Exchange(String),
    /// The name leads nowhere.
    #[error("the name {0} cannot be resolved")]
    Name(String),
    /// It is somewhere else.
    #[error("it answers with a redirect ({0}); redirects are not followed")]
    Redirect(StatusCode),
    /// It has no such document, or no time.
    #[error("it answers with status {0}")]
    Status(StatusCode),
    /// It is larger than [`LARGEST`].
    #[error("the answer is larger than 1 MiB, or broken off")]
    TooLarge,
}

/// How names become addresses.
enum Resolver {
    System,
    #[cfg(test)]
    Fixed(Vec<IpAddr>),
}

impl Fetcher {
    /// # Errors
    /// [`FederationError::File`] if there is no certificate to trust.
    pub(super) fn new(settings: &config::Federation) -> Result<Self, FederationError> {
        let roots = roots(settings.ca_file.as_deref()).map_err(FederationError::File)?;
        let mut tls = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| FederationError::File(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let egress = Egress::new(&settings.private_networks);
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), egress, resolver: Resolver::System })
    }

    /// The document at `url`. `loopback` permits this machine, see [`Egress::permits`]. Takes as long as
    /// the other side likes: the caller sets an end.
    pub(super) async fn get(&self, url: &ProviderUrl, loopback: bool) -> Result<Fetched, FetchError> {
        let stream = self.connect(url, loopback).await?;
        if !url.is_https() {
            return exchange(stream, url).await;
        }
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| FetchError::Name(url.host().to_owned()))?;
        let stream =
            self.tls.connect(name, stream).await.map_err(|error| FetchError::Exchange(format!("TLS: {error}")))?;
        exchange(stream, url).await
    }

    /// Connects to an address that was judged, never to the name again: it may lead elsewhere by then.
    async fn connect(&self, url: &ProviderUrl, loopback: bool) -> Result<TcpStream, FetchError> {
        let mut failure = FetchError::Name(url.host().to_owned());
        for address in self.resolve(url).await? {
            if !self.egress.permits(address, loopback) {
                failure = FetchError::Address { host: url.host().to_owned(), address };
                continue;
            }
            let connecting = TcpStream::connect(SocketAddr::new(address, url.port()));
            match tokio::time::timeout(EACH_ADDRESS, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = FetchError::Exchange(format!("connecting: {error}")),
                Err(_) => failure = FetchError::Exchange("connecting takes too long".to_owned()),
            }
        }
        Err(failure)
    }

    async fn resolve(&self, url: &ProviderUrl) -> Result<Vec<IpAddr>, FetchError> {
        if let Ok(address) = url.host().parse() {
            return Ok(vec![address]);
        }
        // RFC 6761, section 6.3: this name means this machine, whatever a resolver says.
        if url.host() == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        match &self.resolver {
            Resolver::System => {
                let found = tokio::net::lookup_host((url.host(), url.port())).await;
                let found = found.map_err(|_| FetchError::Name(url.host().to_owned()))?;
                Ok(found.map(|address| address.ip()).collect())
            }
            #[cfg(test)]
            Resolver::Fixed(addresses) => Ok(addresses.clone()),
        }
    }
}

/// Asks, and takes the answer.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    url: &ProviderUrl,
) -> Result<Fetched, FetchError> {
    let failed = |error: hyper::Error| FetchError::Exchange(format!("HTTP: {error}"));
    let (mut sender, connection) =
        http1::Builder::new().max_headers(100).handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = Request::get(url.path_and_query())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, "portcullis")
        .header(header::ACCEPT, "application/json, */*;q=0.5")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| FetchError::Exchange(format!("HTTP: {error}")))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        check_head(head.status, &head.headers)?;
        let body = Limited::new(body, LARGEST).collect().await.map_err(|_| FetchError::TooLarge)?.to_bytes();
        Ok(Fetched { body, max_age: max_age(&head.headers) })
    };
    // Driven here, so that it ends with the caller's patience.
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
}

fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<(), FetchError> {
    if status.is_redirection() {
        return Err(FetchError::Redirect(status));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Status(status));
    }
    // A little of what is packed can be a lot.
    let packed = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().any(packed) {
        return Err(FetchError::Encoding);
    }
    Ok(())
}

/// How long the answer may be kept: RFC 9111, section 5.2.2.1. Zero if it should not be kept at all.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |directive: &&str, name: &str| directive.eq_ignore_ascii_case(name);
    if directives.iter().any(|directive| is(directive, "no-store") || is(directive, "no-cache")) {
        return Some(Duration::ZERO);
    }
    let (_, seconds) = directives
        .iter()
        .filter_map(|directive| directive.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("max-age"))?;
    seconds.trim().trim_matches('"').parse().ok().map(Duration::from_secs)
}

/// The certificates to trust: those of `ca_file`, else the system's.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca_file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A system store may hold old roots that rustls cannot read; the others still serve.
            let _ = roots.add(certificate);
        }
        // None at all is no reason not to start: issuers on loopback need none.
        return Ok(roots);
    };
    let unreadable = |error: rustls_pki_types::pem::Error| format!("{}: {error}", file.display());
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if roots.is_empty() { Err(format!("{} holds no certificate", file.display())) } else { Ok(roots) }
}

const LARGEST: usize = 1 << 20;
/// An address that swallows everything leaves time for the next one.
const EACH_ADDRESS: Duration = Duration::from_secs(2);
