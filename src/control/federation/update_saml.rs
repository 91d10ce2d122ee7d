//! `PATCH /v1/admin/federation/saml/{uid}`: the fields that `updateMask` names, and no others.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::saml::SamlConfigAnswer;
use super::update_mask::{needed, nothing_unnamed};
use crate::control::body::{LARGEST_SAML_BODY, StrictJson};
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::federation::SamlUpdate;

/// What shall change about a SAML configuration. Its entity id cannot: another one is another configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in SamlConfigMessage")]
pub struct UpdateSamlConfig {
    /// The fields to change, such as `name,certificates`. A `description` or a `groupsAttribute`
    /// that is named and absent is cleared; the others cannot be.
    pub update_mask: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All that its signatures shall be verified with, PEM: those that are not in here are out of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<String>>,
    /// The identity provider's metadata document, to take the certificates from. It has to be that of the
    /// same entity id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_response: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts_ecdsa_and_pss: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_attribute: Option<String>,
}

impl UpdateSamlConfig {
    fn check(mut self) -> Result<SamlUpdate, ControlError> {
        let mut update = SamlUpdate::default();
        let mask = std::mem::take(&mut self.update_mask);
        for path in mask.split(',').map(str::trim) {
            match path {
                "name" => update.name = Some(needed("name", self.name.take())?),
                "description" => update.description = Some(self.description.take()),
                "certificates" => update.certificates = Some(needed("certificates", self.certificates.take())?),
                "metadata" => update.metadata = Some(needed("metadata", self.metadata.take())?),
                "signsResponse" | "signs_response" => {
                    update.signs_response = Some(needed("signsResponse", self.signs_response.take())?);
                }
                "acceptsEcdsaAndPss" | "accepts_ecdsa_and_pss" => {
                    update.accepts_ecdsa_and_pss =
                        Some(needed("acceptsEcdsaAndPss", self.accepts_ecdsa_and_pss.take())?);
                }
                "groupsAttribute" | "groups_attribute" => update.groups_attribute = Some(self.groups_attribute.take()),
                _ => return Err(ControlError::Invalid(format!("updateMask: {FIELDS}"))),
            }
        }
        nothing_unnamed(&[
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("certificates", self.certificates.is_some()),
            ("metadata", self.metadata.is_some()),
            ("signsResponse", self.signs_response.is_some()),
            ("acceptsEcdsaAndPss", self.accepts_ecdsa_and_pss.is_some()),
            ("groupsAttribute", self.groups_attribute.is_some()),
        ])?;
        Ok(update)
    }
}

/// Change a SAML configuration, such as its certificates
#[utoipa::path(
    patch, path = "/v1/admin/federation/saml/{uid}", operation_id = "Admin_UpdateSAMLConfig", tag = "Admin",
    params(("uid" = String, Path)), request_body = UpdateSamlConfig,
    responses((status = 200, body = SamlConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn update(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
    StrictJson(body): StrictJson<UpdateSamlConfig, LARGEST_SAML_BODY>,
) -> Result<Json<SamlConfigAnswer>, ControlError> {
    let Path(uid) = uid?;
    let changed = body.update_mask.clone();
    let update = body.check()?;
    let config = services.federation.update_saml(&uid, update).await?.ok_or(ControlError::NoSuchConfiguration)?;
    tracing::info!(
        %caller, config = %config.uid, name = %config.name, issuer = ?config.entity_id, ?changed,
        certificates = config.certificates.len(), "changed a SAML configuration"
    );
    Ok(Json(SamlConfigAnswer { config: services.saml_message(&config) }))
}

const FIELDS: &str = "names one or more of name, description, certificates, metadata, signsResponse, acceptsEcdsaAndPss and groupsAttribute, with commas between";
