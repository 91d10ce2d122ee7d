//! `GET /v1/cwobject/access-policy`: `ListAccessPolicies`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ListedPolicy;
use crate::control::{ControlError, ErrorBody, Services};

/// All organization policies.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyList {
    /// The policies, by name.
    pub policies: Vec<ListedPolicy>,
}

/// List the organization policies
#[utoipa::path(
    get, path = "/v1/cwobject/access-policy", operation_id = "CWObject_ListAccessPolicies", tag = "CWObject",
    responses((status = 200, body = PolicyList), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn list(State(services): State<Services>) -> Result<Json<PolicyList>, ControlError> {
    let policies = services.authority.organization_policies()?;
    Ok(Json(PolicyList { policies: policies.iter().map(Into::into).collect() }))
}
