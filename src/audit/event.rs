//! What happened in one S3 request: who asked for what, what was decided and what came of it.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;

use super::Decision;
use crate::identity::{AccessKeyId, Principal};
use crate::policy::StatementName;

/// One S3 request, from its first byte to its last.
#[derive(Debug)]
pub struct AccessEvent {
    /// The id in the answer's `x-amz-request-id`.
    pub request_id: String,
    /// The socket's peer.
    pub peer: SocketAddr,
    /// The method.
    pub method: Method,
    /// `/bucket/key`, decoded.
    pub resource: String,
    /// The S3 operation, once it is known.
    pub operation: Option<&'static str>,
    /// The key the request claims, or proved, to be signed with.
    pub access_key_id: Option<AccessKeyId>,
    /// Who that key belongs to; only of a verified request.
    pub principal: Option<Principal>,
    /// Whether nobody signed it and it was judged all the same.
    pub anonymous: bool,
    /// What of it is other than it was signed, because a proxy in front changed it.
    pub forgiven: Option<&'static str>,
    /// How it was decided, if that is written at all.
    pub decision: Option<Decision>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The S3 error code of a refusal or failure.
    pub error_code: Option<String>,
    /// Why, for the operator.
    pub reason: Option<String>,
    /// The backend that was asked.
    pub backend: Option<String>,
    /// Bytes of the request body that were passed on.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// From the head of the request to the last byte of the answer.
    pub duration: Duration,
    /// Whether the answer was sent to its end.
    pub complete: bool,
}

impl AccessEvent {
    /// Writes the event. Values that a client chose are escaped by the log's format.
    pub fn write(&self) {
        let decision = self.decision.as_ref();
        let statement = decision.and_then(|decision| decision.statement.as_ref());
        let nobody = if self.anonymous { "anonymous" } else { "-" };
        let judged = decision.map(Decision::judged);
        tracing::info!(
            name: "s3 request",
            target: super::TARGET,
            request_id = self.request_id,
            peer = %self.peer.ip(),
            method = self.method.as_str(),
            resource = self.resource,
            operation = self.operation.unwrap_or("-"),
            access_key_id = self.access_key_id.as_ref().map_or("-", AccessKeyId::as_str),
            principal = self.principal.as_ref().map_or(nobody, Principal::as_str),
            forgiven = self.forgiven.unwrap_or("-"),
            verdict = decision.map_or("-", Decision::verdict),
            layer = decision.map_or("-", |decision| decision.layer),
            policy = statement.map_or("-", StatementName::policy),
            statement = statement.map_or("-", StatementName::statement),
            judged = judged.as_deref(),
            status = self.status,
            code = self.error_code.as_deref().unwrap_or("-"),
            reason = self.reason.as_deref().unwrap_or("-"),
            backend = self.backend.as_deref().unwrap_or("-"),
            bytes_in = self.bytes_in,
            bytes_out = self.bytes_out,
            duration_us = u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
            complete = self.complete,
            "s3 request"
        );
    }
}
