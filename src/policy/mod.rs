//! Decides allow or deny, with the reason, from who asks, for which action, on what, under which
//! conditions. Pure: documents are compiled once, a decision allocates nothing, and the time is a
//! condition value like any other.
//!
//! Two languages, one engine:
//! - organization policies (`v1alpha1`): who may do what anywhere, without conditions;
//! - bucket policies (AWS's JSON language): who may do what in one bucket, with conditions.
//!
//! In which order the layers are asked, and what their silence means, is `authority`'s.

mod action;
mod action_set;
mod asker;
mod bucket_policy;
mod condition;
mod considered;
mod control_action;
mod error;
mod json;
mod organization_policies;
mod organization_policy;
mod pattern;
mod principals;
mod question;
mod resource;
mod search_budget;
mod verdict;

pub use action::PolicyAction;
pub use asker::Asker;
pub use bucket_policy::BucketPolicy;
pub use condition::{ConditionKey, Context, FixedKey, KeyKind, OwnedContext, Value, operators};
pub use considered::{Considered, Effect, Outcome};
pub use control_action::ControlAction;
pub use error::PolicyError;
pub use organization_policies::OrganizationPolicies;
pub use organization_policy::{OrganizationPolicy, OrganizationStatement, PolicyName};
pub use question::Question;
pub use resource::Resource;
pub use verdict::{StatementName, Verdict};
