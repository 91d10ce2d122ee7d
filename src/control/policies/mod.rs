//! `/v1/cwobject/access-policy` and `/v1/policy`: the organization policies, and what all policies in force
//! say of a question.

mod delete;
mod document;
mod ensure;
mod explain;
mod in_force;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use document::{ListedPolicy, Origin, PolicyDocument, PolicyStatement};
pub use ensure::EnsuredPolicy;
pub use explain::{ConsideredStatement, ContextValue, Decision, Explain, ExplainAnswer, Layer};
pub use in_force::{BucketInForce, CeilingInForce, PoliciesInForce, PublicAccessBlock};
pub use list::PolicyList;

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list, ensure::ensure))
        .routes(routes!(delete::delete))
        .routes(routes!(explain::explain))
        .routes(routes!(in_force::in_force))
}
