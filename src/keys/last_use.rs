//! When keys were last used: noted at requests, written to records of their own in the background.
//!
//! A record apart from the key's means that this write, however late, can bring back nothing that a
//! revocation destroyed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{KeysError, LiveKey};
use crate::identity::AccessKeyId;
use crate::store::{Expected, KeyStore, Mutation, RecordKey, UsedRecord, Write};

/// Uses that are not written down yet.
pub(super) struct LastUses {
    store: Arc<dyn KeyStore>,
    pending: Mutex<HashMap<AccessKeyId, Timestamp>>,
}

impl LastUses {
    pub(super) fn new(store: Arc<dyn KeyStore>) -> Self {
        Self { store, pending: Mutex::default() }
    }

    pub(super) fn note(&self, key: &LiveKey, now: Timestamp) {
        let minute = now.as_second().div_euclid(60);
        if key.first_use_in(minute) {
            let start_of_minute = Timestamp::from_second(minute * 60).unwrap_or(now);
            self.pending().insert(key.id.clone(), start_of_minute);
        }
    }

    /// Writes what is pending. What cannot be written stays pending.
    pub(super) async fn write(&self) -> Result<(), KeysError> {
        let mut uses: Vec<_> = std::mem::take(&mut *self.pending()).into_iter().collect();
        while !uses.is_empty() {
            let batch = uses.split_off(uses.len().saturating_sub(BATCH));
            let writes = batch.iter().map(|(id, last_used)| Write {
                key: RecordKey::for_use_of(id),
                expected: Expected::Any,
                change: Mutation::Put(UsedRecord { last_used: *last_used }.encode()),
            });
            if let Err(error) = self.store.commit(writes.collect()).await {
                let mut pending = self.pending();
                for (id, last_used) in uses.into_iter().chain(batch) {
                    // A later use may have been noted meanwhile.
                    pending.entry(id).or_insert(last_used);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<AccessKeyId, Timestamp>> {
        // Every change of the map is a single insertion: a panic elsewhere leaves it whole.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes every `interval` and once more at `stop`.
pub(super) async fn write_regularly(uses: Arc<LastUses>, interval: Duration, stop: CancellationToken) {
    loop {
        let stopping = stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_none();
        if let Err(error) = uses.write().await {
            tracing::warn!(%error, "last uses of keys could not be written; they are kept for later");
        }
        if stopping {
            return;
        }
    }
}

/// How many records one commit takes; the limit of some stores is 128.
const BATCH: usize = 100;
