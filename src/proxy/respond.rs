//! Step five: the backend's answer, with what speaks of the backend taken out or replaced.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Response, StatusCode, response};

use super::Proxy;
use super::document::Document;
use super::error::{Refusal, request_id};
use super::forward::Answer;
use super::record::Record;
use super::response_body::{BackendBody, ResponseBody};
use crate::backend::{Backend, forwardable_response_headers};
use crate::policy::Resource;
use crate::s3::operation::{Action, Operation};
use crate::s3::percent::{self, Slash};
use crate::s3::{DeleteResult, ErrorCode, ObjectToDelete, RequestHead, S3Error, location, published_error, xml};

/// Error documents of a backend are read up to here.
const LONGEST_ERROR: usize = 64 * 1024;

/// Codes that speak of Portcullis's own credential, host or clock, never of the client's.
pub(super) const ABOUT_US: [&str; 14] = [
    "AuthorizationHeaderMalformed",
    "AuthorizationQueryParametersError",
    "CredentialsNotSupported",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidHostHeader",
    "InvalidSecurity",
    "InvalidToken",
    "MissingSecurityHeader",
    "NotSignedUp",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnauthorizedAccess",
];

impl Proxy {
    /// Makes the client's answer from the backend's.
    pub(super) async fn respond(&self, answer: Answer, record: &mut Record) -> Result<Response<ResponseBody>, Refusal> {
        let Answer { response, classified, denied, judge, backend, head, proved, life } = answer;
        let operation = classified.operation;
        let Some(response) = response else { return Ok(batch_answer(&refused(&denied), record)) };
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let mut body = BackendBody::new(body, self.idle_timeout, life);
        // Only who may list may know that something is not there.
        let asked_of = classified.copy_source.as_ref().map(|source| &source.bucket).or(head.address.bucket());
        let may_know = || asked_of.is_none_or(|bucket| judge.may_know_what_is_missing(&head, bucket.as_str()));
        // Only what was asked for can be unchanged: said of an upload, it would pass for an odd success.
        let is_unchanged = status == StatusCode::NOT_MODIFIED && matches!(head.method, Method::GET | Method::HEAD);
        if !status.is_success() && !is_unchanged {
            let (refusal, code) = failure(&parts, body, &backend, record).await;
            if head.address.key().is_some()
                && tells_of_absence(status, code.as_deref())
                && !may_know()
                && let Some(bucket) = asked_of
            {
                judge.also(&head, Action::ListBucket, Resource::Bucket(bucket.as_str()), record)?;
            }
            return Err(refusal);
        }
        if operation == Operation::DeleteObjects {
            let document = read_to_end(&mut body, DeleteResult::MAX_BYTES).await;
            let mut result = document.as_deref().and_then(read_result);
            let Some(result) = &mut result else {
                return Err(misconfigured("the backend's answer to a batch cannot be read".to_owned()));
            };
            if !may_know() {
                result.deny(&MISSING);
            }
            for object in &denied {
                result.refuse(object);
            }
            return Ok(batch_answer(result, record));
        }
        let mut headers = forwardable_response_headers(parts.headers);
        headers.insert("x-amz-request-id", request_id(record));
        if let Some(checksum) = proved {
            let value = HeaderValue::try_from(checksum.encoded()).expect("base64 is visible ASCII");
            headers.entry(checksum.algorithm().header()).or_insert(value);
        }
        let body = match operation {
            Operation::GetBucketLocation => {
                headers.remove(CONTENT_LENGTH);
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
                ResponseBody::own(location::location_answer(&self.region))
            }
            Operation::CompleteMultipartUpload => {
                headers.remove(CONTENT_LENGTH);
                let hidden = !may_know();
                let location = Some((LOCATION_PATH, self.address_of(&head)));
                ResponseBody::document(Document::new(body, location).hiding_absence(hidden))
            }
            Operation::CopyObject | Operation::UploadPartCopy => {
                headers.remove(CONTENT_LENGTH);
                let hidden = !may_know();
                ResponseBody::document(Document::new(body, None).hiding_absence(hidden))
            }
            _ => ResponseBody::backend(body),
        };
        match operation {
            Operation::CreateBucket => {
                let location = HeaderValue::try_from(record.resource()).ok();
                location.map(|location| headers.insert(LOCATION, location));
            }
            Operation::HeadBucket => {
                let region = HeaderValue::try_from(self.region.as_str()).ok();
                region.map(|region| headers.insert("x-amz-bucket-region", region));
            }
            _ => {}
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Host and path as the client asked for them, for `Location`.
    pub(super) fn address_of(&self, head: &RequestHead) -> String {
        let scheme = if self.serves_tls { "https" } else { "http" };
        let path = percent::decode(&head.raw_path).unwrap_or_default();
        format!("{scheme}://{}{}", head.host, percent::encode(&path, Slash::Keep))
    }
}

/// What the client is told of a backend's error or redirect.
async fn failure(
    parts: &response::Parts,
    body: BackendBody,
    backend: &Backend,
    record: &Record,
) -> (Refusal, Option<String>) {
    let status = parts.status;
    if status.is_informational() {
        return (misconfigured(format!("the backend answered with {status}, which nobody asked for")), None);
    }
    if status.is_redirection() {
        tracing::error!(backend = backend.name(), %status, "the backend redirects; check its endpoint, region and addressing");
        return (misconfigured(format!("the backend answered with a redirect, {status}")), None);
    }
    let document = read_error(body).await;
    let error = xml::parse_error_document(&document);
    let speaks_of_us = match &error {
        Some(error) => ABOUT_US.contains(&error.code.as_str()),
        // HEAD has no document; after our own decision a refusal can only be about our credential.
        None => matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
    };
    if speaks_of_us {
        let code = error.map_or_else(|| status.to_string(), |error| format!("{status} {}", error.code));
        tracing::error!(
            backend = backend.name(),
            code,
            request_id = record.request_id(),
            "the backend refused our own credential: check its access key, clock and region"
        );
        return (misconfigured(format!("the backend refused our own credential: {code}")), None);
    }
    let code = error.as_ref().map(|error| error.code.clone());
    let mut error = error.unwrap_or_else(|| without_document(status, record));
    let words = std::mem::replace(&mut error.message, published_error::sentence(&error.code).to_owned());
    tracing::debug!(backend = backend.name(), request_id = record.request_id(), words, "the backend's own words");
    (Refusal::of_backend(status, error), code)
}

/// Whether an error says that an object or a version of it is not there, or is a delete marker. A bare
/// status, and a code that is not known, may say so; some codes are about something else.
fn tells_of_absence(status: StatusCode, code: Option<&str>) -> bool {
    const OF_SOMETHING_ELSE: [&str; 5] = [
        "NoSuchBucket",
        "NoSuchObjectLockConfiguration",
        "NoSuchTagSet",
        "NoSuchUpload",
        "ObjectLockConfigurationNotFoundError",
    ];
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        && !code.is_some_and(|code| OF_SOMETHING_ELSE.contains(&code))
}

/// The codes that say so within an answer.
pub(super) const MISSING: [&str; 2] = ["NoSuchKey", "NoSuchVersion"];

/// A backend that has nothing to say of a batch may say nothing.
fn read_result(document: &[u8]) -> Option<DeleteResult> {
    if document.trim_ascii().is_empty() {
        return Some(DeleteResult::default());
    }
    DeleteResult::parse(document).ok()
}

fn refused(objects: &[ObjectToDelete]) -> DeleteResult {
    let mut result = DeleteResult::default();
    for object in objects {
        result.refuse(object);
    }
    result
}

/// The answer to a batch, which is a success whatever became of its objects.
fn batch_answer(result: &DeleteResult, record: &Record) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::own(result.to_xml()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response.headers_mut().insert("x-amz-request-id", request_id(record));
    response
}

/// The whole body, if it is no longer than `longest` and did not break off.
async fn read_to_end(body: &mut BackendBody, longest: usize) -> Option<Bytes> {
    let mut read = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|context| body.poll_data(context)).await {
        read.extend_from_slice(&piece.ok()?);
        if read.len() > longest {
            return None;
        }
    }
    Some(read.freeze())
}

const LOCATION_PATH: &[&str] = &["CompleteMultipartUploadResult", "Location"];

fn misconfigured(reason: String) -> Refusal {
    Refusal::because(
        S3Error::new(
            ErrorCode::BadGateway,
            "The storage behind this server refused to work with it. This is not the fault of your request; \
             tell whoever runs this server the request id.",
        ),
        reason,
    )
}

/// What is left of an error body within bounds; what cannot be read counts as nothing.
async fn read_error(mut body: BackendBody) -> Bytes {
    let mut read = BytesMut::new();
    while read.len() <= LONGEST_ERROR {
        match std::future::poll_fn(|context| body.poll_data(context)).await {
            Some(Ok(piece)) => read.extend_from_slice(&piece),
            Some(Err(_)) | None => break,
        }
    }
    read.freeze()
}

/// The code that a bare status stands for: HEAD answers, and backends that say nothing.
fn without_document(status: StatusCode, record: &Record) -> xml::BackendError {
    let of_object = record.resource().trim_start_matches('/').contains('/');
    let code = match status {
        StatusCode::NOT_FOUND if of_object => "NoSuchKey",
        StatusCode::NOT_FOUND => "NoSuchBucket",
        StatusCode::CONFLICT => "OperationAborted",
        StatusCode::PRECONDITION_FAILED => "PreconditionFailed",
        StatusCode::RANGE_NOT_SATISFIABLE => "InvalidRange",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
        StatusCode::NOT_IMPLEMENTED => "NotImplemented",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        status if status.is_server_error() => "InternalError",
        _ => "InvalidRequest",
    };
    xml::BackendError { code: code.to_owned(), message: String::new(), elements: Vec::new() }
}
