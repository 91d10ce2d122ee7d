//! `GET /openapi.json`: the routes as an `OpenAPI` document, made from the code that serves them.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use super::Services;

/// No routes yet, and what the document says beside them.
pub(super) fn router() -> OpenApiRouter<Services> {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token, or a JSON Web Token of an issuer whose tokens count as one"))
        .build();
    let container =
        ApiKeyValue::with_description("Authorization", "An OIDC token as it is, without a scheme before it");
    let components = ComponentsBuilder::new()
        .security_scheme("TokenAuth", SecurityScheme::Http(bearer))
        .security_scheme("ContainerCredentialsAuth", SecurityScheme::ApiKey(ApiKey::Header(container)))
        .build();
    let info = InfoBuilder::new().title("Portcullis control plane").version(env!("CARGO_PKG_VERSION")).build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).components(Some(components)).build())
}

/// The route of the document itself. It is for anybody: it says nothing that the manual does not.
pub(super) fn serve(document: &OpenApi) -> Router<Services> {
    // Made once. Plain types without maps of anything but strings cannot fail to become JSON.
    let document = Arc::new(Bytes::from(document.to_json().unwrap_or_default()));
    Router::new().route(
        "/openapi.json",
        get(move || {
            let document = Bytes::clone(&document);
            async move { ([(CONTENT_TYPE, "application/json")], document).into_response() }
        }),
    )
}
