//! One change of a bucket at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Place, OwnedMutexGuard};

use crate::s3::BucketName;

/// Who changes which bucket now. Making and deleting a bucket, and setting what is kept about it, happen
/// one after the other, each with its look at the backend: otherwise what was meant for a bucket that is
/// just being deleted would be kept for the next one of its name, or be forgotten for this one.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Turns(Mutex<HashMap<BucketName, Weak<Place<()>>>>);

/// As long as it lives, nobody else changes the bucket.
pub(in crate::proxy) type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits until nobody else changes `bucket`.
    pub(super) async fn take(&self, bucket: &BucketName) -> Turn {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.get(bucket).and_then(Weak::upgrade).unwrap_or_else(|| {
                turns.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::new(Place::new(()));
                turns.insert(bucket.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_bucket_has_one_turn_and_leaves_nothing_behind() {
        let turns = Turns::default();
        let [one, other] = ["one", "other"].map(|name| BucketName::parse(name).unwrap());
        let first = turns.take(&one).await;
        assert!(turns.take(&one).now_or_never().is_none(), "the turn is taken");
        drop(turns.take(&other).now_or_never().expect("another bucket is free"));
        drop(first);
        drop(turns.take(&one).now_or_never().expect("the turn is free again"));
        drop(turns.take(&other).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1, "the other is forgotten");
    }
}
