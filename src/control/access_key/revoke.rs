//! `POST /v1/cwobject/revoke-access-key/access-key` and `principal`: `RevokeAccessKeyByAccessKey` and
//! `RevokeAccessKeysByPrincipal`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::{Empty, StrictJson};
use crate::control::{Caller, ControlError, ErrorBody, Services};
use crate::identity::{AccessKeyId, Principal};
use crate::policy::ControlAction;

/// Which key to end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RevokeAccessKey {
    /// The key's id.
    #[schema(value_type = String)]
    pub access_key: AccessKeyId,
}

/// Whose keys to end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RevokePrincipal {
    /// The principal.
    #[schema(value_type = String)]
    pub principal_name: Principal,
}

/// End an access key for good
#[utoipa::path(
    post, path = "/v1/cwobject/revoke-access-key/access-key", operation_id = "CWObject_RevokeAccessKeyByAccessKey",
    tag = "CWObject", request_body = RevokeAccessKey,
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn access_key(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(body): StrictJson<RevokeAccessKey>,
) -> Result<Json<Empty>, ControlError> {
    let id = body.access_key;
    let key = services.keys.show(&id).await?;
    // Before it is said whether there is such a key.
    let owner = key.as_ref().map(|key| &key.principal);
    services.demand_on(&caller, ControlAction::RevokeAccessKeyByAccessKey, owner)?;
    let key = key.ok_or_else(|| ControlError::NoSuchKey(id.clone()))?;
    services.keys.revoke(&id).await?.ok_or(ControlError::NoSuchKey(id))?;
    tracing::info!(%caller, access_key = %key.access_key_id, principal = %key.principal, "revoked an access key");
    Ok(Json(Empty {}))
}

/// End all keys that a principal has
#[utoipa::path(
    post, path = "/v1/cwobject/revoke-access-key/principal", operation_id = "CWObject_RevokeAccessKeysByPrincipal",
    tag = "CWObject", request_body = RevokePrincipal,
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn principal(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(body): StrictJson<RevokePrincipal>,
) -> Result<Json<Empty>, ControlError> {
    let principal = body.principal_name;
    services.demand_on(&caller, ControlAction::RevokeAccessKeysByPrincipal, Some(&principal))?;
    let keys = services.keys.revoke_principal(&principal).await?;
    tracing::info!(%caller, %principal, keys, "revoked the access keys of a principal");
    Ok(Json(Empty {}))
}
