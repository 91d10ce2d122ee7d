//! What is kept here about one bucket.

use serde::{Deserialize, Serialize};

use crate::policy::{Asker, BucketPolicy, PolicyError};
use crate::s3::PublicAccessBlock;

/// What is in force for one bucket.
#[derive(Debug, Default)]
pub struct BucketRules {
    /// Its policy, if it has one; or why the stored one cannot be understood, which denies everything.
    pub policy: Option<Result<BucketPolicy, PolicyError>>,
    /// Its public access block, if it has one.
    pub public_access_block: Option<PublicAccessBlock>,
    /// Its settings.
    pub settings: BucketSettings,
}

impl BucketRules {
    /// Whether the public access block keeps `asker` out, whatever the policy allows: one who is not of the
    /// organization, where the policy is public.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>
    pub(super) fn shuts_out(&self, asker: Asker<'_>) -> bool {
        asker == Asker::Anonymous
            && self.public_access_block.is_some_and(|block| block.restrict_public_buckets)
            && matches!(&self.policy, Some(Ok(policy)) if policy.is_public())
    }
}

/// The settings of a bucket that the control plane knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BucketSettings {
    /// Whether requests for its objects are to be delivered to the audit bucket.
    pub audit_logging: Option<bool>,
}

/// The settings of the organization.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationSettings {
    /// Whether changes through the control plane are to be delivered to the audit bucket.
    pub control_plane_audit_logging: bool,
    /// Whether buckets may ask for delivery of their requests.
    pub bucket_audit_logging: bool,
}
