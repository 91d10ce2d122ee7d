//! `PATCH /v1/admin/tokens/{id}`

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::StrictJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::{Groups, Permission, TokenId};
use crate::keys::{TokenInfo, TokenUpdate};

/// What shall change about a token; what is absent stays as it is.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateToken {
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The most that it and its keys may do from now on. No key may do more than at its making.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub permission: Option<Permission>,
    /// All groups that it and its keys are in from now on; an empty list for none. Not for a token of single
    /// sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub groups: Option<Groups>,
}

/// Rename an API token, or change what it and its keys may do and which groups they are in
#[utoipa::path(
    patch, path = "/v1/admin/tokens/{tokenId}", operation_id = "Admin_UpdateToken", tag = "Admin",
    params(("tokenId" = String, Path)), request_body = UpdateToken,
    responses((status = 200, body = TokenInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn update(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
    StrictJson(body): StrictJson<UpdateToken>,
) -> Result<Json<TokenInfo>, ControlError> {
    let id = TokenId::parse(&id?)?;
    if body.name.is_none() && body.permission.is_none() && body.groups.is_none() {
        return Err(ControlError::Invalid("give a name, a permission or groups".into()));
    }
    let update = TokenUpdate { name: body.name, permission: body.permission, groups: body.groups };
    let token = services.keys.update_token(&id, update).await?.ok_or(ControlError::NoSuchToken(id))?;
    tracing::info!(
        %caller, token = %token.token_id, name = ?token.name, permission = %token.permission,
        groups = ?token.groups.as_slice(), "changed an API token"
    );
    Ok(Json(token))
}
