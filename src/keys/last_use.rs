//! When keys and tokens were last used: noted at requests, written to records of their own in the background.
//!
//! A record apart from what was used means that this write, however late, can bring back nothing that a
//! revocation destroyed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{KeysError, LiveKey};
use crate::identity::TokenId;
use crate::store::{Expected, KeyStore, RecordKey, UsedRecord, Write};

/// Uses that are not written down yet.
pub(super) struct LastUses {
    store: Arc<dyn KeyStore>,
    pending: Mutex<HashMap<RecordKey, Use>>,
}

/// When something was used, and from when on nobody has to know any more.
#[derive(Clone, Copy)]
struct Use {
    at: Timestamp,
    until: Option<Timestamp>,
}

impl LastUses {
    pub(super) fn new(store: Arc<dyn KeyStore>) -> Self {
        Self { store, pending: Mutex::default() }
    }

    pub(super) fn note(&self, key: &LiveKey, now: Timestamp) {
        let minute = now.as_second().div_euclid(60);
        if key.first_use_in(minute) {
            self.pending().insert(RecordKey::for_use_of(&key.id), Use { at: start_of_minute(now), until: key.until });
        }
    }

    pub(super) fn note_token(&self, token: &TokenId, now: Timestamp) {
        self.pending().insert(RecordKey::for_use_of_token(token), Use { at: start_of_minute(now), until: None });
    }

    /// Writes what is pending. What cannot be written stays pending.
    pub(super) async fn write(&self) -> Result<(), KeysError> {
        if self.store.report().is_full {
            // What room there is, is for revocations.
            return Ok(());
        }
        let mut uses: Vec<_> = std::mem::take(&mut *self.pending()).into_iter().collect();
        while !uses.is_empty() {
            let batch = uses.split_off(uses.len().saturating_sub(BATCH));
            let writes = batch.iter().map(|(key, last)| {
                let record = UsedRecord { last_used: last.at }.encode();
                Write::put(key.clone(), Expected::Any, record).until(last.until)
            });
            if let Err(error) = self.store.commit(writes.collect()).await {
                let mut pending = self.pending();
                for (key, last) in uses.into_iter().chain(batch) {
                    // A later use may have been noted meanwhile.
                    pending.entry(key).or_insert(last);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<RecordKey, Use>> {
        // Every change of the map is a single insertion: a panic elsewhere leaves it whole.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start_of_minute(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second().div_euclid(60) * 60).unwrap_or(time)
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
