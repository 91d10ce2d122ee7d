//! Changes to what is kept about buckets, and to the settings of the organization. A change is in force
//! for the next question when its function returns.

use super::records::BucketRecord;
use super::{ATTEMPTS, Authority, AuthorityError, BucketSettings, OrganizationSettings};
use crate::policy::BucketPolicy;
use crate::s3::{BucketName, PublicAccessBlock};
use crate::store::{CommitError, Expected, RecordKey, Write, decode, encode};

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
        let is_public = policy.as_ref().is_some_and(BucketPolicy::is_public);
        let text = policy.map(|policy| policy.text().to_owned());
        self.change_bucket(bucket, |record| {
            // Judged on the very record that is replaced.
            if is_public && record.public_access_block.is_some_and(|block| block.block_public_policy) {
                return Err(AuthorityError::PublicPolicyBlocked(bucket.clone()));
            }
            record.policy.clone_from(&text);
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Sets the public access block of a bucket; `None` removes it. A public policy that the bucket has
    /// already stays.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_public_access_block(
        &self,
        bucket: &BucketName,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), AuthorityError> {
        let change = |record: &mut BucketRecord| {
            record.public_access_block = block;
            Ok(())
        };
        self.change_bucket(bucket, change).await.map(drop)
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
        let change = |record: &mut BucketRecord| {
            record.settings.audit_logging = change.audit_logging.or(record.settings.audit_logging);
            Ok(())
        };
        Ok(self.change_bucket(bucket, change).await?.settings)
    }

    /// Forgets everything about a bucket that is gone, or about to be made, readable or not.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_bucket(&self, bucket: &BucketName) -> Result<(), AuthorityError> {
        self.remove(record_key(bucket)).await.map(drop)
    }

    /// The settings of the organization.
    ///
    /// # Errors
    /// [`AuthorityError::NotCurrent`], or `Record` if what is stored cannot be understood.
    pub fn organization_settings(&self) -> Result<OrganizationSettings, AuthorityError> {
        Ok(self.in_force()?.settings.clone()?)
    }

    /// Changes the settings of the organization and returns them as they are then. `change` may be called
    /// again if somebody else changes them meanwhile.
    ///
    /// # Errors
    /// The store's, or `Record` if what is stored cannot be understood.
    pub async fn change_organization_settings(
        &self,
        change: impl Fn(&mut OrganizationSettings),
    ) -> Result<OrganizationSettings, AuthorityError> {
        let key = RecordKey::for_organization_settings();
        let _turn = self.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let stored = self.store.load(&key).await?;
            let mut settings = match &stored {
                Some(stored) => decode(&key, &stored.value)?,
                None => OrganizationSettings::default(),
            };
            change(&mut settings);
            let value = encode(&settings);
            let expected = stored.map_or(Expected::Absent, |stored| Expected::At(stored.revision));
            let write = Write::put(key.clone(), expected, value.clone());
            match self.store.commit(vec![write]).await {
                Ok(revision) => {
                    self.live.learn(key, revision, Some(value));
                    return Ok(settings);
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(AuthorityError::Busy)
    }

    /// Changes the record of a bucket and returns it as it is then. `change` may be called again if
    /// somebody else changes the record meanwhile.
    async fn change_bucket(
        &self,
        bucket: &BucketName,
        change: impl Fn(&mut BucketRecord) -> Result<(), AuthorityError>,
    ) -> Result<BucketRecord, AuthorityError> {
        let key = record_key(bucket);
        let _turn = self.changing.lock().await;
        for _ in 0..ATTEMPTS {
            let stored = self.store.load(&key).await?;
            let before = match &stored {
                Some(stored) => decode(&key, &stored.value)?,
                None => BucketRecord::default(),
            };
            let mut after = before.clone();
            change(&mut after)?;
            let empty = after == BucketRecord::default();
            let expected = match stored {
                None if empty => return Ok(after),
                None => Expected::Absent,
                Some(stored) if after == before => {
                    // Somebody else may have written it a moment ago.
                    self.live.learn(key, stored.revision, Some(stored.value));
                    return Ok(after);
                }
                Some(stored) => Expected::At(stored.revision),
            };
            let value = (!empty).then(|| encode(&after));
            let write = match value.clone() {
                Some(value) => Write::put(key.clone(), expected, value),
                None => Write::delete(key.clone(), expected),
            };
            match self.store.commit(vec![write]).await {
                Ok(revision) => {
                    self.live.learn(key, revision, value);
                    return Ok(after);
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(AuthorityError::Busy)
    }
}

fn record_key(bucket: &BucketName) -> RecordKey {
    RecordKey::for_bucket(bucket.as_str()).expect("a bucket's name has at most 63 letters, digits, dots and hyphens")
}
