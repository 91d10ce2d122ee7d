//! Changes to what is kept about buckets, and to the settings of the organization. A change is in force
//! for the next question when its function returns.

use super::{Authority, AuthorityError, BucketSettings, OrganizationSettings};
use crate::policy::BucketPolicy;
use crate::s3::{BucketName, PublicAccessBlock};

impl Authority {
    /// Sets the policy of a bucket; `None` removes it. The caller knows that the bucket exists.
    ///
    /// # Errors
    /// [`AuthorityError::PublicPolicyBlocked`], or the store's.
    pub async fn set_bucket_policy(
        &self,
        bucket: &BucketName,
        policy: Option<BucketPolicy>,
    ) -> Result<(), AuthorityError> {
        let _ = (bucket, policy);
        Err(AuthorityError::NotCurrent)
    }

    /// Sets the public access block of a bucket; `None` removes it.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_public_access_block(
        &self,
        bucket: &BucketName,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), AuthorityError> {
        let _ = (bucket, block);
        Err(AuthorityError::NotCurrent)
    }

    /// Changes the settings of a bucket; fields that are `None` stay. Returns what is set then.
    ///
    /// # Errors
    /// The store's.
    pub async fn change_bucket_settings(
        &self,
        bucket: &BucketName,
        change: BucketSettings,
    ) -> Result<BucketSettings, AuthorityError> {
        let _ = (bucket, change);
        Err(AuthorityError::NotCurrent)
    }

    /// Forgets everything about a bucket that is gone, or about to be made.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_bucket(&self, bucket: &BucketName) -> Result<(), AuthorityError> {
        let _ = bucket;
        Err(AuthorityError::NotCurrent)
    }

    /// The settings of the organization.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`].
    pub fn organization_settings(&self) -> Result<OrganizationSettings, AuthorityError> {
        Err(AuthorityError::NotCurrent)
    }

    /// Replaces the settings of the organization.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_organization_settings(&self, settings: OrganizationSettings) -> Result<(), AuthorityError> {
        let _ = settings;
        Err(AuthorityError::NotCurrent)
    }
}
