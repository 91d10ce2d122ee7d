//! `PUT /v1/cwobject/bucket/settings`: `SetBucketSettings`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authority::BucketSettings;
use crate::control::body::StrictJson;
use crate::control::{Caller, ControlError, ErrorBody, Services};
use crate::s3::BucketName;

/// The body of a request for settings of a bucket.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetBucketSettings {
    /// The bucket.
    pub bucket_name: String,
    /// What to change; members that are absent stay as they are.
    #[serde(default)]
    pub settings: Option<ChangedBucketSettings>,
}

/// Settings of a bucket, as far as they are to change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct ChangedBucketSettings {
    /// Whether requests for its objects are to be delivered to the audit bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_logging_enabled: Option<bool>,
    /// The protocol has it; no organization is entitled to it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub archive_enabled: Option<serde_json::Value>,
    /// The protocol has it; no organization is entitled to it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>)]
    pub archive_after_last_access_days: Option<serde_json::Value>,
    /// The protocol has it; no organization is entitled to it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub capacity_cap_bytes: Option<serde_json::Value>,
    /// The protocol has it, to be read only; no organization is entitled to it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub configured_capacity_cap_bytes: Option<serde_json::Value>,
}

/// The settings of a bucket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketSettingsMessage {
    /// Whether requests for its objects are to be delivered to the audit bucket; absent: never set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_logging_enabled: Option<bool>,
}

/// The settings as they are now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct BucketSettingsAnswer {
    /// The settings.
    pub settings: BucketSettingsMessage,
}

impl From<BucketSettings> for BucketSettingsMessage {
    fn from(settings: BucketSettings) -> Self {
        Self { audit_logging_enabled: settings.audit_logging }
    }
}

/// Change the settings of a bucket
#[utoipa::path(
    put, path = "/v1/cwobject/bucket/settings", operation_id = "CWObject_SetBucketSettings", tag = "CWObject",
    request_body = SetBucketSettings,
    responses((status = 200, body = BucketSettingsAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn set(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(body): StrictJson<SetBucketSettings>,
) -> Result<Json<BucketSettingsAnswer>, ControlError> {
    let change = body.settings.ok_or_else(|| ControlError::Invalid("settings: missing".into()))?;
    let missing = change.not_entitled_to();
    if !missing.is_empty() {
        let features = missing.join(", ");
        return Err(ControlError::Forbidden(format!("organization is not entitled to feature(s): {features}")));
    }
    // What is no name of a bucket names none.
    let no_such = |_| ControlError::NoSuchBucket(body.bucket_name.clone());
    let bucket = BucketName::parse(&body.bucket_name).map_err(no_such)?;
    if !services.backends()?.bucket_exists(&bucket).await? {
        return Err(ControlError::NoSuchBucket(body.bucket_name));
    }
    let change = BucketSettings { audit_logging: change.audit_logging_enabled };
    let settings = services.authority.change_bucket_settings(&bucket, change).await?;
    tracing::info!(%caller, bucket = bucket.as_str(), audit_logging = ?settings.audit_logging, "set the settings of a bucket");
    Ok(Json(BucketSettingsAnswer { settings: settings.into() }))
}

impl ChangedBucketSettings {
    /// The features that the change would take.
    fn not_entitled_to(&self) -> Vec<&'static str> {
        let archive = self.archive_enabled.is_some() || self.archive_after_last_access_days.is_some();
        let capacity = self.capacity_cap_bytes.is_some() || self.configured_capacity_cap_bytes.is_some();
        let features = [(archive, "BucketArchive"), (capacity, "BucketCapacityCap")];
        features.into_iter().filter(|(asked, _)| *asked).map(|(_, name)| name).collect()
    }
}
