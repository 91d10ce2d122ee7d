//! Forgets what has been over for long: ended temporary keys, assertions that could not pass any more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::KeysError;
use crate::clock::Clock;
use crate::store::{CommitError, DUE, DueRecord, Expected, KeyStore, Mutation, RecordKey, Write, decode};

/// Removes every record whose time has come, and returns how many.
pub(super) async fn forget_due(store: &dyn KeyStore, now: Timestamp) -> Result<usize, KeysError> {
    let mut forgotten = 0;
    loop {
        // In order of time: the first that is not due ends it.
        let page = store.list(DUE, None, PAGE).await?;
        let due = page.iter().take_while(|(key, _)| key.due_at().is_some_and(|at| at <= now.as_second()));
        let mut any = false;
        for (key, stored) in due {
            any = true;
            let record: DueRecord = decode(key, &stored.value)?;
            let names = record.names.iter().filter_map(|name| RecordKey::parse(name).ok());
            let delete = |key| Write { key, expected: Expected::Any, change: Mutation::Delete };
            let writes: Vec<_> = names.chain([key.clone()]).map(delete).collect();
            forgotten += writes.len() - 1;
            match store.commit(writes).await {
                // Another node was first.
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        if !any || page.len() < PAGE {
            return Ok(forgotten);
        }
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
