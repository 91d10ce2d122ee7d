//! The one place where a failure of the control plane becomes bytes.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::{Deserialize, Serialize};

use super::limits::TooOften;
use crate::authority::IssueDenial;
use crate::identity::{AccessKeyId, AccessKeyIdError};
use crate::keys::KeysError;

/// Why a management request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The caller's request is at fault.
    #[error("{0}")]
    Invalid(String),
    /// The body is larger than any request needs.
    #[error("the request body is too large")]
    TooLarge,
    /// The route exists, the method does not.
    #[error("this route does not answer this method")]
    MethodNotAllowed,
    /// There is no such key.
    #[error("there is no access key {0}")]
    NoSuchKey(AccessKeyId),
    /// There is no such route.
    #[error("there is no such route")]
    NoSuchRoute,
    /// Nobody said who is calling.
    #[error("authentication is required")]
    Unauthenticated,
    /// The operator's configuration allows no such key.
    #[error(transparent)]
    Ceiling(#[from] IssueDenial),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Too many attempts or keys.
    #[error("too many requests; try again in {} s", .0.retry_after_seconds)]
    TooOften(TooOften),
    /// The key service refused or failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// A failure as it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The gRPC status number.
    pub code: u8,
    /// What happened, for people.
    pub message: String,
    /// Always empty; the protocol has it.
    #[serde(default)]
    pub details: Vec<serde_json::Value>,
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Invalid(_) | Self::Keys(KeysError::Invalid(_)) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, INVALID_ARGUMENT),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, UNIMPLEMENTED),
            Self::NoSuchKey(_) | Self::NoSuchRoute => (StatusCode::NOT_FOUND, NOT_FOUND),
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, RESOURCE_EXHAUSTED),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, UNAUTHENTICATED),
            Self::Keys(KeysError::NoSuchToken(_)) => (StatusCode::NOT_FOUND, NOT_FOUND),
            Self::Ceiling(_)
            | Self::Forbidden(_)
            | Self::Keys(KeysError::NotPermitted(_) | KeysError::Suspended(_) | KeysError::AlreadyUsed) => {
                (StatusCode::FORBIDDEN, PERMISSION_DENIED)
            }
            Self::Keys(KeysError::AlreadyExists(_)) => (StatusCode::CONFLICT, ALREADY_EXISTS),
            Self::Keys(KeysError::Revoked(_) | KeysError::TokenRevoked(_)) => {
                (StatusCode::BAD_REQUEST, FAILED_PRECONDITION)
            }
            Self::Keys(KeysError::Contended(_) | KeysError::Busy) => (StatusCode::CONFLICT, ABORTED),
            Self::Keys(KeysError::NotCurrent | KeysError::Store(_) | KeysError::Commit(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
            }
            Self::Keys(KeysError::Record(_) | KeysError::Seal(_)) => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        };
        if status.is_server_error() {
            tracing::error!(error = %self, "a management request failed");
        }
        let body = ErrorBody { code, message: self.to_string(), details: Vec::new() };
        let mut response = (status, Json(body)).into_response();
        if let Self::TooOften(TooOften { retry_after_seconds }) = self {
            response.headers_mut().insert(RETRY_AFTER, retry_after_seconds.into());
        }
        response
    }
}

impl From<JsonRejection> for ControlError {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::TooLarge;
        }
        Self::Invalid(match rejection {
            // Only the position: the words of the body could be a secret that is filed in the wrong field.
            JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => {
                "the body is not the JSON that this route takes: {\"permission\": \"read\" | \"write\" | \"admin\"} and, if \
                 wanted, \"expiry\" (RFC 3339), \"attributes\" and \"import\": {\"accessKeyId\", \"secretKey\"}"
                    .into()
            }
            other => other.body_text(),
        })
    }
}

impl From<PathRejection> for ControlError {
    fn from(rejection: PathRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}

impl From<QueryRejection> for ControlError {
    fn from(rejection: QueryRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}

impl From<TooOften> for ControlError {
    fn from(too_often: TooOften) -> Self {
        Self::TooOften(too_often)
    }
}

impl From<AccessKeyIdError> for ControlError {
    fn from(error: AccessKeyIdError) -> Self {
        Self::Invalid(error.to_string())
    }
}

// https://grpc.io/docs/guides/status-codes/
const INVALID_ARGUMENT: u8 = 3;
const NOT_FOUND: u8 = 5;
const ALREADY_EXISTS: u8 = 6;
const PERMISSION_DENIED: u8 = 7;
const RESOURCE_EXHAUSTED: u8 = 8;
const FAILED_PRECONDITION: u8 = 9;
const ABORTED: u8 = 10;
const UNIMPLEMENTED: u8 = 12;
const INTERNAL: u8 = 13;
const UNAVAILABLE: u8 = 14;
const UNAUTHENTICATED: u8 = 16;
