//! Tells those who go on using a key after having found it, transfers that take long, that it has ended meanwhile.
//!
//! A key ends rarely and transfers are many: so whatever may have ended a key only advances a count and wakes them,
//! and each of them looks its own key up anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Keys, LiveKey, Lookup};

/// How often something may have ended a key.
#[derive(Default)]
pub(super) struct Ends {
    count: AtomicU64,
    advanced: Notify,
}

/// The count at one moment: taken before a key is looked up, so that nothing that happens after it is missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndsSeen(u64);

/// Held by whoever goes on using a key.
#[derive(Clone)]
pub struct Hold {
    keys: Arc<Keys>,
    key: Arc<LiveKey>,
    seen: EndsSeen,
}

impl Ends {
    /// Some key may have ended.
    pub(super) fn advance(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.advanced.notify_waiters();
    }

    fn seen(&self) -> EndsSeen {
        EndsSeen(self.count.load(Ordering::SeqCst))
    }
}

impl Keys {
    /// What a [`Hold`] is made with: to be asked for before the key is.
    #[must_use]
    pub fn ends_seen(&self) -> EndsSeen {
        self.ends.seen()
    }

    /// To go on using `key`, which was looked up after `seen`.
    #[must_use]
    pub fn hold(self: &Arc<Self>, key: Arc<LiveKey>, seen: EndsSeen) -> Hold {
        Hold { keys: Arc::clone(self), key, seen }
    }

    /// Whether the key that was found before goes on; `None` while the store does not say.
    async fn goes_on(&self, key: &LiveKey) -> Option<bool> {
        match self.find(&key.id).await {
            // A key of the same id that was made since is another one.
            Ok(Lookup::Known(found)) => Some(found.is_same_as(key) && !self.is_suspended(&key.principal)),
            Ok(Lookup::Unknown(_)) => Some(false),
            Err(_) => None,
        }
    }
}

impl Hold {
    /// Whether nothing happened that may have ended the key. Costs next to nothing.
    #[must_use]
    pub fn is_untroubled(&self) -> bool {
        self.keys.ends.seen() == self.seen
    }

    /// Returns when the key has been revoked or its principal suspended. Its expiry is not looked at.
    pub async fn ended(mut self) {
        if crate::fault::check_is_off("cut_running_transfers") {
            return std::future::pending().await;
        }
        loop {
            let keys = Arc::clone(&self.keys);
            let mut advanced = std::pin::pin!(keys.ends.advanced.notified());
            // From now on nothing is missed.
            advanced.as_mut().enable();
            let seen = keys.ends.seen();
            if seen == self.seen {
                advanced.await;
                // Many keys that end one after the other do not each wake everybody.
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            match Box::pin(keys.goes_on(&self.key)).await {
                Some(true) => self.seen = seen,
                Some(false) => return,
                // It is asked again: what ended the key may have been the last thing to happen.
                None => tokio::time::sleep(PAUSE_OF_STORE).await,
            }
        }
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hold").field("key", &self.key.id).finish_non_exhaustive()
    }
}

const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_OF_STORE: Duration = Duration::from_millis(100);
