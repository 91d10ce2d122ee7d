//! Only in builds with `--cfg portcullis_bench_no_auth`: requests are passed on without anybody asking who
//! sent them and whether they may, so that what these questions cost can be measured. The listener, the record,
//! the lists of headers, the pool of connections and the streaming of bodies are those of every build; nothing
//! that is checked of a signature or a body is.

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use http_body_util::BodyExt as _;

use super::Proxy;
use super::error::{Refusal, request_id};
use super::life::Life;
use super::receive::Received;
use super::record::Record;
use super::response_body::{BackendBody, ResponseBody};
use crate::backend::{BodyFault, Target, UpstreamBody, forwardable_request_headers, forwardable_response_headers};
use crate::s3::{ErrorCode, S3Error};
use crate::sigv4::UpstreamPayload;

/// Says at the place where it matters that this build asks nobody.
pub(super) const IS_OPEN: bool = true;

impl Proxy {
    /// Sends a request on as it came, and its answer back.
    pub(super) async fn pass_unasked(
        &self,
        received: Received,
        record: &mut Record,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let (head, body, _) = received.into_unverified_parts();
        let no_bucket = || S3Error::new(ErrorCode::NotImplemented, "This build passes requests to buckets only.");
        let backend = self.holding(head.address.bucket().ok_or_else(no_bucket)?)?;
        record.sent_to(backend.name());
        let mut headers = forwardable_request_headers(&head.headers)?;
        let body = match head.headers.get(CONTENT_LENGTH) {
            Some(length) => {
                headers.insert(CONTENT_LENGTH, length.clone());
                UpstreamBody::Stream(body.map_err(|_| BodyFault).boxed_unsync())
            }
            None => UpstreamBody::Empty,
        };
        let target = Target {
            method: head.method.clone(),
            bucket: head.address.bucket(),
            key: head.address.key(),
            query: head.query.parameters(),
            headers,
            payload: UpstreamPayload::Unsigned,
        };
        let sent = tokio::time::timeout(self.response_timeout, backend.send(target, body)).await;
        let late =
            |_| S3Error::new(ErrorCode::GatewayTimeout, "The storage behind this server did not answer in time.");
        let (parts, body) = sent.map_err(late)??.into_parts();
        let mut response =
            Response::new(ResponseBody::backend(BackendBody::new(body, self.idle_timeout, Life::default())));
        *response.status_mut() = parts.status;
        let mut headers = forwardable_response_headers(parts.headers);
        let id: HeaderValue = request_id(record);
        headers.insert("x-amz-request-id", id);
        *response.headers_mut() = headers;
        Ok(response)
    }
}
