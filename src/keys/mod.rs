//! Issues, finds, suspends and revokes access keys and API tokens; owns the cache of living keys.
//!
//! The strict rule: once a revocation, a suspension or any other change has been acknowledged here, no
//! look-up that answers later is answered from before it. [`lookup`] says how.
//!
//! HTTP, signatures' forms and which store it is are for others to know.

mod cutoff;
mod error;
mod follow;
mod forget;
mod generation;
mod grant;
mod hold;
mod issue;
mod last_use;
mod list;
mod live_key;
mod lookup;
mod revoke;
mod rotate_seal;
mod suspension;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::identity::{Groups, OrganizationId, Permission, Principal, TokenId};
use crate::store::{KeyStore, SealKeys, StoreReport, TokenState};

pub use crate::store::CutoffScope;
pub use error::KeysError;
pub use grant::{Grant, KeyLife};
pub use hold::{EndsSeen, Hold};
pub use issue::{IssuedKey, NewStaticKey};
pub use list::{KeyFilter, KeyInfo, KeyStatus};
pub use live_key::{LiveKey, SessionTokenError};
pub use lookup::Lookup;
pub use token::{KeysOfToken, NewToken, TokenHolder, TokenInfo, TokenSource, TokenStatus, TokenUpdate};

use cutoff::Cutoffs;
use hold::Ends;
use last_use::LastUses;
use lookup::LiveKeys;
use suspension::Suspensions;
use token::TokenBook;

/// Every access key of one organization: the store behind it, the cache over it, the clock beside it.
pub struct Keys {
    store: Arc<dyn KeyStore>,
    seal: Arc<SealKeys>,
    clock: Arc<dyn Clock>,
    organization: OrganizationId,
    live: Arc<LiveKeys>,
    suspensions: Arc<Suspensions>,
    cutoffs: Arc<Cutoffs>,
    tokens: Arc<TokenBook>,
    last_uses: Arc<LastUses>,
    ends: Arc<Ends>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What a key counts for at one moment. The default is nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The most it may do, as [`Keys::permission_of`] says.
    pub permission: Permission,
    /// The groups it is in, as [`Keys::groups_of`] says.
    pub groups: Groups,
}

/// Sizes and times of the cache.
#[derive(Clone, Debug)]
pub struct CacheSettings {
    /// How many living keys are held at most.
    pub live_entries: u64,
    /// How many ids that no key has are remembered at most.
    pub absent_entries: u64,
    /// How long an id that no key has is remembered; more than a second counts as a second.
    pub absent_life: Duration,
    /// Whether nobody but us issues keys: then an id that no key has is known to have none until we issue one.
    pub alone: bool,
    /// How often last uses are written to the store.
    pub write_last_uses_every: Duration,
    /// How often records are removed whose time has come.
    pub forget_every: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            live_entries: 100_000,
            absent_entries: 10_000,
            absent_life: Duration::from_secs(1),
            alone: true,
            write_last_uses_every: Duration::from_mins(1),
            forget_every: Duration::from_mins(10),
        }
    }
}

