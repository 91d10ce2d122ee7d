//! `GET /v1/cwobject/access-key` and `GET /v1/cwobject/access-key/{accessKeyId}`: `ListAccessKeyInfo` and
//! `GetAccessKeyInfo`.

#![expect(unused_qualifications, reason = "the macro that documents query parameters writes them")]

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::status::RequestedStatus;
use crate::control::{ControlError, ErrorBody, Services, page};
use crate::identity::{AccessKeyId, Attributes, Groups, OrganizationId, Principal};
use crate::keys::{KeyFilter, KeyInfo, KeyStatus};

/// What may be told of a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessKeyInfo {
    /// Its id.
    #[schema(value_type = String)]
    pub access_key_id: AccessKeyId,
    /// `ACTIVE`, `EXPIRED`, `FULL_SUSPENDED` or `DELETED`.
    pub status: String,
    /// Whose key it is.
    #[schema(value_type = String)]
    pub principal_name: Principal,
    /// What is attached to it.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
    /// When it ends; absent for a permanent key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expiry: Option<Timestamp>,
    /// The organization it belongs to.
    #[schema(value_type = String)]
    pub org_id: OrganizationId,
    /// Attributes with several values: `groups`, if its owner is in any.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub multi_attributes: MultiAttributes,
}

/// What is attached to a key and has several values: what is not there has none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MultiAttributes {
    /// The groups that its owner is in.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
}

/// One key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AccessKeyAnswer {
    /// The key.
    pub info: AccessKeyInfo,
}

/// A part of the list of keys; the end is where it is shorter than asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AccessKeyList {
    /// The keys, by id.
    pub info: Vec<AccessKeyInfo>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// How many to leave out from the beginning.
    #[serde(default)]
    offset: u32,
    /// 1 to 1000; absent: 1000.
    limit: Option<u32>,
    /// `ACCESS_KEY_STATUS_ACTIVE` or `ACCESS_KEY_STATUS_SUSPENDED`; absent: every key but revoked ones.
    #[param(value_type = Option<String>)]
    status: Option<RequestedStatus>,
}

impl From<KeyInfo> for AccessKeyInfo {
    fn from(key: KeyInfo) -> Self {
        let status = match key.status {
            KeyStatus::Active => "ACTIVE",
            KeyStatus::Expired => "EXPIRED",
            KeyStatus::Revoked => "DELETED",
            KeyStatus::Suspended => "FULL_SUSPENDED",
        };
        Self {
            access_key_id: key.access_key_id,
            status: status.into(),
            principal_name: key.principal,
            attributes: key.attributes,
            expiry: key.expires_at,
            org_id: key.organization,
            multi_attributes: MultiAttributes { groups: key.groups },
        }
    }
}

/// List the access keys of the organization
#[utoipa::path(
    get, path = "/v1/cwobject/access-key", operation_id = "CWObject_ListAccessKeyInfo", tag = "CWObject", params(Page),
    responses((status = 200, body = AccessKeyList), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn list(
    State(services): State<Services>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<AccessKeyList>, ControlError> {
    let Query(page) = page?;
    let limit = page::limit(page.limit.map(page::count))?;
    let filter = KeyFilter {
        principal: None,
        status: page.status.map(|status| match status {
            RequestedStatus::Active => KeyStatus::Active,
            RequestedStatus::Suspended => KeyStatus::Suspended,
        }),
        offset: page::count(page.offset),
        limit,
    };
    let keys = services.keys.list_filtered(filter).await?;
    Ok(Json(AccessKeyList { info: keys.into_iter().map(Into::into).collect() }))
}

/// Show an access key
#[utoipa::path(
    get, path = "/v1/cwobject/access-key/{accessKeyId}", operation_id = "CWObject_GetAccessKeyInfo", tag = "CWObject",
    params(("accessKeyId" = String, Path)),
    responses((status = 200, body = AccessKeyAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn show(
    State(services): State<Services>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<AccessKeyAnswer>, ControlError> {
    let id = AccessKeyId::parse(&id?)?;
    let key = services.keys.show(&id).await?;
    Ok(Json(AccessKeyAnswer { info: key.ok_or(ControlError::NoSuchKey(id))?.into() }))
}
