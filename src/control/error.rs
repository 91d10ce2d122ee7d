//! The one place where a failure of the control plane becomes bytes.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::TooOften;
use crate::authority::{AuthorityError, Denial, IssueDenial};
use crate::backend::BackendError;
use crate::federation::{FederationError, LoginError};
use crate::identity::{AccessKeyId, AccessKeyIdError, AttributesError, TokenId, TokenIdError};
use crate::keys::KeysError;
use crate::policy::{PolicyError, PolicyName};

/// Why a management request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// What is in force could not be read or changed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A backend does not tell its buckets.
    #[error("a backend does not tell which buckets it has: {0}")]
    Backend(#[from] BackendError),
    /// Too much of the same work is going on.
    #[error("too many assertions are being verified; try again in a moment")]
    Busy,
    /// The operator's configuration allows no such key.
    #[error(transparent)]
    Ceiling(#[from] IssueDenial),
    /// A federation configuration could not be read or changed.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The caller's request is at fault.
    #[error("{0}")]
    Invalid(String),
    /// The key service refused or failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A token or an assertion of an identity provider proves nothing.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The route exists, the method does not.
    #[error("this route does not answer this method")]
    MethodNotAllowed,
    /// Only a running server can tell.
    #[error("this takes a running server, which can ask its backends: ask it, over its API or control socket")]
    NeedsServer,
    /// There is no such bucket.
    #[error("there is no bucket {0:?}")]
    NoSuchBucket(String),
    /// There is no such federation configuration.
    #[error("there is no such federation configuration")]
    NoSuchConfiguration,
    /// There is no such key, or it is no concern of the caller.
    #[error("there is no access key {0}")]
    NoSuchKey(AccessKeyId),
    /// There is no such organization policy.
    #[error("there is no organization policy \"{0}\"")]
    NoSuchPolicy(PolicyName),
    /// There is no such route.
    #[error("there is no such route")]
    NoSuchRoute,
    /// There is no such token.
    #[error("there is no API token {0}")]
    NoSuchToken(TokenId),
    /// The caller is known, and no policy lets them do this.
    #[error("{who} is not authorized to perform: {action} {}", denial.told(), action = denial.action)]
    NotAuthorized {
        /// Who they are.
        who: String,
        /// What stands against it.
        denial: Denial,
    },
    /// The body is declared to be something else.
    #[error("the request needs the header Content-Type: application/json")]
    NotJson,
    /// This program went wrong.
    #[error("a request ended in a panic")]
    Panicked,
    /// A document is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The body is larger than any request needs.
    #[error("the request body is too large")]
    TooLarge,
    /// Too many attempts or keys.
    #[error("too many requests; try again in {} s", .0.retry_after_seconds)]
    TooOften(TooOften),
    /// The body took too long to arrive.
    #[error("the request body did not arrive in time")]
    TooSlow,
    /// Nobody proved who is calling. One text for all the reasons.
    #[error("a valid API token is needed, as the header Authorization: Bearer CW-SECRET-...")]
    Unauthenticated,
}

/// A failure as it is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The gRPC status number.
    pub code: u8,
    /// What happened, for people.
    pub message: String,
    /// Always empty; the protocol has it.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub details: Vec<serde_json::Value>,
}

/// What the log is told of a failure of ours, and the client is not.
#[derive(Clone, Debug)]
pub(super) struct Detail(pub(super) String);

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let retry_after = match &self {
            Self::TooOften(TooOften { retry_after_seconds }) => Some(*retry_after_seconds),
            Self::Login(LoginError::ProviderUnavailable { .. }) => Some(AFTER_PROVIDER_TROUBLE),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(1),
            _ => None,
        };
        let message = match &self {
            Self::Login(LoginError::Refused(_)) => NOT_PROVEN.to_owned(),
            Self::Login(LoginError::Expired) => "the token or assertion has expired; get a new one".to_owned(),
            Self::Login(LoginError::ProviderUnavailable { issuer, .. }) => {
                format!("the identity provider {issuer} cannot be asked for its keys now; try again")
            }
            Self::Busy => self.to_string(),
            _ if status.is_server_error() => BLAND.to_owned(),
            _ => self.to_string(),
        };
        let mut response = envelope(status, code, message);
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status.is_server_error() {
            response.extensions_mut().insert(Detail(self.to_string()));
        } else if let Self::Login(error) = &self {
            tracing::info!(reason = %error, "refused a token or assertion of an identity provider");
        }
        response
    }
}

