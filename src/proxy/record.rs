//! What is written down of one request: begun when it arrives, finished exactly once, when its answer
//! has been sent or given up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Method, Request, Response, Version};
use http_body::Body as _;

use super::admission::Held;
use super::response_body::ResponseBody;
use crate::audit::{AccessEvent, Decision, JudgedDemand};
use crate::identity::{AccessKeyId, Principal};
use crate::policy::StatementName;
use crate::s3::{Address, BucketName};

/// The record of one request. Writes its event when it is dropped, so that no way out forgets it.
#[derive(Debug)]
pub(super) struct Record {
    event: AccessEvent,
    started: Instant,
    http1: bool,
    bucket: Option<BucketName>,
    bytes_in: Option<Arc<AtomicU64>>,
    held: Held,
}

/// Hands out the request ids of this process: 16 hexadecimal digits, none twice.
#[derive(Debug)]
pub(super) struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// The next id. A bijective mix (splitmix64) of a counter: unique, and not guessable from the last.
    pub(super) fn next(&self) -> String {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut mixed = self.seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016X}", mixed ^ (mixed >> 31))
    }
}

impl Record {
    pub(super) fn start<B>(request_id: String, request: &Request<B>, peer: SocketAddr) -> Self {
        let event = AccessEvent {
            request_id,
            peer,
            method: request.method().clone(),
            resource: String::new(),
            operation: None,
            access_key_id: None,
            principal: None,
            anonymous: false,
            forgiven: None,
            decision: None,
            status: 0,
            error_code: None,
            reason: None,
            backend: None,
            bytes_in: 0,
            bytes_out: 0,
            duration: Duration::ZERO,
            complete: false,
        };
        Self {
            event,
            started: Instant::now(),
            http1: request.version() < Version::HTTP_2,
            bucket: None,
            bytes_in: None,
            held: Held::default(),
        }
    }

    pub(super) fn request_id(&self) -> &str {
        &self.event.request_id
    }

    /// What the request holds until its answer has ended.
    pub(super) fn held(&mut self) -> &mut Held {
        &mut self.held
    }

    pub(super) fn resource(&self) -> &str {
        &self.event.resource
    }

    /// Whether it was allowed, and is a backend's to answer.
    pub(super) fn is_sent_on(&self) -> bool {
        self.event.backend.is_some()
    }

    pub(super) fn is_http1(&self) -> bool {
        self.http1
    }

    pub(super) fn is_head(&self) -> bool {
        self.event.method == Method::HEAD
    }

    pub(super) fn addressed(&mut self, address: &Address) {
        self.event.resource = address.resource();
        self.bucket = address.bucket().cloned();
    }

    /// The bucket that the request names, if it could be read so far.
    pub(super) fn bucket(&self) -> Option<&BucketName> {
        self.bucket.as_ref()
    }

    pub(super) fn claimed(&mut self, id: &AccessKeyId) {
        self.event.access_key_id = Some(id.clone());
    }

    pub(super) fn proved(&mut self, principal: &Principal) {
        self.event.principal = Some(principal.clone());
    }

    pub(super) fn forgiven(&mut self, what: &'static str) {
        self.event.forgiven = Some(what);
    }

    pub(super) fn is_anonymous(&mut self) {
        self.event.anonymous = true;
    }

    pub(super) fn classified(&mut self, operation: &'static str) {
        self.event.operation = Some(operation);
    }

    /// Notes what was decided; what is decided later stands for it all.
    pub(super) fn decided(&mut self, decision: Option<Decision>) {
        self.event.decision = decision;
    }

    /// Notes one more thing that the request needed, beside what was decided.
    pub(super) fn demanded(&mut self, demand: JudgedDemand) {
        if let Some(decision) = &mut self.event.decision {
            decision.demands.push(demand);
        }
    }

    /// Notes that the request is denied after all, by this layer and statement.
    pub(super) fn overruled(&mut self, layer: &'static str, statement: Option<StatementName>) {
        if let Some(decision) = &mut self.event.decision {
            decision.allowed = false;
            decision.layer = layer;
            decision.statement = statement;
        }
    }

    pub(super) fn sent_to(&mut self, backend: &str) {
        self.event.backend = Some(backend.to_owned());
    }

    /// Notes a body that was read whole before it was passed on.
    pub(super) fn uploaded(&mut self, bytes: u64) {
        self.event.bytes_in = bytes;
    }

    /// Follows the count of body bytes that are passed on.
    pub(super) fn uploads(&mut self, bytes: Arc<AtomicU64>) {
        self.bytes_in = Some(bytes);
    }

    pub(super) fn failed(&mut self, code: &str, reason: Option<String>) {
        self.event.error_code = Some(code.to_owned());
        self.event.reason = reason;
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.event.bytes_out += bytes as u64;
    }

    pub(super) fn completed(&mut self) {
        self.event.complete = true;
    }

    /// Goes along with an answer until it has been sent.
    pub(super) fn follow(mut self, response: Response<ResponseBody>) -> Response<ResponseBody> {
        self.event.status = response.status().as_u16();
        // hyper never polls a body that is known to be empty.
        self.event.complete = response.body().is_end_stream();
        response.map(|body| body.recorded_by(self))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.event.duration = self.started.elapsed();
        if let Some(bytes) = &self.bytes_in {
            self.event.bytes_in = bytes.load(Ordering::Relaxed);
        }
        self.event.write();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_sixteen_digits_and_never_repeat() {
        let ids = RequestIds::new(7);
        let all: std::collections::HashSet<String> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.iter().all(|id| id.len() == 16));
    }
}
