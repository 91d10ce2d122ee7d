//! What can go wrong with access keys, and whose fault it is.

use crate::identity::{AccessKeyId, Principal, TokenId};
use crate::store::{CommitError, RecordError, ResealError, SealError, StoreError};

/// Why keys could not be found or changed. The first group is the caller's fault, the second ours.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeysError {
    /// The id is taken, by a living key or by what is left of one that ended.
    #[error("there is, or was, an access key {0}; ids are not used twice")]
    AlreadyExists(AccessKeyId),
    /// The evidence made a key before, and is good for one.
    #[error("this assertion was used before; log in again at the identity provider")]
    AlreadyUsed,
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The identity may not have what was asked for.
    #[error("{0}")]
    NotPermitted(&'static str),
    /// There is no such token.
    #[error("there is no API token {0}")]
    NoSuchToken(TokenId),
    /// The principal is suspended.
    #[error("the principal {0} is suspended; an administrator can resume it")]
    Suspended(Principal),
    /// The token was revoked, which cannot be undone.
    #[error("the API token {0} is revoked; create a new one")]
    TokenRevoked(TokenId),
    /// The key was revoked, which cannot be undone.
    #[error("the access key {0} is revoked; create a new one")]
    Revoked(AccessKeyId),

    /// The clock was set, so that nobody knows when a key would end.
    #[error("no keys are issued: {0}")]
    Clock(#[from] crate::clock::ClockDoubt),
    /// The store has little room left, which is for revocations.
    #[error("the key store is nearly full: keys can be revoked, and none issued until there is room")]
    Full,
    /// The store, or the connection to it, does not keep up; what is cached may be old.
    #[error("the key store is not reachable, so that nobody can be sure which keys are valid")]
    NotCurrent,
    /// Others changed the same record again and again.
    #[error("the record of {0} is being changed by others; try again")]
    Contended(AccessKeyId),
    /// Others changed the same records again and again.
    #[error("the records are being changed by others; try again")]
    Busy,
    /// A stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not take a change, or nobody knows whether it did.
    #[error(transparent)]
    Commit(CommitError),
}

impl From<CommitError> for KeysError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            other => Self::Commit(other),
        }
    }
}

impl From<ResealError> for KeysError {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Commit(error) => error.into(),
            ResealError::Record(error) => Self::Record(error),
            ResealError::Seal(error) => Self::Seal(error),
            ResealError::Store(error) => Self::Store(error),
        }
    }
}
