//! Has the store forget what has been over for long: ended temporary keys, assertions that could not pass any more.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::KeyStore;

/// Forgets every `interval` until `stop`.
pub(super) async fn forget_regularly(
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        match store.forget(clock.now()).await {
            Ok(0) => {}
            Ok(records) => tracing::debug!(records, "forgot what ended long ago"),
            Err(error) => tracing::warn!(%error, "records of ended keys could not be removed; tried again later"),
        }
    }
}
