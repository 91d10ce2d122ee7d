//! `GET /v1/cwobject/temporary-credentials/oidc/{orgId}` and `api-token`: `CreateAccessKeyFromContainerCreds`
//! and `CreateAccessKeyFromApiToken`, in the form that SDKs fetch through
//! `AWS_CONTAINER_CREDENTIALS_FULL_URI` and refresh by themselves.

use std::fmt;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::grant::Wishes;
use crate::control::login::raw_token;
use crate::control::record::Acting;
use crate::control::{Caller, ControlError, ErrorBody, MultiAttributes, Services, WireSecret};
use crate::federation::LoginError;
use crate::identity::{AccessKeyId, Attributes};
use crate::keys::{IssuedKey, KeyLife};

/// A key as SDKs read it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerCredentials {
    /// The key's id.
    #[schema(value_type = String)]
    pub access_key_id: AccessKeyId,
    /// Its secret.
    #[schema(value_type = String)]
    pub secret_access_key: WireSecret,
    /// What has to come with it at every request, as `x-amz-security-token`.
    pub token: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expiration: Timestamp,
    /// What is attached to it.
    #[serde(rename = "attributes")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
    /// Attributes with several values: `groups`, if its owner is in any.
    #[serde(rename = "multiAttributes")]
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub multi_attributes: MultiAttributes,
}

impl fmt::Debug for ContainerCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ContainerCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl ContainerCredentials {
    fn new(issued: IssuedKey) -> Result<Self, ControlError> {
        // Such a key is asked for with a session token and an end; one without is not handed out.
        let (Some(token), Some(expiration)) = (issued.session_token, issued.info.expires_at) else {
            return Err(ControlError::Panicked);
        };
        Ok(Self {
            access_key_id: issued.info.access_key_id,
            secret_access_key: WireSecret(issued.secret),
            token: token.expose().to_owned(),
            expiration,
            attributes: issued.info.attributes,
            multi_attributes: MultiAttributes { groups: issued.info.groups },
        })
    }
}

/// Create container credentials from an OIDC token
#[utoipa::path(
    get, path = "/v1/cwobject/temporary-credentials/oidc/{orgId}",
    operation_id = "CWObject_CreateAccessKeyFromContainerCreds", tag = "CWObject", params(("orgId" = String, Path)),
    responses((status = 200, body = ContainerCredentials), (status = "default", body = ErrorBody)),
    security(("ContainerCredentialsAuth" = []))
)]
pub(super) async fn from_oidc(
    State(mut services): State<Services>,
    organization: Result<Path<String>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<(Extension<Acting>, Json<ContainerCredentials>), ControlError> {
    demand_get(&method)?;
    let Path(organization) = organization?;
    let shown = raw_token(&headers).ok_or_else(|| LoginError::Refused("no token was shown".into()))?;
    let evidence = services.oidc_evidence(&organization, shown).await?;
    let seconds = services.container_key_life(evidence.principal());
    let wishes = Wishes { attributes: Attributes::default(), session_token: true };
    let issued = services.issue_on_evidence(&evidence, seconds, wishes).await?;
    Ok((Extension(Acting(evidence.principal().to_string())), Json(ContainerCredentials::new(issued)?)))
}

/// Create container credentials from an API token
#[utoipa::path(
    get, path = "/v1/cwobject/temporary-credentials/api-token",
    operation_id = "CWObject_CreateAccessKeyFromApiToken", tag = "CWObject",
    responses((status = 200, body = ContainerCredentials), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn from_api_token(
    caller: Caller,
    State(mut services): State<Services>,
    method: Method,
) -> Result<Json<ContainerCredentials>, ControlError> {
    demand_get(&method)?;
    let Caller::Token(holder) = caller else {
        return Err(ControlError::Forbidden("this takes an API token, whose key it would be".into()));
    };
    let life = KeyLife::Seconds(services.container_key_life(holder.principal()));
    let wishes = Wishes { attributes: Attributes::default(), session_token: true };
    Ok(Json(ContainerCredentials::new(services.issue_to_holder(&holder, life, wishes).await?)?))
}

/// A route for `GET` is one for `HEAD` too, which has no body: it would make a key that nobody gets.
fn demand_get(method: &Method) -> Result<(), ControlError> {
    if method == Method::GET { Ok(()) } else { Err(ControlError::MethodNotAllowed) }
}
