//! `POST /v1/admin/tokens`

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
use crate::identity::{ApiToken, Groups, Permission};
use crate::keys::{NewToken, TokenInfo};

/// The body of a request for an API token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateToken {
    /// What it is for: 1 to 128 characters.
    pub name: String,
    /// The most that it and its keys may do: `read`, `write` or `admin`.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// The groups that it and its keys are in: at most 100 names of 1 to 256 characters.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub groups: Groups,
    /// When it ends; absent for a token without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expiry: Option<Timestamp>,
}

/// The answer: the token, for the first and last time, and what may be told of it later.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedToken {
    /// What goes after `Authorization: Bearer`.
    #[schema(value_type = String)]
    pub token: WireToken,
    /// Everything else.
    #[serde(flatten)]
    pub info: TokenInfo,
}

/// A token where it has to be written out: in this message and nowhere else.
pub struct WireToken(pub ApiToken);

/// Create an API token
#[utoipa::path(
    post, path = "/v1/admin/tokens", operation_id = "Admin_CreateToken", tag = "Admin", request_body = CreateToken,
    responses((status = 201, body = CreatedToken), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn create(
    Administrator(caller): Administrator,
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), ControlError> {
    let request =
        NewToken { name: body.name, permission: body.permission, groups: body.groups, expires_at: body.expiry };
    let (info, token) = services.keys.create_token(request, &mut services.random).await?;
    tracing::info!(
        %caller, token = %info.token_id, name = ?info.name, permission = %info.permission,
        groups = ?info.groups.as_slice(),
        expires_at = ?info.expires_at.map(|end| end.to_string()), "created an API token"
    );
    Ok((StatusCode::CREATED, Json(CreatedToken { token: WireToken(token), info })))
}

impl Serialize for WireToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for WireToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        ApiToken::parse(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not an API token"))
    }
}

impl fmt::Debug for WireToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}
