//! `/v1/admin/keys`: one file per verb.

mod issue;
mod list;
mod revoke;
mod revoke_many;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use issue::{CreateKey, CreatedKey, ImportedKey, WireSecret};
pub use list::KeyList;
pub use revoke_many::{RevokeKeys, RevokedKeys};

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(issue::create, list::list))
        .routes(routes!(list::show))
        .routes(routes!(revoke::suspend))
        .routes(routes!(revoke::resume))
        .routes(routes!(revoke::revoke))
        .routes(routes!(revoke_many::revoke))
}
