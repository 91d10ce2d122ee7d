//! `POST /v1/admin/tokens/{id}/revoke`

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::OptionalJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::TokenId;
use crate::keys::{KeysOfToken, TokenInfo};

/// How a token is to be revoked. No body at all means the default.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RevokeToken {
    /// What becomes of the keys that it made: `revoke`, or `keep`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub keys: KeysOfToken,
}

/// Revoke an API token and, unless told otherwise, the keys made from it
#[utoipa::path(
    post, path = "/v1/admin/tokens/{tokenId}/revoke", operation_id = "Admin_RevokeToken", tag = "Admin",
    params(("tokenId" = String, Path)), request_body = Option<RevokeToken>,
    responses((status = 200, body = TokenInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn revoke(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
    OptionalJson(body): OptionalJson<RevokeToken>,
) -> Result<Json<TokenInfo>, ControlError> {
    let id = TokenId::parse(&id?)?;
    let token = services.keys.revoke_token(&id, body.keys).await?.ok_or(ControlError::NoSuchToken(id))?;
    tracing::info!(%caller, token = %token.token_id, keys = ?body.keys, "revoked an API token");
    Ok(Json(token))
}
