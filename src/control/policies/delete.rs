//! `DELETE /v1/cwobject/access-policy/{name}`: `DeleteAccessPolicy`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use crate::control::body::Empty;
use crate::control::{Caller, ControlError, ErrorBody, Services};
use crate::policy::PolicyName;

/// Delete an organization policy
#[utoipa::path(
    delete, path = "/v1/cwobject/access-policy/{name}", operation_id = "CWObject_DeleteAccessPolicy",
    tag = "CWObject", params(("name" = String, Path)),
    responses((status = 200, body = Empty), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn delete(
    caller: Caller,
    State(services): State<Services>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Empty>, ControlError> {
    let Path(name) = name?;
    let name = PolicyName::parse(&name)?;
    if !services.authority.delete_policy(&name).await? {
        return Err(ControlError::NoSuchPolicy(name));
    }
    tracing::info!(%caller, policy = ?name.as_str(), "deleted an organization policy");
    Ok(Json(Empty {}))
}
