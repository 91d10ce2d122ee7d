//! What the store keeps of policies, buckets and settings, and what is made of it. A record that cannot be
//! understood is never skipped: it could hold a Deny.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{AuthorityError, BucketRules, BucketSettings, OrganizationSettings};
use crate::identity::OrganizationId;
use crate::policy::{BucketPolicy, OrganizationPolicy, PolicyError};
use crate::s3::PublicAccessBlock;
use crate::store::{BUCKETS, POLICIES, RecordError, RecordKey, decode, encode};

/// An organization policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyRecord {
    document: String,
}

/// What is kept about a bucket; there is no record where nothing is.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketRecord {
    /// The policy, byte for byte as it was written.
    pub(super) policy: Option<String>,
    pub(super) public_access_block: Option<PublicAccessBlock>,
    pub(super) settings: BucketSettings,
}

/// What a record means.
#[derive(Debug)]
pub(super) enum Entry {
    /// Or why it means nothing: nobody knows then what it denies.
    Policy(Result<Arc<OrganizationPolicy>, AuthorityError>),
    Bucket(Arc<BucketRules>),
    Settings(Result<OrganizationSettings, RecordError>),
}

impl PolicyRecord {
    /// The stored form of a policy.
    ///
    /// # Errors
    /// If it could not be read again, in which case it must not be written.
    pub(super) fn of(policy: &OrganizationPolicy) -> Result<Bytes, PolicyError> {
        let document = serde_json::to_string(policy).map_err(|error| PolicyError::Malformed(error.to_string()))?;
        if OrganizationPolicy::parse(document.as_bytes())?.name() != policy.name() {
            return Err(PolicyError::Malformed("the policy changes its name when it is written".to_owned()));
        }
        Ok(encode(&Self { document }))
    }
}

impl Entry {
    /// What the record `key` says; `None` if it is of a kind that is not known.
    pub(super) fn read(key: &RecordKey, value: &[u8], organization: &OrganizationId) -> Option<Self> {
        let name = key.as_str();
        if let Some(name) = name.strip_prefix(POLICIES) {
            let policy = read_policy(key, name, value);
            if let Err(error) = &policy {
                tracing::error!(policy = name, %error, "a stored organization policy cannot be understood: everything is refused until it is replaced or deleted");
            }
            return Some(Self::Policy(policy.map(Arc::new)));
        }
        if let Some(bucket) = name.strip_prefix(BUCKETS) {
            let rules = read_bucket(key, bucket, value, organization);
            if let Some(Err(error)) = &rules.policy {
                tracing::error!(bucket, %error, "what is stored about a bucket cannot be understood: everything in it is refused");
            }
            return Some(Self::Bucket(Arc::new(rules)));
        }
        if *key == RecordKey::for_organization_settings() {
            let settings = decode(key, value);
            if let Err(error) = &settings {
                tracing::error!(%error, "the stored settings of the organization cannot be understood");
            }
            return Some(Self::Settings(settings));
        }
        tracing::warn!(record = %key, "the store holds a record of a kind that is not known");
        None
    }
}

fn read_policy(key: &RecordKey, name: &str, value: &[u8]) -> Result<OrganizationPolicy, AuthorityError> {
    let PolicyRecord { document } = decode(key, value)?;
    let unreadable = |source| AuthorityError::Unreadable { name: name.to_owned(), source };
    let policy = OrganizationPolicy::parse(document.as_bytes()).map_err(unreadable)?;
    if policy.name().as_str() != name {
        return Err(RecordError::Misfiled { key: key.clone() }.into());
    }
    Ok(policy)
}

fn read_bucket(key: &RecordKey, bucket: &str, value: &[u8], organization: &OrganizationId) -> BucketRules {
    match decode::<BucketRecord>(key, value) {
        Ok(BucketRecord { policy, public_access_block, settings }) => {
            let policy = policy.map(|text| BucketPolicy::parse(text.as_bytes(), bucket, organization));
            BucketRules { policy, public_access_block, settings }
        }
        // Nobody knows what it says, a policy perhaps.
        Err(error) => {
            let policy = Some(Err(PolicyError::Malformed(error.to_string())));
            BucketRules { policy, ..BucketRules::default() }
        }
    }
}
