//! The one place where a failure of the security token service becomes bytes: the codes that AWS's SDKs
//! know, in the XML that they read.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::answer;
use crate::authority::{AuthorityError, IssueDenial};
use crate::control::record::RequestId;
use crate::control::{ControlError, TooOften};
use crate::federation::LoginError;
use crate::keys::KeysError;

/// Why a request to the security token service was refused or failed. The sentences go to the client.
#[derive(Debug, thiserror::Error)]
pub(super) enum StsError {
    /// A parameter is wrong, missing, not known or there twice.
    #[error("{0}")]
    Invalid(String),
    /// The body is larger than any request needs.
    #[error("the request body is larger than {} bytes", super::LARGEST_BODY)]
    TooLarge,
    /// The body did not arrive whole, or not in time.
    #[error("the request body did not arrive whole and in time")]
    BodyCut,
    /// Nothing says what is wanted.
    #[error("the parameter Action is missing")]
    MissingAction,
    /// There is no such action, or not here.
    #[error("{0}")]
    NoSuchAction(String),

    /// The action takes a signature and there is none.
    #[error("Request is missing Authentication Token")]
    NotSigned,
    /// The access key is unknown, revoked or suspended, or the session token is not its own.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The access key has ended.
    #[error("The security token included in the request is expired")]
    ExpiredKey,
    /// The signature is not the key's, not for us, or not of this time.
    #[error("{0}")]
    WrongSignature(String),
    /// The signature is not well-formed.
    #[error("{0}")]
    IncompleteSignature(String),

    /// A token or assertion proves nothing. One sentence for all reasons: they are in the log.
    #[error("The identity token or assertion is not accepted. The server's log has the reason under this request id.")]
    IdentityRefused,
    /// A token or assertion is genuine and too old.
    #[error("The identity token or assertion has expired. Get a new one from the identity provider.")]
    IdentityExpired,
    /// The identity provider cannot be asked for its keys.
    #[error("The identity provider cannot be reached, or gives no valid answer. Try again.")]
    ProviderUnavailable,
    /// The identity is proved and may not have this.
    #[error("{0}")]
    Denied(String),

    /// Too many attempts or keys.
    #[error("Rate exceeded; try again in {} s", .0.retry_after_seconds)]
    TooOften(TooOften),
    /// The store does not answer, or too much of the same work is going on. What happened is for the log.
    #[error("This cannot be done now. Try again in a moment.")]
    Unavailable(String),
    /// Our fault. What happened is for the log.
    #[error("Something went wrong here. The server's log has the reason under this request id.")]
    Internal(String),
}

impl StsError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "ValidationError"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::BodyCut => (StatusCode::BAD_REQUEST, "RequestTimeout"),
            Self::MissingAction => (StatusCode::BAD_REQUEST, "MissingAction"),
            Self::NoSuchAction(_) => (StatusCode::BAD_REQUEST, "InvalidAction"),
            Self::NotSigned => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
            Self::UnknownKey => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
            Self::ExpiredKey => (StatusCode::FORBIDDEN, "ExpiredToken"),
            Self::WrongSignature(_) => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
            Self::IncompleteSignature(_) => (StatusCode::BAD_REQUEST, "IncompleteSignature"),
            Self::IdentityRefused => (StatusCode::BAD_REQUEST, "InvalidIdentityToken"),
            Self::IdentityExpired => (StatusCode::BAD_REQUEST, "ExpiredTokenException"),
            Self::ProviderUnavailable => (StatusCode::BAD_REQUEST, "IDPCommunicationError"),
            Self::Denied(_) => (StatusCode::FORBIDDEN, "AccessDenied"),
            // The status is for clients that go by it, the code for those that go by that: all wait and retry.
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "Throttling"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        }
    }

    /// The code that the client gets.
    pub(super) fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    /// What the operator has to know, and the client need not.
    pub(super) fn detail(&self) -> Option<&str> {
        match self {
            Self::Unavailable(detail) | Self::Internal(detail) => Some(detail),
            _ => None,
        }
    }

    /// The answer to the request called `request_id`.
    pub(super) fn into_answer(self, request_id: &RequestId) -> Response {
        let (status, code) = self.status_and_code();
        let at_fault = if status.is_server_error() { "Receiver" } else { "Sender" };
        let document = answer::error_document(at_fault, code, &self.to_string(), request_id);
        let mut response = (status, answer::xml(document, request_id)).into_response();
        let retry_after = match self {
            Self::TooOften(TooOften { retry_after_seconds }) => Some(HeaderValue::from(retry_after_seconds)),
            Self::Unavailable(_) => Some(HeaderValue::from_static("1")),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<TooOften> for StsError {
    fn from(too_often: TooOften) -> Self {
        Self::TooOften(too_often)
    }
}

/// What the reason is goes to the log before, at the one place that knows the request.
impl From<LoginError> for StsError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::ConfigurationNeeded(count) => Self::Invalid(format!(
                "PrincipalArn must name a SAML configuration (arn:aws:iam::<organization>:saml-provider/<name or id>): \
                 the organization has {count}"
            )),
            LoginError::Expired => Self::IdentityExpired,
            LoginError::ProviderUnavailable { .. } => Self::ProviderUnavailable,
            LoginError::Refused(_) => Self::IdentityRefused,
            error @ LoginError::Store(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<KeysError> for StsError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Invalid(reason) => Self::Invalid(reason.into()),
            error @ (KeysError::NotPermitted(_) | KeysError::Suspended(_) | KeysError::AlreadyUsed) => {
                Self::Denied(error.to_string())
            }
            error @ (KeysError::Clock(_)
            | KeysError::Full
            | KeysError::NotCurrent
            | KeysError::Store(_)
            | KeysError::Commit(_)
            | KeysError::Contended(_)
            | KeysError::Busy) => Self::Unavailable(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<ControlError> for StsError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Ceiling(denial @ IssueDenial::TooLong(_)) => Self::Invalid(format!(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role: {denial}"
            )),
            ControlError::Ceiling(denial) => Self::Denied(denial.to_string()),
            error @ (ControlError::Busy
            | ControlError::Authority(
                AuthorityError::Busy
                | AuthorityError::Commit(_)
                | AuthorityError::NotCurrent
                | AuthorityError::Store(_),
            )) => Self::Unavailable(error.to_string()),
            error @ ControlError::NotAuthorized { .. } => Self::Denied(error.to_string()),
            ControlError::TooOften(too_often) => Self::TooOften(too_often),
            ControlError::Keys(error) => error.into(),
            ControlError::Login(error) => error.into(),
            ControlError::Unauthenticated => Self::NotSigned,
            ControlError::Invalid(reason) => Self::Invalid(reason),
            ControlError::Forbidden(reason) => Self::Denied(reason),
            error => Self::Internal(error.to_string()),
        }
    }
}
