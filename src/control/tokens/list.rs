//! `GET /v1/admin/tokens` and `GET /v1/admin/tokens/{id}`

#![expect(unused_qualifications, reason = "the macro that documents query parameters writes them")]

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services, page};
use crate::identity::TokenId;
use crate::keys::TokenInfo;

/// A page of tokens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenList {
    /// The tokens, by id; revoked ones too.
    pub tokens: Vec<TokenInfo>,
    /// What to send as `after` for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<TokenId>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Only tokens with ids after this one.
    #[param(value_type = Option<String>)]
    after: Option<TokenId>,
    /// 1 to 1000.
    limit: Option<usize>,
}

/// List the API tokens
#[utoipa::path(
    get, path = "/v1/admin/tokens", operation_id = "Admin_ListTokens", tag = "Admin", params(Page),
    responses((status = 200, body = TokenList), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn list(
    _: Administrator,
    State(services): State<Services>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<TokenList>, ControlError> {
    let Query(page) = page?;
    let limit = page::limit(page.limit)?;
    let tokens = services.keys.list_tokens(page.after.as_ref(), limit).await?;
    let next = if tokens.len() == limit { tokens.last().map(|token| token.token_id.clone()) } else { None };
    Ok(Json(TokenList { tokens, next }))
}

/// Show an API token
#[utoipa::path(
    get, path = "/v1/admin/tokens/{tokenId}", operation_id = "Admin_GetToken", tag = "Admin",
    params(("tokenId" = String, Path)),
    responses((status = 200, body = TokenInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn show(
    _: Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<TokenInfo>, ControlError> {
    let id = TokenId::parse(&id?)?;
    services.keys.show_token(&id).await?.map(Json).ok_or(ControlError::NoSuchToken(id))
}
