//! `/v1/admin/federation/oidc`: the messages, and everything but the update.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::StrictJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, Empty, ErrorBody, Services};
use crate::federation::{ApiAccess, NewOidcConfiguration, OidcConfiguration, SigningAlgorithm};

/// An OIDC issuer whose tokens, made for one audience, prove who somebody is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcConfigMessage {
    /// Assigned by the server.
    pub uid: String,
    /// The organization.
    pub org_uid: String,
    /// 1 to 255 characters of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// At most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The `iss` of its tokens, byte for byte.
    pub issuer_url: String,
    /// The one `aud` of its tokens, byte for byte.
    pub audience: String,
    /// How its tokens may be signed.
    #[schema(value_type = Vec<String>)]
    pub algorithms: Vec<SigningAlgorithm>,
    /// Set if its tokens are accepted as API tokens too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_access: Option<OidcApiAccess>,
    /// The claim that holds the groups of whom a token is about: a text or a list of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Since when it is out of use; absent if it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deactivated_at: Option<Timestamp>,
}

/// How the tokens of an issuer count as API tokens.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OidcApiAccess {
    /// The claim that holds `read`, `write` or `admin`.
    pub permission_claim: String,
    /// Whether such a token may make permanent keys.
    #[serde(default)]
    pub permanent_keys: bool,
}

/// The body of a request for an OIDC configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in OidcConfigMessage")]
pub struct CreateOidcConfig {
    pub name: String,
    pub issuer_url: String,
    pub audience: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is in use at once; absent means that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Absent or empty: all that there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub algorithms: Vec<SigningAlgorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_access: Option<OidcApiAccess>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
}

/// One OIDC configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OidcConfigAnswer {
    /// The configuration.
    pub config: OidcConfigMessage,
}

/// Every OIDC configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OidcConfigList {
    /// The configurations, by name.
    pub configs: Vec<OidcConfigMessage>,
}

impl From<OidcApiAccess> for ApiAccess {
    fn from(access: OidcApiAccess) -> Self {
        Self { permission_claim: access.permission_claim, permanent_keys: access.permanent_keys }
    }
}

impl Services {
    pub(super) fn oidc_message(&self, config: &OidcConfiguration) -> OidcConfigMessage {
        let api_access = config.api_access.as_ref().map(|access| OidcApiAccess {
            permission_claim: access.permission_claim.clone(),
            permanent_keys: access.permanent_keys,
        });
        OidcConfigMessage {
            uid: config.uid.clone(),
            org_uid: self.keys.organization().to_string(),
            name: config.name.clone(),
            description: config.description.clone(),
            issuer_url: config.issuer_url.clone(),
            audience: config.audience.clone(),
            algorithms: config.algorithms.clone(),
            api_access,
            groups_claim: config.groups_claim.clone(),
            created_at: config.created_at,
            updated_at: config.updated_at,
            deactivated_at: config.deactivated_at,
        }
    }
}

/// Trust an OIDC issuer
#[utoipa::path(
    post, path = "/v1/admin/federation/oidc", operation_id = "Admin_CreateOIDCConfig", tag = "Admin",
    request_body = CreateOidcConfig,
    responses((status = 201, body = OidcConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn create(
    Administrator(caller): Administrator,
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateOidcConfig>,
) -> Result<(StatusCode, Json<OidcConfigAnswer>), ControlError> {
    let new = NewOidcConfiguration {
        name: body.name,
        description: body.description,
        issuer_url: body.issuer_url,
        audience: body.audience,
        algorithms: body.algorithms,
        api_access: body.api_access.map(Into::into),
        groups_claim: body.groups_claim,
        active: body.active.unwrap_or(true),
    };
    let config = services.federation.create_oidc(new, &mut services.random).await?;
    tracing::info!(
        %caller, config = %config.uid, name = %config.name, issuer = %config.issuer_url, audience = ?config.audience,
        "created an OIDC configuration"
    );
    Ok((StatusCode::CREATED, Json(OidcConfigAnswer { config: services.oidc_message(&config) })))
}

/// List the OIDC configurations
#[utoipa::path(
    get, path = "/v1/admin/federation/oidc", operation_id = "Admin_ListOIDCConfigs", tag = "Admin",
    responses((status = 200, body = OidcConfigList), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn list(_: Administrator, State(services): State<Services>) -> Json<OidcConfigList> {
    let configs = services.federation.oidc_configurations();
    Json(OidcConfigList { configs: configs.iter().map(|config| services.oidc_message(config)).collect() })
}

/// Show an OIDC configuration
#[utoipa::path(
    get, path = "/v1/admin/federation/oidc/{uid}", operation_id = "Admin_GetOIDCConfig", tag = "Admin",
    params(("uid" = String, Path)),
    responses((status = 200, body = OidcConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn show(
    _: Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
) -> Result<Json<OidcConfigAnswer>, ControlError> {
    let Path(uid) = uid?;
    let configs = services.federation.oidc_configurations();
    let config = configs.iter().find(|config| config.uid == uid).ok_or(ControlError::NoSuchConfiguration)?;
    Ok(Json(OidcConfigAnswer { config: services.oidc_message(config) }))
}

/// Trust an OIDC issuer no longer; keys made by its tokens live on to their end
#[utoipa::path(
    delete, path = "/v1/admin/federation/oidc/{uid}", operation_id = "Admin_DeleteOIDCConfig", tag = "Admin",
    params(("uid" = String, Path)),
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn delete(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
) -> Result<Json<Empty>, ControlError> {
    let Path(uid) = uid?;
    if !services.federation.delete_oidc(&uid).await? {
        return Err(ControlError::NoSuchConfiguration);
    }
    tracing::info!(%caller, config = ?uid, "deleted an OIDC configuration");
    Ok(Json(Empty {}))
}
