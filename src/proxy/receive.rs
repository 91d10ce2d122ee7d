//! Step one: the request, parsed once. Unchecked beyond its form.

use http::Request;

use super::Proxy;
use super::error::Refusal;
use super::record::Record;
use crate::listener::RequestBody;
use crate::s3::RequestHead;

/// A request that is well-formed. Who sent it is not known.
pub(super) struct Received {
    head: RequestHead,
    body: RequestBody,
}

impl Received {
    /// The parts, for the step that finds out who sent it.
    pub(super) fn into_unverified_parts(self) -> (RequestHead, RequestBody) {
        (self.head, self.body)
    }
}

impl Proxy {
    /// Parses `request`.
    pub(super) fn receive(&self, request: Request<RequestBody>, record: &mut Record) -> Result<Received, Refusal> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::parse(parts.method, &parts.uri, parts.headers, &self.domains)?;
        record.addressed(&head.address);
        Ok(Received { head, body })
    }
}
