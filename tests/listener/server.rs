//! A served listener with a small service, and clients for it.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use portcullis::config::{CertificateSummary, Limits, TlsFiles};
use portcullis::listener::{Counters, Listener, Peer, RequestBody, RequestBodyError, tls};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

/// Short enough for a test, long enough for a loaded machine to do the rest meanwhile.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// A listener that is being served.
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) counters: Arc<Counters>,
    pub(crate) shutdown: CancellationToken,
    /// Lets requests for `/wait` go on, one for each permit.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) task: JoinHandle<()>,
    events: mpsc::UnboundedReceiver<String>,
}

impl Server {
    pub(crate) fn plain(limits: Limits) -> Self {
        Self::start(limits, None)
    }

    pub(crate) fn with_tls(limits: Limits) -> Self {
        let files = TlsFiles {
            certificate: certs("server.pem"),
            key: certs("server.key"),
            summary: CertificateSummary::default(),
        };
        Self::start(limits, Some(tls::server_config(&files).unwrap()))
    }

    fn start(limits: Limits, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), tls, Arc::new(limits)).unwrap();
        let (address, counters) = (listener.local_addr(), listener.counters());
        let (sender, events) = mpsc::unbounded_channel();
        let (shutdown, gate) = (CancellationToken::new(), Arc::new(Semaphore::new(0)));
        let service = {
            let gate = Arc::clone(&gate);
            move |request, peer| answer(request, peer, sender.clone(), Arc::clone(&gate))
        };
        let task = tokio::spawn(listener.serve(service, shutdown.clone()));
        Self { address, counters, shutdown, gate, task, events }
    }

    /// What the service noted next.
    pub(crate) async fn event(&mut self) -> String {
        within(self.events.recv()).await.unwrap()
    }

    /// What the service noted that was not asked for yet.
    pub(crate) fn events_so_far(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    /// A TLS connection that offers `alpn`, trusting the development CA.
    pub(crate) async fn connect_tls(&self, alpn: &[&str]) -> TlsStream<TcpStream> {
        self.try_tls(alpn, rustls::ALL_VERSIONS).await.unwrap()
    }

    pub(crate) async fn try_tls(
        &self,
        alpn: &[&str],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let config = client_config(alpn, versions);
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.connect().await;
        within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
    }

    /// One request over a connection of its own, as bytes; the whole answer until the close.
    pub(crate) async fn send(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        text(&read_to_close(&mut stream).await)
    }
}

/// A client that trusts the development CA and offers `alpn` and `versions`.
pub(crate) fn client_config(
    alpn: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certs("ca.pem")).unwrap()).unwrap();
    let mut config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// Waits for something that must happen; the limit only turns a hang into a failure.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it did not happen within 30 s")
}

/// Everything until the other end closes, cleanly or by a reset.
pub(crate) async fn read_to_close(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset after the answer still leaves what was read in `all`.
    let _ = within(stream.read_to_end(&mut all)).await;
    all
}

/// The next piece, which must be there and not be the end.
pub(crate) async fn read_some(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut piece = vec![0; 16 << 10];
    let length = within(stream.read(&mut piece)).await.unwrap();
    assert!(length > 0, "closed instead of an answer");
    text(&piece[..length])
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn certs(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certs").join(name)
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn answer(
    request: Request<RequestBody>,
    peer: Arc<Peer>,
    events: mpsc::UnboundedSender<String>,
    gate: Arc<Semaphore>,
) -> Answer {
    let path = request.uri().path().to_owned();
    events.send(path.clone()).unwrap();
    match path.as_str() {
        "/endless" => plain(Endless(events)),
        // As a backend that answers early: its connection keeps the body for a while.
        "/hold" => {
            let body = request.into_body();
            tokio::spawn(async move {
                gate.acquire().await.unwrap().forget();
                drop(body);
            });
            plain(Full::from("held"))
        }
        "/large" => plain(Full::from(vec![b'x'; 1 << 20])),
        "/panic" => panic!("as asked"),
        "/peer" => plain(Full::from(format!("{peer:?}"))),
        "/read" => match request.into_body().collect().await {
            Ok(body) => {
                events.send(format!("read {} bytes", body.to_bytes().len())).unwrap();
                plain(Full::from("read"))
            }
            Err(error) => {
                let what = match error {
                    RequestBodyError::Closed(_) => "closed",
                    RequestBodyError::Idle(_) => "idle",
                    RequestBodyError::Late(_) => "late",
                    RequestBodyError::Slow => "slow",
                };
                events.send(what.to_owned()).unwrap();
                status(StatusCode::BAD_REQUEST)
            }
        },
        "/refuse" => status(StatusCode::FORBIDDEN),
        "/wait" => {
            let _guard = Ended(events);
            gate.acquire().await.unwrap().forget();
            plain(Full::from("waited"))
        }
        _ => plain(Full::from("hello")),
    }
}

fn plain(body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static) -> Answer {
    Response::new(body.boxed_unsync())
}

fn status(status: StatusCode) -> Answer {
    let mut answer = plain(Full::from("refused"));
    *answer.status_mut() = status;
    answer
}

/// Notes when a waiting request ended, for whatever reason.
struct Ended(mpsc::UnboundedSender<String>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send("wait ended".to_owned());
    }
}

/// A body without end, which notes when nobody wants it any more.
struct Endless(mpsc::UnboundedSender<String>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 << 10])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.send("endless ended".to_owned());
    }
}
