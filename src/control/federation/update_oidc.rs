//! `PATCH /v1/admin/federation/oidc/{uid}`: the fields that `updateMask` names, and no others.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::oidc::{OidcApiAccess, OidcConfigAnswer};
use super::update_mask::{needed, nothing_unnamed};
use crate::control::body::StrictJson;
use crate::control::caller::Administrator;
use crate::control::{ControlError, ErrorBody, Services};
use crate::federation::{OidcUpdate, SigningAlgorithm};

/// What shall change about an OIDC configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in OidcConfigMessage")]
pub struct UpdateOidcConfig {
    /// The fields to change, such as `name,issuerUrl`. One that is named and absent is cleared
    /// (`description`, `apiAccess`, `groupsClaim`, `algorithms`); the others cannot be.
    pub update_mask: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub algorithms: Option<Vec<SigningAlgorithm>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_access: Option<OidcApiAccess>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
}

impl UpdateOidcConfig {
    fn check(mut self) -> Result<OidcUpdate, ControlError> {
        let mut update = OidcUpdate::default();
        let mask = std::mem::take(&mut self.update_mask);
        for path in mask.split(',').map(str::trim) {
            match path {
                "name" => update.name = Some(needed("name", self.name.take())?),
                "issuerUrl" | "issuer_url" => {
                    update.issuer_url = Some(needed("issuerUrl", self.issuer_url.take())?);
                }
                "audience" => update.audience = Some(needed("audience", self.audience.take())?),
                "active" => update.active = Some(needed("active", self.active.take())?),
                "description" => update.description = Some(self.description.take()),
                "algorithms" => update.algorithms = Some(self.algorithms.take().unwrap_or_default()),
                "apiAccess" | "api_access" => update.api_access = Some(self.api_access.take().map(Into::into)),
                "groupsClaim" | "groups_claim" => update.groups_claim = Some(self.groups_claim.take()),
                _ => return Err(ControlError::Invalid(format!("updateMask: {FIELDS}"))),
            }
        }
        nothing_unnamed(&[
            ("name", self.name.is_some()),
            ("issuerUrl", self.issuer_url.is_some()),
            ("audience", self.audience.is_some()),
            ("active", self.active.is_some()),
            ("description", self.description.is_some()),
            ("algorithms", self.algorithms.is_some()),
            ("apiAccess", self.api_access.is_some()),
            ("groupsClaim", self.groups_claim.is_some()),
        ])?;
        Ok(update)
    }
}

/// Change an OIDC configuration
#[utoipa::path(
    patch, path = "/v1/admin/federation/oidc/{uid}", operation_id = "Admin_UpdateOIDCConfig", tag = "Admin",
    params(("uid" = String, Path)), request_body = UpdateOidcConfig,
    responses((status = 200, body = OidcConfigAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn update(
    Administrator(caller): Administrator,
    State(services): State<Services>,
    uid: Result<Path<String>, PathRejection>,
    StrictJson(body): StrictJson<UpdateOidcConfig>,
) -> Result<Json<OidcConfigAnswer>, ControlError> {
    let Path(uid) = uid?;
    let update = body.check()?;
    let config = services.federation.update_oidc(&uid, update).await?.ok_or(ControlError::NoSuchConfiguration)?;
    tracing::info!(
        %caller, config = %config.uid, name = %config.name, issuer = %config.issuer_url, audience = ?config.audience,
        active = config.deactivated_at.is_none(), "changed an OIDC configuration"
    );
    Ok(Json(OidcConfigAnswer { config: services.oidc_message(&config) }))
}

const FIELDS: &str = "names one or more of name, issuerUrl, audience, description, active, algorithms, apiAccess and groupsClaim, with commas between";
