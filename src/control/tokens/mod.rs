//! `/v1/admin/tokens`: API tokens, managed by administrators.

mod create;
mod list;
mod revoke;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use create::{CreateToken, CreatedToken, WireToken};
pub use list::TokenList;
pub use revoke::RevokeToken;
pub use update::UpdateToken;

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(list::show, update::update))
        .routes(routes!(revoke::revoke))
}
