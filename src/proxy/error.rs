//! The one place where the data plane turns a failure into bytes. What it does not know is a bland 500,
//! and the reason stays in the record, under the request id.

use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::record::Record;
use super::response_body::ResponseBody;
use crate::authority::AuthorityError;
use crate::backend::BackendError;
use crate::keys::KeysError;
use crate::s3::{ErrorCode, S3Error, xml};
use crate::sigv4::unsigned;

/// A request that is not answered with success: what the client is told, and what the operator is.
#[derive(Debug)]
pub(super) struct Refusal {
    shown: Shown,
    reason: Option<String>,
    /// Whether the client's head or body was broken, so that what follows on its connection is not to be trusted.
    broken_body: bool,
}

#[derive(Debug)]
enum Shown {
    Own(S3Error),
    /// An error the backend gave, written anew under our request id.
    Backend {
        status: StatusCode,
        error: xml::BackendError,
    },
}

impl Refusal {
    /// An error of our own, with the reason for the operator.
    pub(super) fn because(error: S3Error, reason: impl Into<String>) -> Self {
        Self { shown: Shown::Own(error), reason: Some(reason.into()), broken_body: false }
    }

    /// The same for who signed nothing: whatever was found against the request, they hear that it is not
    /// signed. What is not the fault of the request stays as it is.
    pub(super) fn untold(self) -> Self {
        match self.shown {
            Shown::Own(error) if error.code.status().is_client_error() || error.code == ErrorCode::NotImplemented => {
                let reason = self.reason.unwrap_or_else(|| format!("{}: {}", error.code.as_str(), error.message));
                Self { shown: Shown::Own(unsigned()), reason: Some(reason), broken_body: self.broken_body }
            }
            _ => self,
        }
    }

    /// A body that did not keep what was promised of it.
    pub(super) fn of_body(error: S3Error) -> Self {
        Self { broken_body: true, ..error.into() }
    }

    /// A head that is not read alike everywhere, or that is no head of an S3 request: whoever sent it may have
    /// meant another end of it.
    pub(super) fn of_head(error: S3Error) -> Self {
        Self::of_body(error)
    }

    /// An error that the backend gave and that is the client's to know.
    pub(super) fn of_backend(status: StatusCode, error: xml::BackendError) -> Self {
        Self {
            shown: Shown::Backend { status, error },
            reason: Some("answered so by the backend".to_owned()),
            broken_body: false,
        }
    }
}

impl From<S3Error> for Refusal {
    fn from(error: S3Error) -> Self {
        Self { shown: Shown::Own(error), reason: None, broken_body: false }
    }
}

impl From<KeysError> for Refusal {
    /// Nobody can say whether the key is good, so nobody passes.
    fn from(error: KeysError) -> Self {
        tracing::error!(%error, "the key store failed; requests are refused with 503 until it answers again");
        let shown = S3Error::new(
            ErrorCode::ServiceUnavailable,
            "The key store does not answer, so the request cannot be verified. Please retry.",
        );
        Self::because(shown, error.to_string())
    }
}

impl From<BackendError> for Refusal {
    fn from(error: BackendError) -> Self {
        let shown = match &error {
            BackendError::Connect(_) => S3Error::new(
                ErrorCode::ServiceUnavailable,
                "The storage behind this server cannot be reached. Please retry.",
            ),
            BackendError::Exchange(_) => S3Error::new(
                ErrorCode::BadGateway,
                "The storage behind this server broke off or gave no valid answer. Please retry.",
            ),
            BackendError::Refused { status, .. } if *status == StatusCode::SERVICE_UNAVAILABLE => S3Error::new(
                ErrorCode::ServiceUnavailable,
                "The storage behind this server cannot answer now. Please retry.",
            ),
            BackendError::Refused { .. } => S3Error::new(
                ErrorCode::BadGateway,
                "The storage behind this server refused to work with it. This is not the fault of your request; \
                 tell whoever runs this server the request id.",
            ),
            BackendError::TimedOut { .. } => S3Error::new(
                ErrorCode::GatewayTimeout,
                "The storage behind this server did not answer in time. Please retry.",
            ),
            BackendError::Build(_) | BackendError::Certificates { .. } => {
                S3Error::new(ErrorCode::InternalError, "We encountered an internal error.")
            }
        };
        tracing::warn!(%error, "a backend gave no answer");
        Self::because(shown, error.to_string())
    }
}

impl From<AuthorityError> for Refusal {
    /// What may be done is not known now, so nobody passes; or what was to be kept is not kept.
    fn from(error: AuthorityError) -> Self {
        let shown = match &error {
            AuthorityError::Busy
            | AuthorityError::Commit(_)
            | AuthorityError::NotCurrent
            | AuthorityError::Store(_) => S3Error::new(
                ErrorCode::ServiceUnavailable,
                "Access policies cannot be read or changed now. Please retry.",
            ),
            AuthorityError::PublicPolicyBlocked(_) => S3Error::new(ErrorCode::AccessDenied, "Access Denied"),
            _ => S3Error::new(ErrorCode::InternalError, "We encountered an internal error."),
        };
        tracing::warn!(%error, "what is kept about buckets cannot be read or changed");
        Self::because(shown, error.to_string())
    }
}

/// The answer for `refusal`, under the id of `record`.
pub(super) fn answer(refusal: Refusal, mut record: Record) -> Response<ResponseBody> {
    let Refusal { shown, reason, broken_body } = refusal;
    let (status, error, region) = match shown {
        Shown::Own(error) => {
            let region = error.elements.iter().find(|(name, _)| *name == "Region").map(|(_, region)| region.clone());
            record.failed(error.code.as_str(), Some(reason.unwrap_or_else(|| error.message.clone().into_owned())));
            (error.code.status(), document(&error, &record), region)
        }
        Shown::Backend { status, error } => {
            record.failed(&error.code, reason);
            (status, relayed_document(&error, &record), None)
        }
    };
    let body = if record.is_head() { ResponseBody::empty() } else { ResponseBody::own(error) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert("x-amz-request-id", request_id(&record));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if broken_body && record.is_http1() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(region) = region.and_then(|region| HeaderValue::try_from(region).ok()) {
        headers.insert("x-amz-bucket-region", region);
    }
    record.follow(response)
}

/// The request id as a header.
pub(super) fn request_id(record: &Record) -> HeaderValue {
    HeaderValue::from_str(record.request_id()).expect("hexadecimal digits")
}

fn document(error: &S3Error, record: &Record) -> String {
    xml::error_document(error, record.resource(), record.request_id())
}

/// The document for a backend's error: its code and message, and those elements that speak of the
/// request and not of the backend.
pub(super) fn relayed_document(error: &xml::BackendError, record: &Record) -> String {
    const OF_THE_REQUEST: [&str; 14] = [
        "ActualObjectSize",
        "ArgumentName",
        "ArgumentValue",
        "BucketName",
        "Condition",
        "ETag",
        "Key",
        "MaxSizeAllowed",
        "MinSizeAllowed",
        "PartNumber",
        "ProposedSize",
        "RangeRequested",
        "UploadId",
        "VersionId",
    ];
    error.relayed(&OF_THE_REQUEST, record.resource(), record.request_id())
}
