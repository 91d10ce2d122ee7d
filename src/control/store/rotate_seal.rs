//! `POST /v1/admin/store/rotate-seal`. It takes no body.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};

/// What became of the secrets in the store.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealRotation {
    /// The id of the key-encryption key that seals.
    pub seal_key_id: String,
    /// How many access keys were sealed anew.
    pub resealed: u64,
    /// How many were sealed under that key before.
    pub already: u64,
    /// How many could not be sealed anew; the server's log says which, and why.
    pub failed: u64,
    /// The ids of the key-encryption keys that are still needed, each with how many access keys need it.
    pub seal_keys_in_use: BTreeMap<String, u64>,
    /// Whether no other key-encryption key is needed any more.
    pub complete: bool,
}

/// Seal every secret anew, under the key-encryption key that seals now
#[utoipa::path(
    post, path = "/v1/admin/store/rotate-seal", operation_id = "Admin_RotateSeal", tag = "Admin",
    responses((status = 200, body = SealRotation), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn rotate_seal(
    Administrator(caller): Administrator,
    State(mut services): State<Services>,
) -> Result<Json<SealRotation>, ControlError> {
    let rotated = services.keys.rotate_seal(&mut services.random).await?;
    tracing::info!(
        %caller, seal_key = %rotated.current, resealed = rotated.resealed, already = rotated.already,
        failed = rotated.failed, complete = rotated.is_complete, "sealed secrets anew"
    );
    Ok(Json(SealRotation {
        seal_key_id: rotated.current.to_string(),
        resealed: rotated.resealed,
        already: rotated.already,
        failed: rotated.failed,
        seal_keys_in_use: rotated.in_use.iter().map(|(key, count)| (key.to_string(), *count)).collect(),
        complete: rotated.is_complete,
    }))
}
