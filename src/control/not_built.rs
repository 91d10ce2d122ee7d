//! Operations of the protocol that this version does not have: policies and buckets. Known callers are
//! told so (501) instead of that there is no such route.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ControlError, ErrorBody, Services};

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(auth_can_i))
        .routes(routes!(list_access_policies, ensure_access_policy))
        .routes(routes!(delete_access_policy))
        .routes(routes!(list_bucket_info))
        .routes(routes!(get_bucket_info))
        .routes(routes!(set_bucket_settings))
        .routes(routes!(set_organization_settings))
}

/// Ask whether the caller may do something (not in this version)
#[utoipa::path(
    post, path = "/v1/cwobject/auth/can-i", operation_id = "CWObject_AuthCanI", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn auth_can_i() -> ControlError {
    ControlError::NotBuilt
}

/// List the organization policies (not in this version)
#[utoipa::path(
    get, path = "/v1/cwobject/access-policy", operation_id = "CWObject_ListAccessPolicies", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn list_access_policies() -> ControlError {
    ControlError::NotBuilt
}

/// Put an organization policy (not in this version)
#[utoipa::path(
    post, path = "/v1/cwobject/access-policy", operation_id = "CWObject_EnsureAccessPolicy", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn ensure_access_policy() -> ControlError {
    ControlError::NotBuilt
}

/// Delete an organization policy (not in this version)
#[utoipa::path(
    delete, path = "/v1/cwobject/access-policy/{name}", operation_id = "CWObject_DeleteAccessPolicy", tag = "CWObject", params(("name" = String, Path)),
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn delete_access_policy() -> ControlError {
    ControlError::NotBuilt
}

/// List the buckets (not in this version)
#[utoipa::path(
    get, path = "/v1/cwobject/bucket-info", operation_id = "CWObject_ListBucketInfo", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn list_bucket_info() -> ControlError {
    ControlError::NotBuilt
}

/// Show a bucket (not in this version)
#[utoipa::path(
    get, path = "/v1/cwobject/bucket-info/{bucketName}", operation_id = "CWObject_GetBucketInfo", tag = "CWObject", params(("bucketName" = String, Path)),
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn get_bucket_info() -> ControlError {
    ControlError::NotBuilt
}

/// Change the settings of a bucket (not in this version)
#[utoipa::path(
    put, path = "/v1/cwobject/bucket/settings", operation_id = "CWObject_SetBucketSettings", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn set_bucket_settings() -> ControlError {
    ControlError::NotBuilt
}

/// Change the settings of the organization (not in this version)
#[utoipa::path(
    put, path = "/v1/cwobject/organization/settings", operation_id = "CWObject_SetOrganizationSettings", tag = "CWObject",
    responses((status = 501, body = ErrorBody)), security(("TokenAuth" = []))
)]
async fn set_organization_settings() -> ControlError {
    ControlError::NotBuilt
}
