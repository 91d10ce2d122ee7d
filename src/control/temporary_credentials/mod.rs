//! `/v1/cwobject/temporary-credentials`: access keys for the word of an identity provider, and in the form
//! that SDKs fetch by themselves.

mod container;
mod oidc;
mod saml;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Services;

pub use container::ContainerCredentials;
pub use oidc::CreateAccessKeyFromOidc;
pub use saml::CreateAccessKeyFromSaml;

/// A token or an assertion where it has to be written out. Wiped from memory when dropped.
pub struct Shown(pub Zeroizing<String>);

/// The route that needs an API token.
pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(container::from_api_token))
}

/// The routes that look at what they are shown themselves.
pub(super) fn federated_router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(saml::create))
        .routes(routes!(oidc::create))
        .routes(routes!(container::from_oidc))
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shown(redacted)")
    }
}
