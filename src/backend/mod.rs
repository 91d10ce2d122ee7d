//! Re-signs with the backend's own credential and sends, streaming both ways. Knows nothing of the
//! client's key, of policy or of audit: what it is asked to send has been decided.

mod body;
mod connect;
mod error;
mod headers;
mod resign;

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub use body::{BodyFault, UpstreamBody};
pub use error::BackendError;
pub use headers::{forwardable_request_headers, forwardable_response_headers};
pub use resign::Target;

use crate::clock::Clock;
use crate::config::{self, BucketPattern, Limits, PayloadForm};
use connect::Connector;
use resign::Credential;

/// One backend: its address, Portcullis's credential for it, and its pool of connections.
pub struct Backend {
    name: String,
    target: resign::Endpoint,
    credential: Credential,
    buckets: Vec<BucketPattern>,
    region: String,
    payload: PayloadForm,
    exact_keys: bool,
    client: Client<Connector, UpstreamBody>,
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

    /// The backend, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<&Arc<Backend>> {
        match self.0.as_slice() {
            [backend] => Some(backend),
            _ => None,
        }
    }
}

impl Backend {
    fn new(backend: &config::Backend, limits: &Limits, clock: Arc<dyn Clock>) -> Result<Self, BackendError> {
        let connector = Connector::new(backend, limits)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(MOST_IDLE_CONNECTIONS)
            .http1_max_headers(200)
            // Only a request of which nothing was written to a connection is sent again, on another one.
            .retry_canceled_requests(true)
            .set_host(false)
            .build(connector);
        Ok(Self {
            name: backend.name.clone(),
            target: resign::Endpoint::new(backend),
            credential: Credential::new(backend),
            buckets: backend.buckets.clone(),
            region: backend.region.clone(),
            payload: backend.payload,
            exact_keys: backend.exact_keys,
            client,
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
        self.payload == PayloadForm::Trailer
    }

    /// Whether `text` gives away where the backend is or which key is used there.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        self.credential.is_named_in(text) || self.target.is_named_in(text)
    }

    /// Signs `target` with the backend's credential and sends it with `body`. Returns once the head of
    /// the answer is there; the body may still be on its way by then.
    ///
    /// # Errors
    /// [`BackendError`] if no answer came: nothing is sent twice.
    pub async fn send(&self, target: Target<'_>, body: UpstreamBody) -> Result<Response<Incoming>, BackendError> {
        let parts = self.credential.sign(&self.target, target, self.clock.now())?;
        let request = Request::from_parts(parts, body);
        self.client.request(request).await.map_err(|error| BackendError::of(&error))
    }
}

/// How long a connection to a backend may wait for its next request. Shorter than what common
/// servers allow, so that they seldom close it under a request.
const POOL_IDLE: Duration = Duration::from_secs(30);
const MOST_IDLE_CONNECTIONS: usize = 512;
