//! `/v1/cwobject/bucket-info` and `/v1/cwobject/bucket/settings`: which buckets there are, and their settings.

mod info;
mod settings;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use info::{BucketInfo, BucketInfoAnswer, BucketInfoList, BucketUsage};
pub use settings::{BucketSettingsAnswer, BucketSettingsMessage, ChangedBucketSettings, SetBucketSettings};

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(info::list)).routes(routes!(info::show)).routes(routes!(settings::set))
}
