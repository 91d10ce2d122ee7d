//! The organization policies: those in the store, and those in files of the configuration.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Authority, AuthorityError};
use crate::policy::{OrganizationPolicy, PolicyName};

/// An organization policy in force, and where it comes from.
#[derive(Clone, Debug)]
pub struct PolicyInForce {
    /// The policy.
    pub policy: Arc<OrganizationPolicy>,
    /// Where it is kept.
    pub origin: PolicyOrigin,
}

/// Where an organization policy is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyOrigin {
    /// In a file that the configuration names: not to be changed through the control plane.
    File(PathBuf),
    /// In the store.
    Store,
}

impl Authority {
    /// Every organization policy, by name.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`].
    pub fn organization_policies(&self) -> Result<Vec<PolicyInForce>, AuthorityError> {
        Err(AuthorityError::NotCurrent)
    }

    /// Puts `policy` in force, in place of the one with its name if there is one. In force for the next
    /// question when this returns.
    ///
    /// # Errors
    /// [`AuthorityError::KeptInFile`], `TooMany`, or the store's.
    pub async fn ensure_policy(&self, policy: OrganizationPolicy) -> Result<(), AuthorityError> {
        let _ = policy;
        Err(AuthorityError::NotCurrent)
    }

    /// Removes the policy called `name`; false if there was none.
    ///
    /// # Errors
    /// [`AuthorityError::KeptInFile`], or the store's.
    pub async fn delete_policy(&self, name: &PolicyName) -> Result<bool, AuthorityError> {
        let _ = name;
        Err(AuthorityError::NotCurrent)
    }
}
