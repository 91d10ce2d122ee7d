//! Organization policies as the protocol writes them: `CWObjectPolicy`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authority::{PolicyInForce, PolicyOrigin};
use crate::policy::OrganizationPolicy;

/// An organization policy, said again exactly as it was written.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDocument {
    /// `v1alpha1`.
    pub version: String,
    /// Its name, unique in the organization.
    pub name: String,
    /// What it says: at least one statement.
    pub statements: Vec<PolicyStatement>,
}

/// One statement of an organization policy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyStatement {
    /// Its name.
    pub name: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Which actions it is about: `s3:GetObject`, `cwobject:CreateAccessKey*`, `*`.
    pub actions: Vec<String>,
    /// Which resources it is about, as bare names: `*`, `bucket`, `bucket/*`.
    pub resources: Vec<String>,
    /// Whom it is about: `*`, `saml/Admin`, `role/https://issuer*`.
    pub principals: Vec<String>,
}

/// An organization policy, and where it is kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ListedPolicy {
    /// The policy.
    #[serde(flatten)]
    pub document: PolicyDocument,
    /// Where it is kept. The protocol does not have this member; clients pass over what they do not know.
    pub origin: Origin,
}

/// Where an organization policy is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// In a file that the configuration names: changed there and nowhere else.
    File,
    /// In the store.
    Store,
}

impl From<&OrganizationPolicy> for PolicyDocument {
    fn from(policy: &OrganizationPolicy) -> Self {
        let statements = policy.statements().iter().map(|statement| PolicyStatement {
            name: statement.name.clone(),
            effect: statement.effect.as_str().to_owned(),
            actions: statement.actions.clone(),
            resources: statement.resources.clone(),
            principals: statement.principals.clone(),
        });
        // The only version there is.
        Self { version: "v1alpha1".to_owned(), name: policy.name().to_string(), statements: statements.collect() }
    }
}

impl From<&PolicyInForce> for ListedPolicy {
    fn from(in_force: &PolicyInForce) -> Self {
        let origin = match in_force.origin {
            PolicyOrigin::File(_) => Origin::File,
            PolicyOrigin::Store => Origin::Store,
        };
        Self { document: (&*in_force.policy).into(), origin }
    }
}
