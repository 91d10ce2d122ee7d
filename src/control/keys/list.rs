//! `GET /v1/admin/keys` and `GET /v1/admin/keys/{id}`

#![expect(unused_qualifications, reason = "the macro that documents query parameters writes them")]

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services, page};
use crate::identity::AccessKeyId;
use crate::keys::KeyInfo;

/// A page of keys.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyList {
    /// The keys, by id.
    pub access_keys: Vec<KeyInfo>,
    /// What to send as `after` for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<AccessKeyId>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Only keys with ids after this one.
    #[param(value_type = Option<String>)]
    after: Option<AccessKeyId>,
    /// 1 to 1000.
    limit: Option<usize>,
}

/// List every key
#[utoipa::path(
    get, path = "/v1/admin/keys", operation_id = "Admin_ListKeys", tag = "Admin", params(Page),
    responses((status = 200, body = KeyList), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn list(
    _: Administrator,
    State(services): State<Services>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<KeyList>, ControlError> {
    let Query(page) = page?;
    let limit = page::limit(page.limit)?;
    let access_keys = services.keys.list(page.after.as_ref(), limit).await?;
    let next = if access_keys.len() == limit { access_keys.last().map(|key| key.access_key_id.clone()) } else { None };
    Ok(Json(KeyList { access_keys, next }))
}

/// Show a key
#[utoipa::path(
    get, path = "/v1/admin/keys/{accessKeyId}", operation_id = "Admin_GetKey", tag = "Admin",
    params(("accessKeyId" = String, Path)),
    responses((status = 200, body = KeyInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn show(
    _: Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<KeyInfo>, ControlError> {
    let id = AccessKeyId::parse(&id?)?;
    services.keys.show(&id).await?.map(Json).ok_or(ControlError::NoSuchKey(id))
}
