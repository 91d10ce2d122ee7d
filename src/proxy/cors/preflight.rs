//! A browser's question before it sends a request: `OPTIONS`. It is never signed and never forwarded.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html>

use http::Response;
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http_body::Body as _;

use super::Asker;
use crate::proxy::Proxy;
use crate::proxy::error::{Refusal, request_id};
use crate::proxy::receive::Received;
use crate::proxy::record::Record;
use crate::proxy::response_body::ResponseBody;
use crate::s3::cors::Preflight;
use crate::s3::{ErrorCode, S3Error};

impl Proxy {
    /// Answers a preflight. Whether there is no such bucket, no rule, or none that fits, is not told.
    pub(in crate::proxy) async fn answer_preflight(
        &self,
        received: Received,
        record: &mut Record,
    ) -> Result<Response<ResponseBody>, Refusal> {
        record.classified("PreflightCors");
        let (head, body, _) = received.into_unverified_parts();
        if !body.is_end_stream() {
            return Err(S3Error::new(ErrorCode::BadRequest, "An OPTIONS request has no body here.").into());
        }
        let preflight = Preflight::parse(
            head.single_header(ORIGIN.as_str())?,
            head.single_header(ACCESS_CONTROL_REQUEST_METHOD.as_str())?,
            head.single_header(ACCESS_CONTROL_REQUEST_HEADERS.as_str())?,
        )?;
        let mut grant = self.cors.configured.preflight(&preflight);
        if let (None, Some(bucket)) = (&grant, head.address.bucket()) {
            grant = self.bucket_cors(bucket, Asker::Anybody).await?.preflight(&preflight);
        }
        let grant = grant.ok_or_else(|| {
            S3Error::new(
                ErrorCode::AccessForbidden,
                "CORSResponse: This CORS request is not allowed: there is no CORS rule for this origin, method and \
                 headers.",
            )
        })?;
        let mut response = Response::new(ResponseBody::empty());
        grant.write(response.headers_mut());
        response.headers_mut().insert("x-amz-request-id", request_id(record));
        Ok(response)
    }
}
