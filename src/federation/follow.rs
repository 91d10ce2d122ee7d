//! Follows the store: keeps the set of configurations as the store has it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::FederationError;
use super::in_force::{InForce, Stored};
use crate::store::{Change, FEDERATION, KeyStore, Watch, WatchEvent, list_all};

/// The task that hears of changes.
pub(super) struct Follower {
    store: Arc<dyn KeyStore>,
    in_force: Arc<InForce>,
}

impl Follower {
    /// Watches first and lists then, so that no change falls between.
    pub(super) async fn start(
        store: Arc<dyn KeyStore>,
        in_force: Arc<InForce>,
    ) -> Result<(Self, Watch), FederationError> {
        let follower = Self { store, in_force };
        let watch = follower.start_over().await?;
        Ok((follower, watch))
    }

    /// Runs until `stop`.
    pub(super) async fn run(self, mut watch: Watch, stop: CancellationToken) {
        loop {
            let Some(event) = stop.run_until_cancelled(watch.next()).await else { return };
            if !self.heard(event) {
                match stop.run_until_cancelled(self.catch_up()).await {
                    Some(renewed) => watch = renewed,
                    None => return,
                }
            }
        }
    }

    /// Whether nothing was missed.
    fn heard(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(Change { key, revision, value })) = event else { return false };
        match value.map(|value| Stored::read(&key, &value)).transpose() {
            Ok(stored) => {
                self.in_force.learn(key, revision, stored);
                true
            }
            Err(error) => {
                // Whatever it says, it is not understood: listing it anew stops all logins until it is.
                tracing::error!(%error, "a federation record cannot be read");
                false
            }
        }
    }

    /// Changes were missed, or the store stopped reporting: starts over. Nobody logs in meanwhile.
    async fn catch_up(&self) -> Watch {
        self.in_force.set_current(false);
        let mut pause = Duration::from_millis(20);
        loop {
            match self.start_over().await {
                Ok(watch) => {
                    self.in_force.set_current(true);
                    return watch;
                }
                Err(error) => {
                    tracing::error!(%error, "the federation configurations cannot be followed; logins are refused until they can");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn start_over(&self) -> Result<Watch, FederationError> {
        let watch = self.store.watch(FEDERATION).await?;
        let before = self.in_force.newest();
        let mut listing = Vec::new();
        for (key, stored) in list_all(&*self.store, FEDERATION).await? {
            let content = Stored::read(&key, &stored.value)?;
            listing.push((key, stored.revision, content));
        }
        self.in_force.learn_all(listing, before);
        Ok(watch)
    }
}
