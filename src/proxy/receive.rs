//! Step one: the request, parsed once. Unchecked beyond its form.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{Method, Request, Version};

use super::Proxy;
use super::error::Refusal;
use super::record::Record;
use crate::listener::{Peer, RequestBody};
use crate::s3::{ErrorCode, RequestHead, S3Error, refuse_ambiguous_headers};

/// A request that is well-formed. Who sent it is not known.
pub(super) struct Received {
    head: RequestHead,
    body: RequestBody,
    peer: Arc<Peer>,
}

impl Received {
    /// Whether it is a browser's question, which nobody signs.
    pub(super) fn is_options(&self) -> bool {
        self.head.method == Method::OPTIONS && !crate::fault::check_is_off("preflight_is_answered_here")
    }

    /// The parts, for the step that finds out who sent it.
    pub(super) fn into_unverified_parts(self) -> (RequestHead, RequestBody, Arc<Peer>) {
        (self.head, self.body, self.peer)
    }
}

impl Proxy {
    /// Parses `request`.
    pub(super) fn receive(
        &self,
        request: Request<RequestBody>,
        peer: Arc<Peer>,
        record: &mut Record,
    ) -> Result<Received, Refusal> {
        let (parts, body) = request.into_parts();
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return Err(
                S3Error::new(ErrorCode::MethodNotAllowed, "S3 has DELETE, GET, HEAD, POST and PUT only.").into()
            );
        }
        refuse_ambiguous_headers(&parts.headers).map_err(Refusal::of_head)?;
        // Its body would end with the connection: whoever came before us may have thought so.
        let is_old = parts.version == Version::HTTP_10 && matches!(parts.method, Method::POST | Method::PUT);
        if is_old && !parts.headers.contains_key(CONTENT_LENGTH) {
            let message = "An HTTP/1.0 request with a body has to have a Content-Length.";
            return Err(Refusal::of_head(S3Error::new(ErrorCode::InvalidRequest, message)));
        }
        // HTTP/1.1 has the same limit in its parser.
        if parts.headers.len() > self.max_headers {
            let message = "The request has too many header fields.";
            return Err(S3Error::new(ErrorCode::InvalidRequest, message).into());
        }
        let head =
            RequestHead::parse(parts.method, &parts.uri, parts.headers, &self.domains).map_err(Refusal::of_head)?;
        record.addressed(&head.address);
        Ok(Received { head, body, peer })
    }
}
