//! What can go wrong with federation, and whose fault it is.

use crate::store::{CommitError, RecordError, StoreError};

/// Why a configuration could not be read or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FederationError {
    /// Another configuration has what has to be unique.
    #[error("{0}")]
    AlreadyExists(String),
    /// The caller's request makes no sense; says what to change.
    #[error("{0}")]
    Invalid(String),

    /// A file of the configuration cannot be used. The operator's to solve.
    #[error("{0}")]
    File(String),
    /// Others changed the same record again and again.
    #[error("the configuration is being changed by others; try again")]
    Busy,
    /// A stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not take a change, or nobody knows whether it did.
    #[error(transparent)]
    Commit(CommitError),
}

/// Why a token or an assertion proves nothing. What is in it is for the operator's log, and holds no
/// token, assertion or secret.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoginError {
    /// The request does not say which configuration is meant, and there are several, or none. The
    /// client's to solve; there is nothing to hide.
    #[error("configId is needed: the organization has {0} SAML configurations")]
    ConfigurationNeeded(usize),
    /// It is genuine and too old. Told only once its signature was verified.
    #[error("it has expired")]
    Expired,
    /// The identity provider cannot be reached, or answers nonsense.
    #[error("the identity provider {issuer} cannot be asked for its keys: {reason}")]
    ProviderUnavailable {
        /// The configured issuer.
        issuer: String,
        /// What happened.
        reason: String,
    },
    /// A check did not pass.
    #[error("{0}")]
    Refused(String),
    /// Our store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for FederationError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            other => Self::Commit(other),
        }
    }
}
