//! `POST /v1/admin/keys/{id}/suspend`, `resume` and `revoke`. They take no body.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::AccessKeyId;
use crate::keys::KeyInfo;

/// Refuse all keys of the principal that a key belongs to, until resumed
#[utoipa::path(
    post, path = "/v1/admin/keys/{accessKeyId}/suspend", operation_id = "Admin_SuspendKey", tag = "Admin",
    params(("accessKeyId" = String, Path)),
    responses((status = 200, body = KeyInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn suspend(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<KeyInfo>, ControlError> {
    let id = AccessKeyId::parse(&id?)?;
    let key = services.keys.suspend(&id).await?.ok_or(ControlError::NoSuchKey(id))?;
    tracing::info!(%caller, access_key = %key.access_key_id, principal = %key.principal, "suspended a principal");
    Ok(Json(key))
}

/// End a suspension
#[utoipa::path(
    post, path = "/v1/admin/keys/{accessKeyId}/resume", operation_id = "Admin_ResumeKey", tag = "Admin",
    params(("accessKeyId" = String, Path)),
    responses((status = 200, body = KeyInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn resume(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<KeyInfo>, ControlError> {
    let id = AccessKeyId::parse(&id?)?;
    let key = services.keys.resume(&id).await?.ok_or(ControlError::NoSuchKey(id))?;
    tracing::info!(%caller, access_key = %key.access_key_id, principal = %key.principal, "resumed a principal");
    Ok(Json(key))
}

/// End a key for good
#[utoipa::path(
    post, path = "/v1/admin/keys/{accessKeyId}/revoke", operation_id = "Admin_RevokeKey", tag = "Admin",
    params(("accessKeyId" = String, Path)),
    responses((status = 200, body = KeyInfo), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn revoke(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<KeyInfo>, ControlError> {
    let id = AccessKeyId::parse(&id?)?;
    let key = services.keys.revoke(&id).await?.ok_or(ControlError::NoSuchKey(id))?;
    tracing::info!(%caller, access_key = %key.access_key_id, principal = %key.principal, "revoked an access key");
    Ok(Json(key))
}
