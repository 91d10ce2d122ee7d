//! What of a request decided, as it stands in its record: read back from there, it can be judged again with other
//! policies. [`super::Decision`] writes it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::identity::{Permission, Principal};
use crate::policy::Resource;

/// Everything that the decision about one request came from, and the decision.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Who asked; absent: nobody proved who they are.
    #[serde(default)]
    pub principal: Option<Principal>,
    /// The most that their key could do then.
    pub permission: Permission,
    /// What the request needed; all of it had to be allowed.
    pub demands: Vec<JudgedDemand>,
    /// The values of condition keys.
    #[serde(default)]
    pub context: BTreeMap<String, Vec<String>>,
}

/// One action, and what it was needed on.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedDemand {
    /// The action, such as `s3:GetObject`.
    pub action: Cow<'static, str>,
    /// `*`, `bucket` or `bucket/key`: a bucket's name has no slash.
    pub resource: String,
    /// The version of it, if one is named: the value of `s3:VersionId` for this demand.
    #[serde(rename = "versionId", default)]
    pub version_id: Option<String>,
    /// Whether it was allowed.
    pub allowed: bool,
}

/// The name of `resource` in a record.
#[must_use]
pub fn resource_name(resource: Resource<'_>) -> String {
    match resource {
        Resource::Any => "*".to_owned(),
        Resource::Bucket(bucket) => bucket.to_owned(),
        Resource::Object { bucket, key } => format!("{bucket}/{key}"),
    }
}
