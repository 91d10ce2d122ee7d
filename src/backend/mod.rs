//! Re-signs with the backend's own credential and sends, streaming both ways. Knows nothing of the
//! client's key, of policy or of audit: what it is asked to send has been decided.

mod body;
mod connect;
mod cors;
mod error;
mod headers;
mod listing;
mod payload_probe;
mod pool;
mod resign;
mod signed_body;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use http::{Request, Response};
use http_body_util::BodyExt as _;

pub use body::{BodyFault, UpstreamBody};
pub use error::BackendError;
pub use headers::{forwardable_request_headers, forwardable_response_headers};
pub use listing::ListedBucket;
pub use pool::AnswerBody;
pub use resign::Target;
pub use signed_body::{SIGNED_CHUNK, announce_signed_chunks};

use crate::clock::Clock;
use crate::config::{self, BucketPattern, Limits, PayloadForm};
use connect::Connector;
use pool::{Lease, Pool};
use resign::{Credential, Signed};
use signed_body::SignedBody;

/// One backend: its address, Portcullis's credential for it, and its pool of connections.
pub struct Backend {
    name: String,
    target: resign::Endpoint,
    credential: Credential,
    buckets: Vec<BucketPattern>,
    region: String,
    payload: PayloadForm,
    /// Whether a backend of [`PayloadForm::Auto`] was found to take trailers.
    found_trailers: AtomicBool,
    exact_keys: bool,
    response_timeout: Duration,
    connector: Connector,
    pool: Pool,
    clock: Arc<dyn Clock>,
}

/// All backends, in the order of the configuration.
pub struct Backends(Vec<Arc<Backend>>);

impl Backends {
    /// Builds every backend. Connects nowhere yet.
    ///
    /// # Errors
    /// [`BackendError::Certificates`] if the trusted certificates of one cannot be read.
    pub fn new(backends: &[config::Backend], limits: &Limits, clock: &Arc<dyn Clock>) -> Result<Self, BackendError> {
        let build = |backend| Backend::new(backend, limits, Arc::clone(clock)).map(Arc::new);
        backends.iter().map(build).collect::<Result<_, _>>().map(Self)
    }

    /// The backend that holds `bucket`: the first that matches.
    #[must_use]
    pub fn holding(&self, bucket: &str) -> Option<&Arc<Backend>> {
        self.0.iter().find(|backend| backend.buckets.iter().any(|pattern| pattern.matches(bucket)))
    }
}

impl Backend {
    fn new(backend: &config::Backend, limits: &Limits, clock: Arc<dyn Clock>) -> Result<Self, BackendError> {
        Ok(Self {
            name: backend.name.clone(),
            target: resign::Endpoint::new(backend),
            credential: Credential::new(backend),
            buckets: backend.buckets.clone(),
            region: backend.region.clone(),
            payload: backend.payload,
            found_trailers: AtomicBool::new(false),
            exact_keys: backend.exact_keys,
            response_timeout: limits.backend_response_timeout,
            connector: Connector::new(backend, limits)?,
            pool: Pool::default(),
            clock,
        })
    }

    /// The name in logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region its signatures name, which is also its own `LocationConstraint`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether it keeps every byte of a key, empty and dot segments included.
    #[must_use]
    pub fn keeps_exact_keys(&self) -> bool {
        self.exact_keys
    }

    /// Whether checksums in trailers are passed on as trailers.
    #[must_use]
    pub fn takes_trailers(&self) -> bool {
        match self.payload {
            PayloadForm::Auto => self.found_trailers.load(Ordering::Relaxed),
            PayloadForm::Plain | PayloadForm::Signed => false,
            PayloadForm::Trailer => true,
        }
    }

    /// Whether no body may go there that nothing of the signature covers.
    #[must_use]
    pub fn wants_signed_bodies(&self) -> bool {
        self.payload == PayloadForm::Signed
    }

    /// Signs `target` with the backend's credential and sends it with `body`. Returns once the head of
    /// the answer is there; the body may still be on its way by then.
    ///
    /// A request is sent again only if the backend cannot have acted on it: nothing of it was written, or
    /// it is a GET or HEAD on a connection that the backend closed while it waited in the pool.
    ///
    /// # Errors
    /// [`BackendError`] if no answer came.
    pub async fn send(&self, target: Target<'_>, body: UpstreamBody) -> Result<Response<AnswerBody>, BackendError> {
        let Signed { parts, authority, chunks } = self.credential.sign(&self.target, target, self.clock.now())?;
        let body = match (body, chunks) {
            (UpstreamBody::Stream(stream), Some(signer)) => {
                UpstreamBody::Stream(SignedBody::new(stream, signer).boxed_unsync())
            }
            (body, _) => body,
        };
        let mut request = Request::from_parts(parts, body);
        let shelf = self.pool.shelf();
        while let Some(lease) = shelf.take(&authority) {
            match exchange(lease, request).await {
                Ok(answer) => return Ok(answer),
                Err(Failure { unsent: Some(unsent), .. }) => request = unsent,
                Err(failure) => return Err(failure.error()),
            }
        }
        // Rare, and large: in a box of its own it makes no request's future larger.
        let connection = Box::pin(self.connector.open(&authority)).await?;
        let lease = shelf.lease(connection, authority);
        exchange(lease, request).await.map_err(Failure::error)
    }
}

/// A request without an answer.
struct Failure {
    cause: hyper::Error,
    /// The request itself, where sending it again is safe.
    unsent: Option<Request<UpstreamBody>>,
}

impl Failure {
    fn error(self) -> BackendError {
        BackendError::exchange(&self.cause)
    }
}

async fn exchange(mut lease: Lease, request: Request<UpstreamBody>) -> Result<Response<AnswerBody>, Failure> {
    let repeatable = lease.reused && matches!(*request.method(), Method::GET | Method::HEAD);
    let copy = repeatable.then(|| copy_of(&request)).flatten();
    match lease.connection.sender.try_send_request(request).await {
        Ok(response) => Ok(response.map(|incoming| AnswerBody::new(incoming, lease))),
        Err(mut error) => {
            let unsent = error.take_message();
            let cause = error.into_error();
            let unsent = unsent.or(copy.filter(|_| was_closed(&cause)));
            Err(Failure { cause, unsent })
        }
    }
}

/// Whether the backend closed the connection instead of answering. A request that crosses the close on
/// its way is met with a reset.
fn was_closed(cause: &hyper::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let kind = std::error::Error::source(cause).and_then(|source| source.downcast_ref::<std::io::Error>());
    let reset = kind.is_some_and(|error| matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset));
    cause.is_incomplete_message() || cause.is_closed() || reset
}

/// The same request once more, if it has no body.
fn copy_of(request: &Request<UpstreamBody>) -> Option<Request<UpstreamBody>> {
    if !matches!(request.body(), UpstreamBody::Empty) {
        return None;
    }
    let mut copy = Request::new(UpstreamBody::Empty);
    request.method().clone_into(copy.method_mut());
    request.uri().clone_into(copy.uri_mut());
    request.headers().clone_into(copy.headers_mut());
    Some(copy)
}
