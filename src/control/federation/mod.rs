//! `/v1/admin/federation/oidc` and `saml`: whose word counts, managed by administrators.

mod oidc;
mod saml;
mod update_mask;
mod update_oidc;
mod update_saml;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;

pub use oidc::{CreateOidcConfig, OidcApiAccess, OidcConfigAnswer, OidcConfigList, OidcConfigMessage};
pub use saml::{CreateSamlConfig, SamlConfigAnswer, SamlConfigList, SamlConfigMessage};
pub use update_oidc::UpdateOidcConfig;
pub use update_saml::UpdateSamlConfig;

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(oidc::create, oidc::list))
        .routes(routes!(oidc::show, update_oidc::update, oidc::delete))
        .routes(routes!(saml::create, saml::list))
        .routes(routes!(saml::show, update_saml::update, saml::delete))
}
