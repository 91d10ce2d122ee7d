//! Forgets what has been over for long: ended temporary keys, assertions that could not pass any more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::KeysError;
use crate::clock::Clock;
use crate::store::{CommitError, DUE, DueRecord, Expected, KeyStore, Mutation, RecordKey, Versioned, Write, decode};

/// Removes every record whose time has come, and returns how many it named. A note that cannot be read
/// stays, and keeps no other.
pub(super) async fn forget_due(store: &dyn KeyStore, now: Timestamp) -> Result<usize, KeysError> {
    let (mut forgotten, mut after) = (0, None);
    loop {
        let page = store.list(DUE, after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(forgotten) };
        after = Some(last.clone());
        for (key, note) in page {
            match key.due_at() {
                Some(at) if at <= now.as_second() => forgotten += forget_one(store, key, &note).await?,
                // In order of time: the first that is not due ends it.
                Some(_) => return Ok(forgotten),
                None => tracing::error!(record = %key, "a note of what to forget names no time; it is passed over"),
            }
        }
    }
}

/// Removes what one note names and the note itself; returns how many it named.
async fn forget_one(store: &dyn KeyStore, key: RecordKey, note: &Versioned) -> Result<usize, KeysError> {
    let unreadable = |error: &dyn std::error::Error| {
        tracing::error!(record = %key, error = %error, "a note of what to forget cannot be followed; it is passed over");
    };
    let record: DueRecord = match decode(&key, &note.value) {
        Ok(record) => record,
        Err(error) => {
            unreadable(&error);
            return Ok(0);
        }
    };
    let names = record.names.iter().filter_map(|name| RecordKey::parse(name).ok());
    let delete = |key, expected| Write { key, expected, change: Mutation::Delete };
    let mut writes: Vec<_> = names.map(|name| delete(name, Expected::Any)).collect();
    let named = writes.len();
    // Only while the note is there: once it is gone, another node has forgotten these names, and what
    // has one of them since is something else.
    writes.push(delete(key.clone(), Expected::At(note.revision)));
    match store.commit(writes).await {
        Ok(_) => Ok(named),
        Err(CommitError::Conflict(_)) => Ok(0),
        Err(error @ CommitError::Repeated(_)) => {
            unreadable(&error);
            Ok(0)
        }
        Err(other) => Err(other.into()),
    }
}

/// Forgets every `interval` until `stop`.
pub(super) async fn forget_regularly(
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        match forget_due(&*store, clock.now()).await {
            Ok(0) => {}
            Ok(records) => tracing::debug!(records, "forgot what ended long ago"),
            Err(error) => tracing::warn!(%error, "records of ended keys could not be removed; tried again later"),
        }
    }
}

const PAGE: usize = 100;
