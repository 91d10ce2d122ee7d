//! `POST /v1/cwobject/access-policy`: `EnsureAccessPolicy`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PolicyDocument;
use crate::control::body::JsonBytes;
use crate::control::{Caller, ControlError, ErrorBody, Services};
use crate::policy::OrganizationPolicy;

/// The body of a request for an organization policy, and its answer. The bare document is taken too.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EnsuredPolicy {
    /// The policy.
    pub policy: PolicyDocument,
}

/// Create an organization policy, or replace the one of that name
#[utoipa::path(
    post, path = "/v1/cwobject/access-policy", operation_id = "CWObject_EnsureAccessPolicy", tag = "CWObject",
    request_body = EnsuredPolicy,
    responses((status = 200, body = EnsuredPolicy), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn ensure(
    caller: Caller,
    State(services): State<Services>,
    JsonBytes(document): JsonBytes<LARGEST_POLICY_BODY>,
) -> Result<Json<EnsuredPolicy>, ControlError> {
    // It reads JSON more strictly than other bodies are read, and says where a document is wrong.
    let policy = OrganizationPolicy::parse(&document)?;
    let answer = EnsuredPolicy { policy: (&policy).into() };
    let (name, statements) = (policy.name().clone(), policy.statements().len());
    services.authority.ensure_policy(policy).await?;
    tracing::info!(%caller, policy = ?name.as_str(), statements, "put an organization policy in force");
    Ok(Json(answer))
}

/// Bytes: a policy as large as it may be, so that it is the policy's own limit which is named.
const LARGEST_POLICY_BODY: usize = 128 << 10;
