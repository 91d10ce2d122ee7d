//! `PUT /v1/cwobject/access-key-status`: `UpdateAccessKeyStatus`. It suspends and resumes a principal, which
//! is to say all of its keys, present and future.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::{Empty, StrictJson};
use crate::control::{Caller, ControlError, ErrorBody, Services};
use crate::identity::Principal;
use crate::policy::ControlAction;

/// Whose keys shall be what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateAccessKeyStatus {
    /// The principal.
    #[schema(value_type = String)]
    pub principal_name: Principal,
    /// `ACCESS_KEY_STATUS_ACTIVE` or `ACCESS_KEY_STATUS_SUSPENDED`.
    #[schema(value_type = String)]
    pub status: RequestedStatus,
}

/// A status that can be asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum RequestedStatus {
    /// Its keys can be used.
    #[serde(rename = "ACCESS_KEY_STATUS_ACTIVE", alias = "ACTIVE")]
    Active,
    /// Its keys are refused.
    #[serde(rename = "ACCESS_KEY_STATUS_SUSPENDED", alias = "SUSPENDED")]
    Suspended,
}

/// Suspend or resume a principal
#[utoipa::path(
    put, path = "/v1/cwobject/access-key-status", operation_id = "CWObject_UpdateAccessKeyStatus", tag = "CWObject",
    request_body = UpdateAccessKeyStatus,
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn update(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(body): StrictJson<UpdateAccessKeyStatus>,
) -> Result<Json<Empty>, ControlError> {
    let principal = body.principal_name;
    services.demand_on(&caller, ControlAction::UpdateAccessKeyStatus, Some(&principal))?;
    match body.status {
        RequestedStatus::Active => {
            services.keys.resume_principal(&principal).await?;
            tracing::info!(%caller, %principal, "resumed a principal");
        }
        RequestedStatus::Suspended => {
            services.keys.suspend_principal(&principal).await?;
            tracing::info!(%caller, %principal, "suspended a principal");
        }
    }
    Ok(Json(Empty {}))
}