impl ControlError {
    /// For routes that no policy opens.
    pub(super) fn takes_admin_token() -> Self {
        Self::Forbidden("this takes an admin token".into())
    }

    /// The HTTP status, and the gRPC one.
    fn status(&self) -> (StatusCode, u8) {
        match self {
            Self::Invalid(_)
            | Self::Policy(_)
            | Self::Authority(AuthorityError::PublicPolicyBlocked(_))
            | Self::Keys(KeysError::Invalid(_))
            | Self::Federation(FederationError::Invalid(_))
            | Self::Login(LoginError::ConfigurationNeeded(_)) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, INVALID_ARGUMENT),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, DEADLINE_EXCEEDED),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, UNIMPLEMENTED),
            Self::NoSuchBucket(_)
            | Self::NoSuchConfiguration
            | Self::NoSuchKey(_)
            | Self::NoSuchPolicy(_)
            | Self::NoSuchRoute
            | Self::NoSuchToken(_)
            | Self::Keys(KeysError::NoSuchToken(_)) => (StatusCode::NOT_FOUND, NOT_FOUND),
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, RESOURCE_EXHAUSTED),
            Self::Unauthenticated | Self::Login(LoginError::Expired | LoginError::Refused(_)) => {
                (StatusCode::UNAUTHORIZED, UNAUTHENTICATED)
            }
            Self::Ceiling(_)
            | Self::Forbidden(_)
            | Self::NotAuthorized { .. }
            | Self::Keys(KeysError::NotPermitted(_) | KeysError::Suspended(_) | KeysError::AlreadyUsed) => {
                (StatusCode::FORBIDDEN, PERMISSION_DENIED)
            }
            Self::Keys(KeysError::AlreadyExists(_))
            | Self::Federation(FederationError::AlreadyExists(_))
            | Self::Authority(AuthorityError::KeptInFile { .. }) => (StatusCode::CONFLICT, ALREADY_EXISTS),
            Self::NeedsServer
            | Self::Keys(KeysError::Revoked(_) | KeysError::TokenRevoked(_))
            | Self::Authority(AuthorityError::TooMany { .. }) => (StatusCode::BAD_REQUEST, FAILED_PRECONDITION),
            Self::Keys(KeysError::Contended(_) | KeysError::Busy)
            | Self::Federation(FederationError::Busy)
            | Self::Authority(AuthorityError::Busy) => (StatusCode::CONFLICT, ABORTED),
            Self::Busy
            | Self::Backend(_)
            | Self::Authority(AuthorityError::NotCurrent | AuthorityError::Store(_) | AuthorityError::Commit(_))
            | Self::Keys(
                KeysError::Clock(_)
                | KeysError::Full
                | KeysError::NotCurrent
                | KeysError::Store(_)
                | KeysError::Commit(_),
            )
            | Self::Federation(FederationError::Store(_) | FederationError::Commit(_))
            | Self::Login(LoginError::ProviderUnavailable { .. } | LoginError::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
            }
            Self::Panicked
            | Self::Authority(
                AuthorityError::NameTaken { .. } | AuthorityError::Record(_) | AuthorityError::Unreadable { .. },
            )
            | Self::Keys(KeysError::Record(_) | KeysError::Seal(_))
            | Self::Federation(FederationError::File(_) | FederationError::Record(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
            }
        }
    }
}

fn envelope(status: StatusCode, code: u8, message: String) -> Response {
    let mut response = (status, Json(ErrorBody { code, message, details: Vec::new() })).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
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

impl From<AttributesError> for ControlError {
    fn from(error: AttributesError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<TokenIdError> for ControlError {
    fn from(error: TokenIdError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// One text for every token and assertion that proves nothing, whatever the reason: a stranger learns
/// nothing about organizations, configurations and issuers.
const NOT_PROVEN: &str = "the token or assertion was not accepted; the reason is in the server's log";
const BLAND: &str = "this could not be done now; the reason is in the server's log";
/// Seconds. An identity provider's keys are asked for anew no more often.
const AFTER_PROVIDER_TROUBLE: u64 = 30;

// https://grpc.io/docs/guides/status-codes/
const INVALID_ARGUMENT: u8 = 3;
const DEADLINE_EXCEEDED: u8 = 4;
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
