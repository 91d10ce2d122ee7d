//! Follows the store: drops changed keys from the cache, keeps the lists of tokens and of the suspended.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::KeysError;
use super::cutoff::Cutoffs;
use super::hold::Ends;
use super::lookup::LiveKeys;
use super::suspension::Suspensions;
use super::token::TokenBook;
use crate::store::{
    CUTOFFS, Change, KEYS, KeyRecord, KeyState, KeyStore, PRINCIPALS, PrincipalRecord, StoreError, TOKENS, TokenRecord,
    TokenState, Watch, WatchEvent, decode, list_all,
};

/// The task that hears of changes.
pub(super) struct Follower {
    store: Arc<dyn KeyStore>,
    live: Arc<LiveKeys>,
    suspensions: Arc<Suspensions>,
    cutoffs: Arc<Cutoffs>,
    tokens: Arc<TokenBook>,
    ends: Arc<Ends>,
}

/// What it listens to.
pub(super) struct Watches {
    keys: Watch,
    principals: Watch,
    cutoffs: Watch,
    tokens: Watch,
}

impl Follower {
    /// Watches first and lists then, so that no change falls between.
    pub(super) async fn start(
        store: Arc<dyn KeyStore>,
        live: Arc<LiveKeys>,
        suspensions: Arc<Suspensions>,
        cutoffs: Arc<Cutoffs>,
        tokens: Arc<TokenBook>,
        ends: Arc<Ends>,
    ) -> Result<(Self, Watches), KeysError> {
        let watches = watch(&*store).await?;
        let follower = Self { store, live, suspensions, cutoffs, tokens, ends };
        follower.list_suspended().await?;
        follower.list_cutoffs().await?;
        follower.list_tokens().await?;
        Ok((follower, watches))
    }

    /// Runs until `stop`.
    pub(super) async fn run(self, mut watches: Watches, stop: CancellationToken) {
        let _unfollowed = Unfollowed(Arc::clone(&self.live));
        loop {
            // Not in this order: with many changes of keys, nobody would hear of the others.
            let complete = tokio::select! {
                () = stop.cancelled() => return,
                event = watches.keys.next() => self.key_event(event).await,
                event = watches.principals.next() => self.principal_event(event),
                event = watches.cutoffs.next() => self.cutoff_event(event),
                event = watches.tokens.next() => self.token_event(event),
            };
            if !complete {
                match stop.run_until_cancelled(self.catch_up()).await {
                    Some(renewed) => watches = renewed,
                    None => return,
                }
            }
        }
    }

