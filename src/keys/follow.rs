//! Follows the store: drops changed keys from the cache, keeps the lists of tokens and of the suspended.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::KeysError;
use super::lookup::LiveKeys;
use super::suspension::Suspensions;
use super::token::TokenBook;
use crate::store::{
    Change, KEYS, KeyStore, PRINCIPALS, PrincipalRecord, StoreError, TOKENS, TokenRecord, Watch, WatchEvent,
};

/// The task that hears of changes.
pub(super) struct Follower {
    store: Arc<dyn KeyStore>,
    live: Arc<LiveKeys>,
    suspensions: Arc<Suspensions>,
    tokens: Arc<TokenBook>,
}

/// What it listens to.
pub(super) struct Watches {
    keys: Watch,
    principals: Watch,
    tokens: Watch,
}

impl Follower {
    /// Watches first and lists then, so that no change falls between.
    pub(super) async fn start(
        store: Arc<dyn KeyStore>,
        live: Arc<LiveKeys>,
        suspensions: Arc<Suspensions>,
        tokens: Arc<TokenBook>,
    ) -> Result<(Self, Watches), KeysError> {
        let watches = watch(&*store).await?;
        let follower = Self { store, live, suspensions, tokens };
        follower.list_suspended().await?;
        follower.list_tokens().await?;
        Ok((follower, watches))
    }

    /// Runs until `stop`.
    pub(super) async fn run(self, mut watches: Watches, stop: CancellationToken) {
        loop {
            let complete = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                event = watches.keys.next() => self.key_event(event).await,
                event = watches.principals.next() => self.principal_event(event),
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
        true
    }

    fn token_event(&self, event: Option<WatchEvent>) -> bool {
        let Some(WatchEvent::Changed(Change { key, revision, value })) = event else { return false };
        let Some(value) = value else {
            // Tokens leave tombstones: a record that is gone was removed by hand.
            tracing::warn!(record = %key, "a token record was removed from the store");
            key.token().iter().for_each(|token| self.tokens.forget(token));
            return true;
        };
        match TokenRecord::decode(&key, &value) {
            Ok(record) => {
                self.tokens.learn(revision, record);
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
        self.list_tokens().await?;
        Ok(watches)
    }

    async fn list_tokens(&self) -> Result<(), KeysError> {
        let before = self.tokens.newest();
        let mut listing = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.list(TOKENS, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, stored) in &page {
                listing.push((stored.revision, TokenRecord::decode(key, &stored.value)?));
            }
        }
        self.tokens.learn_all(listing, before);
        Ok(())
    }

    async fn list_suspended(&self) -> Result<(), KeysError> {
        let before = self.suspensions.newest();
        let mut listing = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.list(PRINCIPALS, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, stored) in &page {
                let record = PrincipalRecord::decode(key, &stored.value)?;
                if let Some(principal) = key.principal() {
                    listing.push((principal, stored.revision, record.suspended_since));
                }
            }
        }
        self.suspensions.learn_all(listing, before);
        Ok(())
    }
}

async fn watch(store: &dyn KeyStore) -> Result<Watches, StoreError> {
    let (keys, principals) = (store.watch(KEYS).await?, store.watch(PRINCIPALS).await?);
    Ok(Watches { keys, principals, tokens: store.watch(TOKENS).await? })
}

const PAGE: usize = 1000;
