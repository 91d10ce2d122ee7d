//! The organization policy of a development server: everybody may do everything, as far as keys and
//! ceilings go. Put where there is no policy at all, which would mean that nobody may do anything.

use anyhow::Context as _;

use crate::authority::Authority;
use crate::policy::OrganizationPolicy;

/// Whether a policy was put just now.
pub(super) async fn ensure(authority: &Authority) -> anyhow::Result<bool> {
    if !authority.organization_policies().context("the policies cannot be read")?.is_empty() {
        return Ok(false);
    }
    let policy = OrganizationPolicy::parse(ALLOW_ALL.as_bytes()).context("the built-in policy is wrong")?;
    authority.ensure_policy(policy).await.context("no policy can be put")?;
    Ok(true)
}

const ALLOW_ALL: &str = r#"{
    "version": "v1alpha1",
    "name": "allow-all",
    "statements": [{
        "name": "everything",
        "effect": "Allow",
        "actions": ["s3:*", "cwobject:*"],
        "resources": ["*"],
        "principals": ["*"]
    }]
}"#;
