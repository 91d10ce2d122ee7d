//! Follows the store: hears of every change, and lists anew when some were missed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::live::Live;
use crate::store::{BUCKETS, KeyStore, ORGANIZATION, POLICIES, StoreError, Watch, WatchEvent, list_all};

/// The task that hears of changes.
pub(super) struct Follower {
    store: Arc<dyn KeyStore>,
    live: Arc<Live>,
}

/// What it listens to.
pub(super) struct Watches {
    policies: Watch,
    buckets: Watch,
    organization: Watch,
}

/// Puts nothing in force if the one who follows panics: what is known then would grow old unnoticed.
struct Unfollowed(Arc<Live>);

impl Drop for Unfollowed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the policies are not followed any more; requests are refused until the next start");
            self.0.set_following(false);
        }
    }
}

impl Follower {
    /// Watches first and lists then, so that no change falls between.
    pub(super) async fn start(store: Arc<dyn KeyStore>, live: Arc<Live>) -> Result<(Self, Watches), StoreError> {
        let follower = Self { store, live };
        let watches = follower.start_over().await?;
        Ok((follower, watches))
    }

    /// Runs until `stop`.
    pub(super) async fn run(self, mut watches: Watches, stop: CancellationToken) {
        let _unfollowed = Unfollowed(Arc::clone(&self.live));
        loop {
            let complete = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                event = watches.policies.next() => self.heard(event, &mut watches.policies),
                event = watches.buckets.next() => self.heard(event, &mut watches.buckets),
                event = watches.organization.next() => self.heard(event, &mut watches.organization),
            };
            if !complete {
                match stop.run_until_cancelled(self.catch_up()).await {
                    Some(renewed) => watches = renewed,
                    None => return,
                }
            }
        }
    }

    /// Takes in an event and those that wait behind it, in one step. Whether nothing was missed.
    fn heard(&self, first: Option<WatchEvent>, watch: &mut Watch) -> bool {
        let mut changes = Vec::new();
        let mut event = first;
        loop {
            let Some(WatchEvent::Changed(change)) = event else { return false };
            changes.push(change);
            if changes.len() == AT_ONCE {
                break;
            }
            match watch.next().now_or_never() {
                Some(next) => event = next,
                None => break,
            }
        }
        self.live.learn_each(changes);
        true
    }

    /// Changes were missed, or the store stopped reporting: starts over. Everything is refused meanwhile.
    async fn catch_up(&self) -> Watches {
        self.live.set_following(false);
        let mut pause = Duration::from_millis(20);
        loop {
            match self.start_over().await {
                Ok(watches) => {
                    self.live.set_following(true);
                    return watches;
                }
                Err(error) => {
                    tracing::error!(%error, "the policies cannot be followed; requests are refused until they can");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn start_over(&self) -> Result<Watches, StoreError> {
        let watches = Watches {
            policies: self.store.watch(POLICIES).await?,
            buckets: self.store.watch(BUCKETS).await?,
            organization: self.store.watch(ORGANIZATION).await?,
        };
        let before = self.live.newest();
        let mut listing = Vec::new();
        for prefix in [POLICIES, BUCKETS, ORGANIZATION] {
            listing.extend(list_all(&*self.store, prefix).await?);
        }
        self.live.learn_all(listing, before);
        Ok(watches)
    }
}

/// How many changes are taken in together at most.
const AT_ONCE: usize = 1000;