    /// Whether nothing was missed.
    async fn key_event(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(change)) = event else { return false };
        if let Some(id) = change.key.access_key() {
            self.live.changed(&id, change.revision).await;
            if ends_a_key(&change) {
                self.ends.advance();
            }
        } else {
            tracing::warn!(record = %change.key, "the store holds a key record with an impossible name");
        }
        true
    }

    fn principal_event(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(Change { key, revision, value })) = event else { return false };
        let Some(principal) = key.principal() else {
            tracing::warn!(record = %key, "the store holds a principal record with an impossible name");
            return true;
        };
        let record = match value.map(|value| PrincipalRecord::decode(&key, &value)).transpose() {
            Ok(record) => record.unwrap_or_default(),
            Err(error) => {
                // Whatever it says, it is not understood: listing it anew stops all answers until it is.
                tracing::error!(%error, "a principal record cannot be read");
                return false;
            }
        };
        self.suspensions.learn(principal, revision, record.suspended_since);
        if record.suspended_since.is_some() {
            self.ends.advance();
        }
        true
    }

    fn cutoff_event(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(Change { key, revision, value })) = event else { return false };
        match value.map(|value| decode(&key, &value)).transpose() {
            Ok(record) => {
                self.cutoffs.learn(key, revision, record);
                self.ends.advance();
                true
            }
            Err(error) => {
                // Whatever it says, it is not understood: listing it anew stops all answers until it is.
                tracing::error!(%error, "a cut-off cannot be read");
                false
            }
        }
    }

    fn token_event(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(Change { key, revision, value })) = event else { return false };
        let Some(value) = value else {
            // Tokens leave tombstones: a record that is gone was removed by hand.
            tracing::warn!(record = %key, "a token record was removed from the store");
            key.token().iter().for_each(|token| self.tokens.forget(token));
            self.ends.advance();
            return true;
        };
        match TokenRecord::decode(&key, &value) {
            Ok(record) => {
                let is_revoked = matches!(record.state, TokenState::Revoked { .. });
                self.tokens.learn(revision, record);
                if is_revoked {
                    self.ends.advance();
                }
                true
            }
            Err(error) => {
                // Whatever it says, it is not understood: listing it anew stops all answers until it is.
                tracing::error!(%error, "a token record cannot be read");
                false
            }
        }
    }

    /// Changes were missed, or the store stopped reporting: starts over. Until that succeeds, look-ups fail.
    async fn catch_up(&self) -> Watches {
        let mut pause = Duration::from_millis(20);
        loop {
            match self.start_over().await {
                Ok(watches) => {
                    self.live.set_current(true);
                    self.ends.advance();
                    return watches;
                }
                Err(error) => {
                    self.live.set_current(false);
                    tracing::error!(%error, "the key store cannot be followed; requests are refused until it can");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn start_over(&self) -> Result<Watches, KeysError> {
        let watches = watch(&*self.store).await?;
        self.live.forget_all();
        self.list_suspended().await?;
        self.list_cutoffs().await?;
        self.list_tokens().await?;
        Ok(watches)
    }

    async fn list_tokens(&self) -> Result<(), KeysError> {
        let before = self.tokens.newest();
        let mut listing = Vec::new();
        for (key, stored) in list_all(&*self.store, TOKENS).await? {
            listing.push((stored.revision, TokenRecord::decode(&key, &stored.value)?));
        }
        self.tokens.learn_all(listing, before);
        Ok(())
    }

    async fn list_cutoffs(&self) -> Result<(), KeysError> {
        let before = self.cutoffs.newest();
        let mut listing = Vec::new();
        for (key, stored) in list_all(&*self.store, CUTOFFS).await? {
            let record = decode(&key, &stored.value)?;
            listing.push((key, stored.revision, record));
        }
        self.cutoffs.learn_all(listing, before);
        Ok(())
    }

    async fn list_suspended(&self) -> Result<(), KeysError> {
        let before = self.suspensions.newest();
        let mut listing = Vec::new();
        for (key, stored) in list_all(&*self.store, PRINCIPALS).await? {
            let record = PrincipalRecord::decode(&key, &stored.value)?;
            if let Some(principal) = key.principal() {
                listing.push((principal, stored.revision, record.suspended_since));
            }
        }
        self.suspensions.learn_all(listing, before);
        Ok(())
    }
}

/// Stops all answers if the follower panics: nobody would hear of changes any more.
struct Unfollowed(Arc<LiveKeys>);

impl Drop for Unfollowed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_current(false);
        }
    }
}

/// Whether a key stopped to stand, other than by expiring. What cannot be read may be that.
fn ends_a_key(change: &Change) -> bool {
    // Records that are gone are those of ended keys, many at a time.
    let Some(value) = &change.value else { return false };
    let record = KeyRecord::decode(&change.key, value);
    !matches!(record, Ok(KeyRecord { state: KeyState::Active { .. }, .. }))
}

async fn watch(store: &dyn KeyStore) -> Result<Watches, StoreError> {
    let (keys, principals) = (store.watch(KEYS).await?, store.watch(PRINCIPALS).await?);
    let (cutoffs, tokens) = (store.watch(CUTOFFS).await?, store.watch(TOKENS).await?);
    Ok(Watches { keys, principals, cutoffs, tokens })
}
