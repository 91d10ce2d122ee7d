//! `POST /v1/admin/keys`

use std::fmt;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::control::body::StrictJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::{AccessKeyId, Attributes, Permission, SecretAccessKey};
use crate::keys::{KeyInfo, NewStaticKey};

/// The body of a request for a static key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateKey {
    /// The most the key may do.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// When it ends; absent for a permanent key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expiry: Option<Timestamp>,
    /// A key that was made elsewhere, to be taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportedKey>,
    /// What to attach to the key.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// Id and secret of a key that was made elsewhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ImportedKey {
    /// Its id.
    #[schema(value_type = String)]
    pub access_key_id: AccessKeyId,
    /// Its secret.
    #[schema(value_type = String)]
    pub secret_key: WireSecret,
}

/// The answer: the key, and its secret for the first and last time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedKey {
    /// The secret.
    #[schema(value_type = String)]
    pub secret_key: WireSecret,
    /// Everything else.
    #[serde(flatten)]
    pub key: KeyInfo,
}

/// A secret where it has to be written out: in these two messages and nowhere else.
pub struct WireSecret(pub SecretAccessKey);

/// Create a static key
#[utoipa::path(
    post, path = "/v1/admin/keys", operation_id = "Admin_CreateKey", tag = "Admin", request_body = CreateKey,
    responses((status = 201, body = CreatedKey), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn create(
    Administrator(caller): Administrator,
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateKey>,
) -> Result<(StatusCode, Json<CreatedKey>), ControlError> {
    let request = NewStaticKey {
        permission: body.permission,
        expires_at: body.expiry,
        import: body.import.map(|import| (import.access_key_id, import.secret_key.0)),
        attributes: body.attributes,
    };
    let (key, secret) = services.keys.create_static(request, &mut services.random).await?;
    tracing::info!(
        %caller, access_key = %key.access_key_id, principal = %key.principal, permission = %key.permission,
        minted_from = ?key.minted_from, expires_at = ?key.expires_at, "created an access key"
    );
    Ok((StatusCode::CREATED, Json(CreatedKey { secret_key: WireSecret(secret), key })))
}

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        SecretAccessKey::parse(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for WireSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}
