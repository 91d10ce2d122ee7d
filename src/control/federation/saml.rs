//! `/v1/admin/federation/saml`: the messages, and everything but the update.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::{LARGEST_SAML_BODY, StrictJson};
use crate::control::caller::Administrator;
use crate::control::{ControlError, Empty, ErrorBody, Services};
use crate::federation::{NewSamlConfiguration, SamlConfiguration};

/// A SAML identity provider whose assertions prove who somebody is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SamlConfigMessage {
    /// Assigned by the server: the `configId` of requests.
    pub uid: String,
    /// The organization.
    pub org_uid: String,
    /// Unique; 1 to 255 characters of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// At most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The identity provider's entity id.
    pub entity_id: String,
    /// The certificates that its signatures are verified with: PEM.
    pub certificates: Vec<String>,
    /// Whether it signs the response as a whole instead of the assertion.
    pub signs_response: bool,
    /// Whether ECDSA and RSA-PSS signatures are accepted beside RSA.
    pub accepts_ecdsa_and_pss: bool,
    /// The `Name` of the attribute that holds the groups of whom an assertion is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_attribute: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// The body of a request for a SAML configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in SamlConfigMessage")]
pub struct CreateSamlConfig {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// May be absent beside metadata that holds one identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// Absent beside metadata.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
    /// The identity provider's metadata document, to take both from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    #[serde(default)]
    pub signs_response: bool,
    #[serde(default)]
    pub accepts_ecdsa_and_pss: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_attribute: Option<String>,
}

/// One SAML configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SamlConfigAnswer {
    /// The configuration.
    pub config: SamlConfigMessage,
}

/// Every SAML configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SamlConfigList {
    /// The configurations, by name.
    pub configs: Vec<SamlConfigMessage>,
}

impl Services {
    pub(super) fn saml_message(&self, config: &SamlConfiguration) -> SamlConfigMessage {
        SamlConfigMessage {
            uid: config.uid.clone(),
            org_uid: self.keys.organization().to_string(),
            name: config.name.clone(),
            description: config.description.clone(),
            entity_id: config.entity_id.clone(),
            certificates: config.certificates.clone(),
            signs_response: config.signs_response,
            accepts_ecdsa_and_pss: config.accepts_ecdsa_and_pss,
            groups_attribute: config.groups_attribute.clone(),
            created_at: config.created_at,
        }
    }
}

/// Trust a SAML identity provider
#[utoipa::path(
    post, path = "/v1/admin/federation/saml", operation_id = "Admin_CreateSAMLConfig", tag = "Admin",
    request_body = CreateSamlConfig,
    responses((status = 201, body = SamlConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn create(
    Administrator(caller): Administrator,
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateSamlConfig, LARGEST_SAML_BODY>,
) -> Result<(StatusCode, Json<SamlConfigAnswer>), ControlError> {
    let new = NewSamlConfiguration {
        name: body.name,
        description: body.description,
        entity_id: body.entity_id,
        certificates: body.certificates,
        metadata: body.metadata,
        signs_response: body.signs_response,
        accepts_ecdsa_and_pss: body.accepts_ecdsa_and_pss,
        groups_attribute: body.groups_attribute,
    };
    let config = services.federation.create_saml(new, &mut services.random).await?;
    tracing::info!(
        %caller, config = %config.uid, name = %config.name, issuer = ?config.entity_id, "created a SAML configuration"
    );
    Ok((StatusCode::CREATED, Json(SamlConfigAnswer { config: services.saml_message(&config) })))
}

/// List the SAML configurations
#[utoipa::path(
    get, path = "/v1/admin/federation/saml", operation_id = "Admin_ListSAMLConfigs", tag = "Admin",
    responses((status = 200, body = SamlConfigList), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn list(_: Administrator, State(services): State<Services>) -> Json<SamlConfigList> {
    let configs = services.federation.saml_configurations();
    Json(SamlConfigList { configs: configs.iter().map(|config| services.saml_message(config)).collect() })
}

/// Show a SAML configuration
#[utoipa::path(
    get, path = "/v1/admin/federation/saml/{uid}", operation_id = "Admin_GetSAMLConfig", tag = "Admin",
    params(("uid" = String, Path)),
    responses((status = 200, body = SamlConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn show(
    _: Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
) -> Result<Json<SamlConfigAnswer>, ControlError> {
    let Path(uid) = uid?;
    let configs = services.federation.saml_configurations();
    let config = configs.iter().find(|config| config.uid == uid).ok_or(ControlError::NoSuchConfiguration)?;
    Ok(Json(SamlConfigAnswer { config: services.saml_message(config) }))
}

/// Trust a SAML identity provider no longer; keys made by its assertions live on to their end
#[utoipa::path(
    delete, path = "/v1/admin/federation/saml/{uid}", operation_id = "Admin_DeleteSAMLConfig", tag = "Admin",
    params(("uid" = String, Path)),
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn delete(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
) -> Result<Json<Empty>, ControlError> {
    let Path(uid) = uid?;
    if !services.federation.delete_saml(&uid).await? {
        return Err(ControlError::NoSuchConfiguration);
    }
    tracing::info!(%caller, config = ?uid, "deleted a SAML configuration");
    Ok(Json(Empty {}))
}
