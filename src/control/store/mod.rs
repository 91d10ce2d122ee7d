//! `/v1/admin/store`: one file per verb.

mod rotate_seal;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use rotate_seal::SealRotation;

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(rotate_seal::rotate_seal))
}
