//! `PublicAccessBlockConfiguration`: four switches against opening a bucket to the public by mistake.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>

use serde::{Deserialize, Serialize};

/// The configuration of one bucket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Refuses requests that set a public ACL.
    pub block_public_acls: bool,
    /// ACLs that are public grant nothing. They never do here.
    pub ignore_public_acls: bool,
    /// Refuses bucket policies that are public.
    pub block_public_policy: bool,
    /// A public bucket policy lets nobody in who is not of the organization.
    pub restrict_public_buckets: bool,
}
