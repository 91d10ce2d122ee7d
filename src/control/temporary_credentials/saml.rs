//! `POST /v1/cwobject/temporary-credentials/saml`: `CreateAccessKeyFromSAML`.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shown;
use crate::control::body::{LARGEST_SAML_BODY, StrictJson};
use crate::control::grant::Wishes;
use crate::control::record::Acting;
use crate::control::{AccessKey, ControlError, DurationSeconds, ErrorBody, Services};
use crate::federation::UnverifiedSaml;
use crate::identity::Attributes;

/// The body of a request for an access key, shown a SAML response.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateAccessKeyFromSaml {
    /// How long the key lives: 1 to 43200 seconds.
    #[schema(value_type = u32, minimum = 1, maximum = 43200)]
    pub duration_seconds: DurationSeconds,
    /// The organization.
    pub org_id: String,
    /// The response, in base64.
    #[schema(value_type = String)]
    pub saml_response: Shown,
    /// The configuration; may be absent if the organization has exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_id: Option<String>,
    /// What to attach to the key.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// Create an access key from a SAML response
#[utoipa::path(
    post, path = "/v1/cwobject/temporary-credentials/saml", operation_id = "CWObject_CreateAccessKeyFromSAML",
    tag = "CWObject", request_body = CreateAccessKeyFromSaml,
    responses((status = 200, body = AccessKey), (status = "default", body = ErrorBody)), security(())
)]
pub(super) async fn create(
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateAccessKeyFromSaml, LARGEST_SAML_BODY>,
) -> Result<(Extension<Acting>, Json<AccessKey>), ControlError> {
    let seconds = body.duration_seconds.temporary()?;
    let unverified = UnverifiedSaml::new(body.saml_response.0);
    let evidence = services.saml_evidence(&body.org_id, body.config_id.as_deref(), unverified).await?;
    let wishes = Wishes { attributes: body.attributes, session_token: false };
    let issued = services.issue_on_evidence(&evidence, seconds, wishes).await?;
    Ok((Extension(Acting(evidence.principal().to_string())), Json(issued.into())))
}
