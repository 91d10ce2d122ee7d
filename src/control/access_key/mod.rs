//! `/v1/cwobject/access-key` and its neighbours: the operations that holders of API tokens have on
//! access keys. Whether they may,
//! `authorize` says.

mod create;
mod list;
mod revoke;
mod status;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use create::{AccessKey, CreateAccessKey, DurationSeconds};
pub use list::{AccessKeyAnswer, AccessKeyInfo, AccessKeyList, MultiAttributes};
pub use revoke::{RevokeAccessKey, RevokePrincipal};
pub use status::UpdateAccessKeyStatus;

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(list::show))
        .routes(routes!(status::update))
        .routes(routes!(revoke::access_key))
        .routes(routes!(revoke::principal))
}
