//! Carries one S3 request through the steps and maps every failure to S3 XML.
//!
//! ```text
//! receive --Received--> authenticate --Authenticated--> authorize --Authorized-->
//!    forward [backend: re-sign, send] --Answer--> respond --> client
//!    own [answered here: policies, the list of buckets] ------> client
//!                  each exit, good or bad --> record --> audit
//! ```
//!
//! `Received`, `Authenticated` and `Authorized` have private fields and one constructor each, in the
//! file of the step that earns them: a skipped check does not compile.

mod admission;
mod anonymous;
mod authenticate;
mod authorize;
mod body;
mod buffers;
mod context;
mod cors;
mod document;
mod error;
mod forgiveness;
mod form;
mod forward;
mod judge;
mod life;
mod outgoing;
mod own;
#[cfg(portcullis_bench_no_auth)]
mod passage;
mod rebuild;
mod receive;
mod record;
mod respond;
mod response_body;
mod room;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::authority::Authority;
use crate::backend::Backends;
use crate::clock::Clock;
use crate::config::{Limits, S3};
use crate::keys::Keys;
use crate::listener::{Peer, RequestBody};
use crate::s3::Domains;
use crate::sigv4::AcceptedRegion;

use admission::Admission;
pub use admission::Counters;
use authorize::Permitted;
use buffers::Buffers;
use cors::{Cors, Crossing};
use error::Refusal;
pub use forgiveness::ForgivenCounters;
use forgiveness::Forgiving;
use own::Turns;
use record::{Record, RequestIds};
pub use response_body::ResponseBody;

/// The data plane: everything that a request needs on its way.
pub struct Proxy {
    keys: Arc<Keys>,
    authority: Arc<Authority>,
    backends: Arc<Backends>,
    clock: Arc<dyn Clock>,
    domains: Domains,
    region: String,
    accepted_region: AcceptedRegion,
    /// Whether requests that nobody signed are judged at all.
    anonymous: bool,
    response_timeout: Duration,
    idle_timeout: Duration,
    after_expiry: Duration,
    document_timeout: Duration,
    max_headers: usize,
    /// How long what stands before the file of a form may take to arrive.
    form_timeout: Duration,
    /// What is forgiven in a signature that does not match.
    forgiving: Forgiving,
    serves_tls: bool,
    /// Changes of a bucket happen one after the other.
    turns: Turns,
    /// Which pages of other origins may use which bucket.
    cors: Cors,
    /// What may be held of bodies at a time.
    buffers: Buffers,
    /// How many requests may run.
    admission: Admission,
    request_ids: RequestIds,
}

impl Proxy {
    /// A data plane over `keys` and `backends`. `seed` makes the request ids of this process its own.
    #[must_use]
    pub fn new(
        s3: &S3,
        limits: &Limits,
        keys: Arc<Keys>,
        authority: Arc<Authority>,
        backends: Arc<Backends>,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Self {
        Self {
            keys,
            authority,
            backends,
            clock,
            domains: Domains::new(s3.domains.clone()),
            region: s3.region.clone(),
            accepted_region: if s3.any_region { AcceptedRegion::Any } else { AcceptedRegion::Only(s3.region.clone()) },
            anonymous: s3.anonymous,
            response_timeout: limits.backend_response_timeout,
            idle_timeout: limits.backend_idle_timeout,
            after_expiry: limits.after_expiry,
            document_timeout: limits.document_timeout,
            max_headers: limits.max_headers,
            form_timeout: limits.header_timeout,
            forgiving: Forgiving::new(s3),
            serves_tls: s3.tls.is_some(),
            turns: Turns::default(),
            cors: Cors::new(s3),
            buffers: Buffers::new(limits.max_buffered_bytes),
            admission: Admission::new(limits),
            request_ids: RequestIds::new(seed),
        }
    }

    /// What was refused because too much ran.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        self.admission.counters()
    }

    /// What was forgiven in signatures.
    #[must_use]
    pub fn forgiven(&self) -> Arc<ForgivenCounters> {
        self.forgiving.counters()
    }

    /// Answers one request. Every failure becomes an answer here; nothing is returned as an error.
    pub async fn serve(self: Arc<Self>, request: Request<RequestBody>, peer: Arc<Peer>) -> Response<ResponseBody> {
        let mut record = Record::start(self.request_ids.next(), &request, peer.address);
        let crossing = Crossing::of(&request);
        let outcome = Box::pin(self.carry(request, peer, &mut record)).await;
        let cors = self.cors_headers(&crossing, &record).await;
        let answer = match outcome {
            Ok(response) => record.follow(response),
            Err(refusal) => error::answer(refusal, record),
        };
        cors.added_to(answer)
    }

    async fn carry(
        &self,
        request: Request<RequestBody>,
        peer: Arc<Peer>,
        record: &mut Record,
    ) -> Result<Response<ResponseBody>, Refusal> {
        self.admission.admit(&peer, record)?;
        let received = self.receive(request, peer, record)?;
        #[cfg(portcullis_bench_no_auth)]
        if passage::IS_OPEN {
            return self.pass_unasked(received, record).await;
        }
        if received.is_options() {
            return Box::pin(self.answer_preflight(received, record)).await;
        }
        let mut authenticated = self.authenticate(received, record).await?;
        self.admission.admit_identity(authenticated.sender().principal(), record)?;
        let form = authenticated.take_form_answer();
        let authorized = match self.authorize(authenticated, record)? {
            Permitted::Forwarded(authorized) => authorized,
            Permitted::Served(authorized) => return Box::pin(self.serve_here(*authorized, record)).await,
        };
        self.refuse_public_acl(&authorized, record)?;
        let _changing = self.cors.changed_by(&authorized);
        let answer = self.forward_with_life(authorized, record).await?;
        let object = form.as_ref().map(|_| self.address_of(&answer.head));
        let response = self.respond(answer, record).await?;
        Ok(match form.zip(object) {
            Some((form, object)) => form.in_place_of(response, &object),
            None => response,
        })
    }
}
