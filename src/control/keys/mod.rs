//! `/v1/admin/keys`: one file per verb.

mod issue;
mod list;
mod revoke;

use axum::Router;
use axum::routing::{get, post};

use super::Services;

pub use issue::{CreateKey, CreatedKey, ImportedKey, WireSecret};
pub use list::KeyList;

pub(super) fn router() -> Router<Services> {
    Router::new()
        .route("/", post(issue::create).get(list::list))
        .route("/{id}", get(list::show))
        .route("/{id}/suspend", post(revoke::suspend))
        .route("/{id}/resume", post(revoke::resume))
        .route("/{id}/revoke", post(revoke::revoke))
}
