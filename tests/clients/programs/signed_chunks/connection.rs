//! One request over one connection, in the clear or over TLS, by HTTP/1.1 or HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;

use crate::chunks::SignedFile;

pub(crate) enum Body {
    Chunks(Box<SignedFile>),
    Whole(String),
}

/// A success, its body not yet read.
pub(crate) struct Answer {
    headers: http::HeaderMap,
    body: AnswerBody,
}

enum AnswerBody {
    Read(Bytes),
    Streaming(Incoming),
}

/// Sends `request`.
///
/// # Panics
/// If it is not answered with success: the program then ends with what the server said.
pub(crate) async fn send(
    host: &str,
    authority: Option<&str>,
    http2: bool,
    request: http::request::Builder,
    body: Body,
) -> Answer {
    let body = match body {
        Body::Chunks(file) => UnsyncBoxBody::new(file),
        Body::Whole(text) => UnsyncBoxBody::new(Full::from(text).map_err(|never| match never {})),
    };
    let mut request = request.body(body).expect("the request can be built");
    let stream = TcpStream::connect(host).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP option");
    let is_bodiless = request.method() == http::Method::HEAD;
    let response = match (authority, http2) {
        (None, true) => panic!("HTTP/2 is spoken over TLS here"),
        (None, false) => {
            *request.uri_mut() = origin_form(request.uri());
            exchange(TokioIo::new(stream), request).await
        }
        (Some(authority), _) => {
            let stream = TokioIo::new(tls(stream, host, authority, http2).await);
            if http2 {
                request.headers_mut().remove("host");
                let begun = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
                let (mut sender, connection) = begun.expect("HTTP/2 begins");
                tokio::spawn(connection);
                sender.send_request(request).await.expect("an answer")
            } else {
                *request.uri_mut() = origin_form(request.uri());
                exchange(stream, request).await
            }
        }
    };
    let status = response.status();
    let (parts, body) = response.into_parts();
    let mut answer = Answer { headers: parts.headers, body: AnswerBody::Streaming(body) };
    if !status.is_success() || is_bodiless {
        let text = answer.read().await;
        assert!(status.is_success(), "{status}: {text}");
    }
    if answer.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/xml")) {
        answer.read().await;
    }
    answer
}

impl Answer {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// The document that was answered.
    pub(crate) fn text(&self) -> String {
        match &self.body {
            AnswerBody::Read(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            AnswerBody::Streaming(_) => panic!("the answer is no document: {:?}", self.headers),
        }
    }

    /// For a request of which nothing but the success matters.
    pub(crate) fn whole(self) -> serde_json::Value {
        drop(self);
        serde_json::Value::Null
    }

    /// Gives every piece of the body to `take`.
    pub(crate) async fn into_body(self, mut take: impl FnMut(&[u8])) {
        match self.body {
            AnswerBody::Read(bytes) => take(&bytes),
            AnswerBody::Streaming(mut body) => {
                while let Some(frame) = body.frame().await {
                    if let Ok(data) = frame.expect("the answer is whole").into_data() {
                        take(&data);
                    }
                }
            }
        }
    }

    async fn read(&mut self) -> String {
        if let AnswerBody::Streaming(body) = &mut self.body {
            let whole = body.collect().await.expect("the answer is whole").to_bytes();
            self.body = AnswerBody::Read(whole);
        }
        self.text()
    }
}

type AnyBody = UnsyncBoxBody<Bytes, std::io::Error>;

async fn exchange<S>(stream: S, request: http::Request<AnyBody>) -> Response<Incoming>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let begun = hyper::client::conn::http1::handshake(stream).await;
    let (mut sender, connection) = begun.expect("HTTP/1.1 begins");
    tokio::spawn(connection);
    sender.send_request(request).await.expect("an answer")
}

fn origin_form(uri: &http::Uri) -> http::Uri {
    uri.path_and_query().expect("a URL has a path").as_str().parse().expect("a path is a target")
}

async fn tls(
    stream: TcpStream,
    host: &str,
    authority: &str,
    http2: bool,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let protocol: &[u8] = if http2 { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let name = ServerName::try_from(name).expect("a name or an address");
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS begins");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol), "the server speaks it");
    stream
}
