//! Holds the ceilings and policies in force, follows the store, and answers what somebody may do.
//!
//! ```text
//! key's permission -> ceiling of the prefix -> organization policies -> policy of the bucket
//!     (the first that stands against it is the reason; each only narrows what those before allow)
//! ```
//! What is in force is one immutable value, [`InForce`], replaced whenever the store reports a change. If
//! the store cannot be followed, or says what cannot be understood, there is none, and every question is an
//! error.

mod bucket;
mod buckets;
mod ceiling;
mod claim;
mod decision;
mod error;
mod follow;
mod in_force;
mod live;
mod organization;
mod records;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::PolicyFile;
use crate::identity::OrganizationId;
use crate::store::{CommitError, Expected, KeyStore, RecordKey, Versioned};

pub use bucket::{BucketRules, BucketSettings, OrganizationSettings};
pub use ceiling::{Ceilings, IssueDenial};
pub use claim::Claim;
pub use decision::{Allowed, Denial, DenialCause};
pub use error::AuthorityError;
pub use in_force::{Explanation, InForce};
pub use organization::{MOST_POLICIES, PolicyInForce, PolicyOrigin};

use follow::Follower;
use live::Live;

/// What may be done by whom, and the ways to change it.
pub struct Authority {
    organization: OrganizationId,
    ceilings: Ceilings,
    store: Arc<dyn KeyStore>,
    live: Arc<Live>,
    /// Held by whoever changes something, so that on one node nobody tries in vain.
    changing: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Authority {
    /// Reads the policies and starts following the store. Needs a Tokio runtime. What was started ends with
    /// [`shutdown`](Self::shutdown), or when the last `Arc` goes.
    ///
    /// # Errors
    /// If the store cannot be read, holds an organization policy that cannot be understood, or one whose
    /// name a file has too.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        organization: OrganizationId,
        ceilings: Ceilings,
        files: Vec<PolicyFile>,
    ) -> Result<Arc<Self>, AuthorityError> {
        let authority = Self::open_to_repair(store, organization, ceilings, files).await?;
        match authority.live.unfit_to_start() {
            None => Ok(authority),
            Some(error) => {
                authority.shutdown().await;
                Err(error)
            }
        }
    }

    /// The same for whoever owns a stopped store: a policy that keeps servers from starting can be replaced
    /// or deleted here. As long as one cannot be understood, nothing is in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_to_repair(
        store: Arc<dyn KeyStore>,
        organization: OrganizationId,
        ceilings: Ceilings,
        files: Vec<PolicyFile>,
    ) -> Result<Arc<Self>, AuthorityError> {
        let live = Arc::new(Live::new(organization.clone(), ceilings.clone(), files));
        let (follower, watches) = Follower::start(Arc::clone(&store), Arc::clone(&live)).await?;
        live.set_following(true);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(follower.run(watches, stop.clone()));
        Ok(Arc::new(Self { organization, ceilings, store, live, changing: tokio::sync::Mutex::default(), stop, tasks }))
    }

    /// What decides now. Take it once for all questions of one request.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`] while the store cannot be followed, or holds an organization policy
    /// that cannot be understood: a refusal, never a pass.
    pub fn in_force(&self) -> Result<Arc<InForce>, AuthorityError> {
        // Asked first: what is proven afterwards says nothing of what was loaded before.
        let is_current = self.store.is_current();
        let current = self.live.in_force().filter(|_| is_current);
        current.ok_or(AuthorityError::NotCurrent)
    }

    /// Why a server could not start with what the store and the files hold, if it could not.
    #[must_use]
    pub fn unfit_to_start(&self) -> Option<AuthorityError> {
        self.live.unfit_to_start()
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The ceilings of the configuration.
    #[must_use]
    pub fn ceilings(&self) -> &Ceilings {
        &self.ceilings
    }

    /// Ends the background work.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Removes a record, whatever it says; false if there was none.
    async fn remove(&self, key: RecordKey) -> Result<bool, AuthorityError> {
        let _turn = self.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let Some(Versioned { revision, .. }) = self.store.load(&key).await? else { return Ok(false) };
            match self.store.delete(key.clone(), Expected::At(revision)).await {
                Ok(revision) => {
                    self.live.learn(key, revision, None);
                    return Ok(true);
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(AuthorityError::Busy)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("organization", &self.organization).finish_non_exhaustive()
    }
}

/// How often a change starts over because another node made one.
const ATTEMPTS: usize = 64;
