//! `PUT /v1/cwobject/organization/settings`: `SetOrganizationSettings`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::StrictJson;
use super::{Caller, ControlError, ErrorBody, Services};
use crate::authority;

/// The body of a request for settings of the organization.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetOrganizationSettings {
    /// What to change; members that are absent stay as they are.
    #[serde(default)]
    pub settings: Option<ChangedOrganizationSettings>,
}

/// Settings of the organization, as far as they are to change.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct ChangedOrganizationSettings {
    /// Whether changes through the control plane are to be delivered to the audit bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_audit_logging_enabled: Option<bool>,
    /// Whether buckets may ask for delivery of their requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_audit_logging_enabled: Option<bool>,
}

/// The settings of the organization.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationSettingsMessage {
    /// Whether changes through the control plane are to be delivered to the audit bucket.
    pub control_plane_audit_logging_enabled: bool,
    /// Whether buckets may ask for delivery of their requests.
    pub bucket_audit_logging_enabled: bool,
}

/// The settings as they are now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct OrganizationSettingsAnswer {
    /// The settings.
    pub settings: OrganizationSettingsMessage,
}

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(set))
}

/// Change the settings of the organization
#[utoipa::path(
    put, path = "/v1/cwobject/organization/settings", operation_id = "CWObject_SetOrganizationSettings",
    tag = "CWObject", request_body = SetOrganizationSettings,
    responses((status = 200, body = OrganizationSettingsAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
async fn set(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(body): StrictJson<SetOrganizationSettings>,
) -> Result<Json<OrganizationSettingsAnswer>, ControlError> {
    let change = body.settings.ok_or_else(|| ControlError::Invalid("settings: missing".into()))?;
    let change = |settings: &mut authority::OrganizationSettings| {
        let authority::OrganizationSettings { control_plane_audit_logging, bucket_audit_logging } = settings;
        *control_plane_audit_logging =
            change.control_plane_audit_logging_enabled.unwrap_or(*control_plane_audit_logging);
        *bucket_audit_logging = change.bucket_audit_logging_enabled.unwrap_or(*bucket_audit_logging);
    };
    let settings = services.authority.change_organization_settings(change).await?;
    tracing::info!(
        %caller, control_plane_audit_logging = settings.control_plane_audit_logging,
        bucket_audit_logging = settings.bucket_audit_logging, "set the settings of the organization"
    );
    let settings = OrganizationSettingsMessage {
        control_plane_audit_logging_enabled: settings.control_plane_audit_logging,
        bucket_audit_logging_enabled: settings.bucket_audit_logging,
    };
    Ok(Json(OrganizationSettingsAnswer { settings }))
}
