//! One connection of the load: HTTP/1.1 over TCP or TLS, opened when it is needed and kept while the
//! target keeps it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::target::Target;
use super::trouble::Trouble;
use super::upload_body::UploadBody;
use crate::cli::api::{addresses, connect_to_any, handshake_problem};

/// Opens connections to one target.
pub(super) struct Dialer {
    target: Arc<Target>,
    tls: Option<TlsConnector>,
    keep_alive: bool,
    /// From the first byte of a request, or from opening its connection, to the last one of its answer.
    limit: Duration,
}

/// A connection, or none yet.
pub(super) struct Connection {
    dialer: Arc<Dialer>,
    open: Option<SendRequest<UploadBody>>,
}

/// What came back. `body` is empty if a reader took it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Takes the pieces of a good answer's body; false ends it.
pub(super) type Reader<'a> = &'a mut (dyn FnMut(&[u8]) -> bool + Send);

impl Dialer {
    pub(super) fn new(target: Arc<Target>, tls: Option<TlsConnector>, keep_alive: bool, limit: Duration) -> Self {
        Self { target, tls, keep_alive, limit }
    }

    async fn open(&self) -> Result<SendRequest<UploadBody>, Trouble> {
        let addresses = addresses(self.target.host(), self.target.port()).await;
        let addresses = addresses.map_err(|error| Trouble::Resolve(error.to_string()))?;
        let stream = connect_to_any(&addresses).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::ConnectionRefused,
            _ => Trouble::Connect(error.to_string()),
        })?;
        stream.set_nodelay(true).map_err(|error| Trouble::Connect(error.to_string()))?;
        let Some(tls) = &self.tls else { return begin(stream).await };
        let name =
            ServerName::try_from(self.target.host().to_owned()).map_err(|error| Trouble::Tls(error.to_string()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| Trouble::Tls(handshake_problem(&error)))?;
        begin(stream).await
    }
}

async fn begin<T>(stream: T) -> Result<SendRequest<UploadBody>, Trouble>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    // Whoever waits for an answer on it is told of its errors.
    tokio::spawn(connection);
    Ok(sender)
}

impl Connection {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        Self { dialer, open: None }
    }

    /// Sends a request and takes in the answer. The body of a good answer goes to `reader`, if there is one.
    ///
    /// # Errors
    /// If there is no whole answer in time. Any status is an answer.
    pub(super) async fn exchange(
        &mut self,
        request: Request<UploadBody>,
        reader: Option<Reader<'_>>,
    ) -> Result<Answer, Trouble> {
        let dialer = Arc::clone(&self.dialer);
        // Until it ends well, the connection cannot be used again.
        let open = self.open.take();
        let exchange = tokio::time::timeout(dialer.limit, exchange(&dialer, open, request, reader));
        let (answer, sender) = exchange.await.map_err(|_| Trouble::Timeout(dialer.limit))??;
        self.open = Some(sender).filter(|_| dialer.keep_alive);
        Ok(answer)
    }
}

async fn exchange(
    dialer: &Dialer,
    open: Option<SendRequest<UploadBody>>,
    request: Request<UploadBody>,
    reader: Option<Reader<'_>>,
) -> Result<(Answer, SendRequest<UploadBody>), Trouble> {
    let mut request = request;
    if let Some(mut sender) = open
        && sender.ready().await.is_ok()
    {
        match sender.try_send_request(request).await {
            Ok(answer) => return Ok((read(answer, reader).await?, sender)),
            // The other side closed the connection while it was idle, which it may: nothing of this was sent.
            Err(mut error) => match error.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(broken(&error.into_error())),
            },
        }
    }
    let mut sender = dialer.open().await?;
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    Ok((read(answer, reader).await?, sender))
}

async fn read(answer: http::Response<Incoming>, mut reader: Option<Reader<'_>>) -> Result<Answer, Trouble> {
    let (head, mut incoming) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(piece) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        match &mut reader {
            Some(reader) if head.status.is_success() => {
                if !reader(&piece) {
                    return Err(Trouble::WrongAnswer("the object holds other bytes"));
                }
            }
            _ => take(&mut body, &piece)?,
        }
    }
    Ok(Answer { status: head.status, headers: head.headers, body })
}

fn take(body: &mut Vec<u8>, piece: &Bytes) -> Result<(), Trouble> {
    if body.len() + piece.len() > LARGEST {
        return Err(Trouble::WrongAnswer("the answer is too long to be S3's"));
    }
    body.extend_from_slice(piece);
    Ok(())
}

fn broken(error: &hyper::Error) -> Trouble {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Trouble::Broken(format!("{error}{cause}"))
}

/// Bytes of an answer that is not an object: an error, or the id of an upload.
const LARGEST: usize = 64 << 10;
