//! What all answers have in common, and what is not there to be asked for.

use std::collections::HashSet;

use serde_json::json;

use crate::client::{ACCESS_KEY, FROM_OIDC, Plane};
use crate::support::request::Request;

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_is_not_to_be_kept() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let mut ids = HashSet::new();
    for answer in [
        plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await,
        plane.get(ACCESS_KEY, &token).await,
        plane.get(crate::client::FROM_API_TOKEN, &token).await,
        plane.send(&Request::get(ACCESS_KEY)).await,
        plane.send(&Request::get("/openapi.json")).await,
        plane.send(&Request::get("/nowhere")).await,
        plane.send(&Request::delete(ACCESS_KEY)).await,
        plane.post(FROM_OIDC, &token, &json!({})).await,
    ] {
        let id = answer.response.header("x-request-id").unwrap().to_owned();
        assert!(id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{id}");
        assert!(ids.insert(id));
        assert_eq!(answer.response.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.response.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_envelope() {
    let plane = Plane::start().await;
    plane.get("/nowhere", &plane.admin).await.refused(404, 5);
    plane.get("/v1/cwobject", &plane.admin).await.refused(404, 5);
    plane.get("/v1/cwobject/access-key/", &plane.admin).await.refused(404, 5);
    plane.call("DELETE", ACCESS_KEY, &plane.admin, &json!({})).await.refused(405, 12);
}

#[tokio::test]
async fn g12_nothing_else_is_shown_on_the_public_port() {
    let plane = Plane::start().await;
    for path in [
        "/",
        "/metrics",
        "/debug",
        "/debug/pprof/",
        "/health",
        "/healthz",
        "/livez",
        "/readyz",
        "/config",
        "/env",
        "/profile",
        "/status",
        "/admin",
        "/v1/admin",
        "/v1/admin/config",
        "/minio/health/live",
        "/.env",
        "/actuator",
    ] {
        for request in [Request::get(path), crate::client::bearer(Request::get(path), &plane.admin)] {
            let answer = plane.send(&request).await;
            assert!((400..=405).contains(&answer.status), "{path}: {answer:?}");
            plane.app.tells_no_secret(&answer.response);
            let text = answer.response.text();
            assert!(!text.contains("portcullis.redb") && !text.contains("seal.key"), "{path}: {text}");
        }
        // The data plane knows buckets and nothing else.
        if path != "/" {
            let answer = plane.app.send(&Request::get(path)).await;
            assert!([400, 403].contains(&answer.status), "{path}: {answer:?}");
        }
    }
}
