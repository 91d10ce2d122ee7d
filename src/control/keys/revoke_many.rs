//! `POST /v1/admin/keys/revoke`: ends many keys at once.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::StrictJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::Principal;
use crate::keys::CutoffScope;

/// Which keys to end. At least one of the fields has to be there.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeKeys {
    /// Those of this principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub principal: Option<Principal>,
    /// Those made on the word of this federation configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation: Option<String>,
    /// Only those issued before this moment, which is rounded up to a whole second. Without it: those issued so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub issued_before: Option<Timestamp>,
}

/// Which keys have ended.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokedKeys {
    /// In words: whose.
    pub scope: String,
    /// The moment before which they were issued.
    #[schema(value_type = String, format = DateTime)]
    pub issued_before: Timestamp,
    /// Of how many of them the secret was destroyed as well.
    pub secrets_destroyed: usize,
}

/// End many keys at once, for good: they are refused everywhere before their secrets are destroyed
#[utoipa::path(
    post, path = "/v1/admin/keys/revoke", operation_id = "Admin_RevokeKeys", tag = "Admin",
    request_body = RevokeKeys,
    responses((status = 200, body = RevokedKeys), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn revoke(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    StrictJson(request): StrictJson<RevokeKeys>,
) -> Result<Json<RevokedKeys>, ControlError> {
    let RevokeKeys { principal, federation, issued_before } = request;
    let (scope, words) = match (principal, federation) {
        (Some(principal), None) => {
            let words = format!("the keys of {principal}");
            (CutoffScope::Principal { principal }, words)
        }
        (None, Some(configuration)) => {
            let words = format!("the keys made by federation configuration {configuration}");
            (CutoffScope::Federation { configuration }, words)
        }
        (None, None) if issued_before.is_some() => (CutoffScope::Everything {}, "all keys".to_owned()),
        (None, None) => {
            return Err(ControlError::Invalid("name a principal, a federation configuration or issuedBefore".into()));
        }
        (Some(_), Some(_)) => {
            return Err(ControlError::Invalid("name a principal or a federation configuration, not both".into()));
        }
    };
    let cutoff = services.keys.cut_off(scope, issued_before).await?;
    tracing::info!(%caller, scope = words, issued_before = %cutoff.issued_before, "revoked keys together");
    // Whoever is not patient enough for this may go: another sweep ends what this one began.
    let secrets_destroyed = services.keys.sweep().await?;
    Ok(Json(RevokedKeys { scope: words, issued_before: cutoff.issued_before, secrets_destroyed }))
}
