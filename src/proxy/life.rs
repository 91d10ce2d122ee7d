//! How long a transfer may go on: a while after its key has expired, and no longer than until somebody ends the key.

use std::pin::Pin;

use tokio::time::Instant;

use crate::keys::Hold;
use crate::s3::{ErrorCode, S3Error};

/// How long a transfer may go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// When its key has been expired for long enough; never, for a permanent key.
    until: Option<Instant>,
    /// On the key that asked; nobody's request has none.
    hold: Option<Hold>,
}

/// Why a transfer has to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Over {
    /// Its key expired a while ago.
    Expired,
    /// Its key was revoked, or whose key it is was suspended.
    Ended,
}

impl Life {
    pub(super) fn new(until: Option<Instant>, hold: Hold) -> Self {
        Self { until, hold: Some(hold) }
    }

    /// Whether nothing happened that may have ended it, but the passing of time. Costs next to nothing.
    pub(super) fn is_untroubled(&self) -> bool {
        self.until.is_none() && self.hold.as_ref().is_none_or(Hold::is_untroubled)
    }

    /// Returns when it is over.
    pub(super) async fn over(self) -> Over {
        let expired = async {
            match self.until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match self.hold {
                Some(hold) => hold.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => Over::Expired,
            () = ended => Over::Ended,
        }
    }

    /// What `work` comes to, if that is within its life. It is pinned where it is made: moved, it would be held twice.
    pub(super) async fn bound<T, E: From<S3Error>>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T, E>>>,
    ) -> Result<T, E> {
        tokio::select! {
            biased;
            outcome = work => outcome,
            over = Box::pin(self.clone().over()) => Err(S3Error::from(over).into()),
        }
    }
}

impl From<Over> for S3Error {
    fn from(over: Over) -> Self {
        match over {
            Over::Expired => Self::new(ErrorCode::ExpiredToken, "The access key expired during the transfer."),
            Over::Ended => Self::new(ErrorCode::InvalidAccessKeyId, "The access key was revoked during the transfer."),
        }
    }
}
