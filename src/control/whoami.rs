//! `GET /v1beta1/auth/whoami`: what the server takes the caller for.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Caller, ControlError, ErrorBody, Services};
use crate::identity::{Groups, Permission};

/// Who is calling.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmI {
    /// Who it is.
    pub principal: WhoAmIPrincipal,
    /// The groups that they are in, which their keys are in too.
    #[schema(value_type = Vec<String>)]
    pub groups: Groups,
    /// The most that they may do.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// Whose keys they make; absent on the control socket, where nobody makes any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_name: Option<String>,
    /// What their token is for, in its creator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
}

/// The ids in a [`WhoAmI`].
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmIPrincipal {
    /// The token's id.
    pub uid: String,
    /// The organization's id.
    pub org_uid: String,
}

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(whoami))
}

/// Show who the caller is
#[utoipa::path(
    get, path = "/v1beta1/auth/whoami", operation_id = "Auth_WhoAmI", tag = "Auth",
    responses((status = 200, body = WhoAmI), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn whoami(caller: Caller, State(services): State<Services>) -> Result<Json<WhoAmI>, ControlError> {
    let org_uid = services.keys.organization().to_string();
    Ok(Json(match caller {
        Caller::SocketOwner => WhoAmI {
            principal: WhoAmIPrincipal { uid: "control-socket".into(), org_uid },
            groups: Groups::default(),
            permission: Permission::Admin,
            principal_name: None,
            token_name: None,
        },
        Caller::Token(holder) => WhoAmI {
            principal: WhoAmIPrincipal { uid: holder.token().to_string(), org_uid },
            groups: holder.groups().clone(),
            permission: holder.permission(),
            principal_name: Some(holder.principal().to_string()),
            token_name: Some(holder.name().to_owned()),
        },
    }))
}
