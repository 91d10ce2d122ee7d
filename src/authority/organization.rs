//! The organization policies: those in the store, and those in files of the configuration.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::records::PolicyRecord;
use super::{ATTEMPTS, Authority, AuthorityError};
use crate::policy::{OrganizationPolicy, PolicyName};
use crate::store::{CommitError, Expected, POLICIES, RecordKey, Write, list_all};

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

/// The most organization policies that the store may hold.
pub const MOST_POLICIES: usize = 1000;

impl Authority {
    /// Every organization policy, by name.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`].
    pub fn organization_policies(&self) -> Result<Vec<PolicyInForce>, AuthorityError> {
        Ok(self.in_force()?.policies.to_vec())
    }

    /// Puts `policy` in force, in place of the one with its name if there is one. In force for the next
    /// question when this returns. Also the way to replace a stored policy that cannot be understood.
    ///
    /// # Errors
    /// [`AuthorityError::KeptInFile`], `TooMany`, or the store's.
    pub async fn ensure_policy(&self, policy: OrganizationPolicy) -> Result<(), AuthorityError> {
        let name = policy.name();
        self.refuse_name_of_file(name)?;
        let unreadable = |source| AuthorityError::Unreadable { name: name.to_string(), source };
        let value = PolicyRecord::of(&policy).map_err(unreadable)?;
        let key = record_key(name);
        let _turn = self.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let mut writes = Vec::new();
            let expected = if let Some(stored) = self.store.load(&key).await? {
                Expected::At(stored.revision)
            } else {
                writes.push(self.room_for_another().await?);
                Expected::Absent
            };
            writes.push(Write::put(key.clone(), expected, value.clone()));
            match self.store.commit(writes).await {
                Ok(revision) => {
                    self.live.learn(key, revision, Some(value));
                    return Ok(());
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(AuthorityError::Busy)
    }

    /// Removes the policy called `name`, readable or not; false if there was none.
    ///
    /// # Errors
    /// [`AuthorityError::KeptInFile`], or the store's.
    pub async fn delete_policy(&self, name: &PolicyName) -> Result<bool, AuthorityError> {
        self.refuse_name_of_file(name)?;
        self.remove(record_key(name)).await
    }

    fn refuse_name_of_file(&self, name: &PolicyName) -> Result<(), AuthorityError> {
        match self.live.file_of(name).map(|file| &file.origin) {
            Some(PolicyOrigin::File(file)) => {
                Err(AuthorityError::KeptInFile { name: name.clone(), file: file.clone() })
            }
            Some(PolicyOrigin::Store) | None => Ok(()),
        }
    }

    /// What an additional policy has to change besides, so that no two are counted side by side.
    async fn room_for_another(&self) -> Result<Write, AuthorityError> {
        let key = RecordKey::for_policy_turn();
        let expected = self.store.load(&key).await?.map_or(Expected::Absent, |stored| Expected::At(stored.revision));
        if list_all(&*self.store, POLICIES).await?.len() >= MOST_POLICIES {
            return Err(AuthorityError::TooMany { limit: MOST_POLICIES });
        }
        Ok(Write::put(key, expected, Bytes::new()))
    }
}

fn record_key(name: &PolicyName) -> RecordKey {
    RecordKey::for_policy(name.as_str()).expect("a policy's name has at most 128 bytes, all of them visible")
}
