//! `GET /v1/policy/in-force`: everything that decides now, so that it can be judged elsewhere with a change:
//! `portcullis policy simulate` does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PolicyDocument;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::{OrganizationId, Permission};
use crate::s3;

/// Everything that decides what somebody may do, at one moment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoliciesInForce {
    /// The organization.
    #[schema(value_type = String)]
    pub org_id: OrganizationId,
    /// The ceilings of the configuration, longest prefix first.
    pub ceilings: Vec<CeilingInForce>,
    /// The organization policies, by name, wherever they are kept.
    pub policies: Vec<PolicyDocument>,
    /// What is kept about buckets, by name. A bucket that is not here has no policy and no block.
    pub buckets: BTreeMap<String, BucketInForce>,
}

/// The most that identities of a prefix may do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CeilingInForce {
    /// What their principals begin with.
    pub prefix: String,
    /// `none`, `read`, `write` or `admin`.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// The longest life of a temporary key, in seconds.
    pub max_duration_seconds: u64,
    /// Whether a key may have no end.
    pub permanent: bool,
}

/// What is in force for one bucket.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketInForce {
    /// Its policy, byte for byte; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Why its stored policy cannot be understood, if it cannot: everything is denied then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_policy: Option<String>,
    /// Its public access block; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
}

/// A public access block.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicAccessBlock {
    /// Refuses requests that set a public ACL.
    pub block_public_acls: bool,
    /// ACLs that are public grant nothing.
    pub ignore_public_acls: bool,
    /// Refuses bucket policies that are public.
    pub block_public_policy: bool,
    /// A public bucket policy lets nobody in who is not of the organization.
    pub restrict_public_buckets: bool,
}

impl From<s3::PublicAccessBlock> for PublicAccessBlock {
    fn from(block: s3::PublicAccessBlock) -> Self {
        Self {
            block_public_acls: block.block_public_acls,
            ignore_public_acls: block.ignore_public_acls,
            block_public_policy: block.block_public_policy,
            restrict_public_buckets: block.restrict_public_buckets,
        }
    }
}

impl From<PublicAccessBlock> for s3::PublicAccessBlock {
    fn from(block: PublicAccessBlock) -> Self {
        Self {
            block_public_acls: block.block_public_acls,
            ignore_public_acls: block.ignore_public_acls,
            block_public_policy: block.block_public_policy,
            restrict_public_buckets: block.restrict_public_buckets,
        }
    }
}

/// Show everything that decides now: ceilings, organization policies, bucket policies
#[utoipa::path(
    get, path = "/v1/policy/in-force", operation_id = "Policy_InForce", tag = "Policy",
    responses((status = 200, body = PoliciesInForce), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn in_force(State(services): State<Services>) -> Result<Json<PoliciesInForce>, ControlError> {
    let policies = services.authority.organization_policies()?;
    let in_force = services.authority.in_force()?;
    let ceilings = services.authority.ceilings().entries().iter().map(|ceiling| CeilingInForce {
        prefix: ceiling.prefix.clone(),
        permission: ceiling.permission,
        max_duration_seconds: ceiling.max_duration.as_secs(),
        permanent: ceiling.permanent,
    });
    let buckets = in_force.buckets().map(|(name, rules)| {
        let (policy, unreadable_policy) = match &rules.policy {
            None => (None, None),
            Some(Ok(policy)) => (Some(policy.text().to_owned()), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        let public_access_block = rules.public_access_block.map(Into::into);
        (name.to_owned(), BucketInForce { policy, unreadable_policy, public_access_block })
    });
    Ok(Json(PoliciesInForce {
        org_id: services.authority.organization().clone(),
        ceilings: ceilings.collect(),
        policies: policies.iter().map(|kept| (&*kept.policy).into()).collect(),
        buckets: buckets.collect(),
    }))
}
