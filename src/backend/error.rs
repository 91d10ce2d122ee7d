//! Why a backend gave no answer.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;

/// A request to a backend that got no answer. Always the backend's fault or ours, never the client's.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// What is written in the configuration gives no valid request.
    #[error("the request to the backend cannot be built: {0}")]
    Build(#[from] http::Error),
    /// The certificates to trust cannot be read.
    #[error("the certificates to trust for backend {backend} cannot be used: {reason}")]
    Certificates {
        /// The backend's name.
        backend: String,
        /// What is wrong with them.
        reason: String,
    },
    /// No connection: refused, unreachable, timed out, or its certificate is not trusted.
    #[error("no connection to the backend: {0}")]
    Connect(String),
    /// The connection ended, or what came was no HTTP answer.
    #[error("the backend gave no valid answer: {0}")]
    Exchange(String),
    /// It answered a question of ours with an error.
    #[error(
        "the backend {backend} refused a request of ours with {status} {code}: check its access key, region and endpoint"
    )]
    Refused {
        /// The backend's name.
        backend: String,
        /// The status of its answer.
        status: StatusCode,
        /// The S3 error code, where it gave one.
        code: String,
    },
    /// It did not answer a question of ours in time.
    #[error("the backend {backend} gave no whole answer within {limit:?}")]
    TimedOut {
        /// The backend's name.
        backend: String,
        /// The time that it had.
        limit: Duration,
    },
}

impl BackendError {
    pub(super) fn exchange(error: &hyper::Error) -> Self {
        Self::Exchange(chain(error))
    }
}

/// The error and its causes on one line: the cause at the bottom is what an operator needs.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