impl Keys {
    /// Reads who is suspended and starts following the store. Needs a Tokio runtime. What was started
    /// ends with [`shutdown`](Self::shutdown), or when the last `Arc` goes.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        seal: SealKeys,
        clock: Arc<dyn Clock>,
        organization: OrganizationId,
        cache: CacheSettings,
        random: &mut impl CryptoRng,
    ) -> Result<Arc<Self>, KeysError> {
        let seal = Arc::new(seal);
        let decoy = Arc::new(LiveKey::decoy(&organization, random));
        let live = Arc::new(LiveKeys::new(Arc::clone(&store), Arc::clone(&seal), Arc::clone(&clock), decoy, &cache));
        let suspensions = Arc::new(Suspensions::default());
        let cutoffs = Arc::new(Cutoffs::default());
        let tokens = Arc::new(TokenBook::new(Arc::clone(&store)));
        let last_uses = Arc::new(LastUses::new(Arc::clone(&store)));
        let ends = Arc::new(Ends::default());
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();

        let (follower, watches) = follow::Follower::start(
            Arc::clone(&store),
            Arc::clone(&live),
            Arc::clone(&suspensions),
            Arc::clone(&cutoffs),
            Arc::clone(&tokens),
            Arc::clone(&ends),
        )
        .await?;
        tasks.spawn(follower.run(watches, stop.clone()));
        tasks.spawn(last_use::write_regularly(Arc::clone(&last_uses), cache.write_last_uses_every, stop.clone()));
        let forgetting =
            forget::forget_regularly(Arc::clone(&store), Arc::clone(&clock), cache.forget_every, stop.clone());
        tasks.spawn(forgetting);
        tasks.close();
        let keys = Arc::new(Self {
            store,
            seal,
            clock,
            organization,
            live,
            suspensions,
            cutoffs,
            tokens,
            last_uses,
            ends,
            stop,
            tasks,
        });
        keys.sweep_regularly(cache.forget_every);
        Ok(keys)
    }

    /// The key called `id`, judged as of some moment after this call began. A key whose token was revoked
    /// is unknown. Expiry and suspension are the caller's to judge, at each request.
    ///
    /// # Errors
    /// If the store does not answer or holds something unreadable: 503 for the client, never a pass.
    pub async fn find(&self, id: &crate::identity::AccessKeyId) -> Result<Lookup, KeysError> {
        let found = self.live.find(id).await?;
        if let Lookup::Known(key) = &found
            && self.cutoffs.ends(key)
        {
            return Ok(self.live.unknown());
        }
        if let Lookup::Known(key) = &found
            && let Some(token) = &key.minted_by
            && !self.token_stands(token).await?
            && !crate::fault::check_is_off("key_of_revoked_token")
        {
            return Ok(self.live.unknown());
        }
        Ok(found)
    }

    /// Whether the keys of a token go on: unless it was revoked, and they with it.
    async fn token_stands(&self, token: &TokenId) -> Result<bool, KeysError> {
        let Some(record) = self.tokens.find(token).await? else { return Ok(false) };
        Ok(matches!(record.state, TokenState::Active {} | TokenState::Revoked { keeps_keys: true, .. }))
    }

    /// The most that `key`, just found, may do now: what it was made with, narrowed by what its token may
    /// do today. The ceiling of its identity may be lower.
    #[must_use]
    pub fn permission_of(&self, key: &LiveKey) -> Permission {
        self.standing_of(key).permission
    }

    /// The groups that `key`, just found, is in now: those of its token today, or those that an identity
    /// provider named when it was made.
    #[must_use]
    pub fn groups_of(&self, key: &LiveKey) -> Groups {
        self.standing_of(key).groups
    }

    /// Both at the price of one.
    #[must_use]
    pub fn standing_of(&self, key: &LiveKey) -> Standing {
        let Some(token) = &key.minted_by else {
            return Standing { permission: key.permission, groups: key.groups.clone() };
        };
        // Whoever found the key found its token; without it, nothing is allowed.
        let Some(record) = self.tokens.known(token) else { return Standing::default() };
        let permission = if crate::fault::check_is_off("live_token_permission") {
            key.permission
        } else {
            record.permission.min(key.permission)
        };
        Standing { permission, groups: record.groups.clone() }
    }

    /// Whether `principal` is suspended: its keys are then to be refused, once their signature verified.
    #[must_use]
    pub fn is_suspended(&self, principal: &Principal) -> bool {
        self.suspensions.since(principal).is_some()
    }

    /// Notes that a request was authenticated with `key`. Costs next to nothing; written down later,
    /// to the minute.
    pub fn note_use(&self, key: &LiveKey) {
        self.last_uses.note(key, self.clock.now());
    }

    /// Removes what ended long ago, as happens from time to time; returns how many records that were.
    ///
    /// # Errors
    /// If the store fails; what was not removed is removed later.
    pub async fn forget_due(&self) -> Result<usize, KeysError> {
        Ok(self.store.forget(self.clock.now()).await?)
    }

    /// Sweeps now and then, until this is dropped or shut down.
    fn sweep_regularly(self: &Arc<Self>, interval: Duration) {
        let (keys, stop) = (Arc::downgrade(self), self.stop.clone());
        self.tasks.spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
                let Some(keys) = keys.upgrade() else { return };
                match stop.run_until_cancelled(keys.sweep()).await {
                    None | Some(Ok(0)) => {}
                    Some(Ok(keys)) => tracing::info!(keys, "destroyed the secrets of keys that were revoked together"),
                    Some(Err(error)) => tracing::warn!(%error, "secrets of revoked keys are still stored; tried again"),
                }
            }
        });
    }

    /// How the store does.
    #[must_use]
    pub fn store_report(&self) -> StoreReport {
        self.store.report()
    }

    /// The organization whose keys these are.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// Ends the background work and writes what it still had to write.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keys").field("organization", &self.organization).finish_non_exhaustive()
    }
}
