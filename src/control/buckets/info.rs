//! `GET /v1/cwobject/bucket-info` and `GET /v1/cwobject/bucket-info/{bucketName}`: `ListBucketInfo` and
//! `GetBucketInfo`.

#![expect(unused_qualifications, reason = "the macro that documents query parameters writes them")]

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::BucketSettingsMessage;
use crate::authority::InForce;
use crate::backend::{Backends, ListedBucket};
use crate::control::{ControlError, ErrorBody, Services, page};
use crate::identity::OrganizationId;

/// What may be told of a bucket.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketInfo {
    /// The organization it belongs to.
    #[schema(value_type = String)]
    pub org_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// When it was made; absent if its backend does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub creation_time: Option<Timestamp>,
    /// Its settings.
    pub settings: BucketSettingsMessage,
    /// The region that clients sign for.
    pub location: String,
    /// What it holds. Always empty: no backend tells it.
    pub usage: Vec<BucketUsage>,
}

/// A figure of what a bucket holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketUsage {
    /// What was measured.
    pub measurement_type: String,
    /// How much, as a whole number.
    pub value: String,
    /// The same for people.
    pub value_human_readable: String,
}

/// One bucket.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BucketInfoAnswer {
    /// The bucket.
    pub info: BucketInfo,
}

/// A part of the list of buckets; the end is where it is shorter than asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BucketInfoList {
    /// The buckets, by name.
    pub info: Vec<BucketInfo>,
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
}

/// List the buckets of the organization
#[utoipa::path(
    get, path = "/v1/cwobject/bucket-info", operation_id = "CWObject_ListBucketInfo", tag = "CWObject", params(Page),
    responses((status = 200, body = BucketInfoList), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn list(
    State(services): State<Services>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<BucketInfoList>, ControlError> {
    let Query(page) = page?;
    let limit = page::limit(page.limit.map(page::count))?;
    let in_force = services.authority.in_force()?;
    let buckets = services.backends()?.list_buckets().await?.into_iter();
    let part = buckets.skip(page::count(page.offset)).take(limit);
    Ok(Json(BucketInfoList { info: part.map(|bucket| services.bucket_info(&bucket, &in_force)).collect() }))
}

/// Show a bucket
#[utoipa::path(
    get, path = "/v1/cwobject/bucket-info/{bucketName}", operation_id = "CWObject_GetBucketInfo", tag = "CWObject",
    params(("bucketName" = String, Path)),
    responses((status = 200, body = BucketInfoAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn show(
    State(services): State<Services>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<BucketInfoAnswer>, ControlError> {
    let Path(name) = name?;
    let in_force = services.authority.in_force()?;
    // The list is the one place that tells when a bucket was made.
    let buckets = services.backends()?.list_buckets().await?;
    let bucket = buckets.into_iter().find(|bucket| bucket.name.as_str() == name);
    let bucket = bucket.ok_or(ControlError::NoSuchBucket(name))?;
    Ok(Json(BucketInfoAnswer { info: services.bucket_info(&bucket, &in_force) }))
}

impl Services {
    /// The storage.
    ///
    /// # Errors
    /// [`ControlError::NeedsServer`] where there is none at hand.
    pub(super) fn backends(&self) -> Result<&Backends, ControlError> {
        self.backends.as_deref().ok_or(ControlError::NeedsServer)
    }

    fn bucket_info(&self, bucket: &ListedBucket, in_force: &InForce) -> BucketInfo {
        let settings = in_force.bucket(bucket.name.as_str()).map(|rules| rules.settings).unwrap_or_default();
        BucketInfo {
            org_id: self.authority.organization().clone(),
            name: bucket.name.as_str().to_owned(),
            creation_time: bucket.created_at,
            settings: settings.into(),
            location: self.location.to_string(),
            usage: Vec::new(),
        }
    }
}
