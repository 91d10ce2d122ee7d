//! `POST /v1/cwobject/temporary-credentials/oidc`: `CreateAccessKeyFromOIDC`.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shown;
use crate::control::body::StrictJson;
use crate::control::grant::Wishes;
use crate::control::record::Acting;
use crate::control::{AccessKey, ControlError, DurationSeconds, ErrorBody, Services};
use crate::federation::UnverifiedJwt;
use crate::identity::Attributes;

/// The body of a request for an access key, shown an OIDC token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateAccessKeyFromOidc {
    /// How long the key lives: 1 to 43200 seconds.
    #[schema(value_type = u32, minimum = 1, maximum = 43200)]
    pub duration_seconds: DurationSeconds,
    /// The organization.
    pub org_id: String,
    /// The token.
    #[schema(value_type = String)]
    pub oidc_token: Shown,
    /// What to attach to the key.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// Create an access key from an OIDC token
#[utoipa::path(
    post, path = "/v1/cwobject/temporary-credentials/oidc", operation_id = "CWObject_CreateAccessKeyFromOIDC",
    tag = "CWObject", request_body = CreateAccessKeyFromOidc,
    responses((status = 200, body = AccessKey), (status = "default", body = ErrorBody)), security(())
)]
pub(super) async fn create(
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateAccessKeyFromOidc>,
) -> Result<(Extension<Acting>, Json<AccessKey>), ControlError> {
    let seconds = body.duration_seconds.temporary()?;
    let evidence = services.oidc_evidence(&body.org_id, UnverifiedJwt::new(body.oidc_token.0)).await?;
    let wishes = Wishes { attributes: body.attributes, session_token: false };
    let issued = services.issue_on_evidence(&evidence, seconds, wishes).await?;
    Ok((Extension(Acting(evidence.principal().to_string())), Json(issued.into())))
}
