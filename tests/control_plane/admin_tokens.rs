//! API tokens from their creation to their end, and what becomes of their keys.

use serde_json::json;

use crate::client::{ACCESS_KEY, Plane};
use crate::support::app::now;
use crate::support::request::Request;

#[tokio::test]
async fn a_token_is_created_listed_changed_and_revoked() {
    let plane = Plane::start().await;
    let body = json!({"name": "nightly backup", "permission": "write", "expiry": "2027-01-01T00:00:00Z"});
    let created = plane.post("/v1/admin/tokens", &plane.admin, &body).await;
    assert_eq!(created.status, 201);
    assert!(created.succeeded()["token"].as_str().unwrap().starts_with("CW-SECRET-"));
    assert_eq!(created.json["expiry"], "2027-01-01T00:00:00Z");
    let id = created.json["tokenId"].as_str().unwrap();
    let path = format!("/v1/admin/tokens/{id}");
    let shown = plane.get(&path, &plane.admin).await;
    assert_eq!(shown.succeeded()["name"], "nightly backup");
    assert!(shown.json.get("token").is_none());
    assert_eq!(shown.json["status"], "active");

    let changed = plane.call("PATCH", &path, &plane.admin, &json!({"name": "backup", "permission": "read"})).await;
    assert_eq!((&changed.succeeded()["name"], &changed.json["permission"]), (&json!("backup"), &json!("read")));
    let listed = plane.get("/v1/admin/tokens?limit=1", &plane.admin).await;
    let next = listed.succeeded()["next"].as_str().unwrap().to_owned();
    let rest = plane.get(&format!("/v1/admin/tokens?after={next}"), &plane.admin).await;
    assert_eq!(rest.succeeded()["tokens"].as_array().unwrap().len(), 1);
    assert!(rest.json.get("next").is_none());

    for _ in 0..2 {
        let revoked = plane.send(&crate::client::bearer(Request::post(&format!("{path}/revoke")), &plane.admin)).await;
        assert_eq!(revoked.succeeded()["status"], "revoked", "without a body, and as often as one likes");
    }
    plane.call("PATCH", &path, &plane.admin, &json!({"name": "x"})).await.refused(400, 9);
}

#[tokio::test]
async fn tokens_that_make_no_sense_are_refused() {
    let plane = Plane::start().await;
    for body in [
        json!({}),
        json!({"name": "a"}),
        json!({"permission": "read"}),
        json!({"name": "", "permission": "read"}),
        json!({"name": "a\n", "permission": "read"}),
        json!({"name": "a".repeat(129), "permission": "read"}),
        json!({"name": "a", "permission": "none"}),
        json!({"name": "a", "permission": "root"}),
        json!({"name": "a", "permission": "read", "expiry": "2001-01-01T00:00:00Z"}),
        json!({"name": "a", "permission": "read", "expiry": 3600}),
        json!({"name": "a", "permission": "read", "id": "chosen-by-me"}),
    ] {
        plane.post("/v1/admin/tokens", &plane.admin, &body).await.refused(400, 3);
    }
    let unknown = "/v1/admin/tokens/abcdefgh";
    plane.get(unknown, &plane.admin).await.refused(404, 5);
    plane.call("PATCH", unknown, &plane.admin, &json!({"name": "x"})).await.refused(404, 5);
    plane.post(&format!("{unknown}/revoke"), &plane.admin, &json!({})).await.refused(404, 5);
    plane.post(&format!("{unknown}/revoke"), &plane.admin, &json!({"keys": "maybe"})).await.refused(400, 3);
    plane.get("/v1/admin/tokens/UPPER", &plane.admin).await.refused(400, 3);
    let own = format!("/v1/admin/tokens/{}", plane.admin.id);
    plane.call("PATCH", &own, &plane.admin, &json!({})).await.refused(400, 3);
}

#[tokio::test]
async fn a_revoked_token_takes_its_keys_along_unless_told_otherwise() {
    let plane = Plane::start().await;
    for (body, goes_on) in [(json!({}), false), (json!({"keys": "revoke"}), false), (json!({"keys": "keep"}), true)] {
        let token = plane.token("write").await;
        let key = plane.mint(&token, 0).await;
        let request = || Request::get("/bucket/object").sign(&key, now());
        plane.app.accepts(request()).await;
        plane.post(&format!("/v1/admin/tokens/{}/revoke", token.id), &plane.admin, &body).await.succeeded();
        plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await.refused(401, 16);
        if goes_on {
            plane.app.accepts(request()).await;
        } else {
            plane.app.refuses(&request(), 403, "InvalidAccessKeyId").await;
        }
    }
}

#[tokio::test]
async fn a_narrowed_token_narrows_its_keys_at_the_next_request() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let key = plane.mint(&token, 0).await;
    let upload = || Request::put("/bucket/object").body("x").sign(&key, now());
    plane.app.accepts(upload()).await;
    let path = format!("/v1/admin/tokens/{}", token.id);
    plane.call("PATCH", &path, &plane.admin, &json!({"permission": "read"})).await.succeeded();
    let refused = plane.app.refuses(&upload(), 403, "AccessDenied").await;
    assert!(refused.element("Message").unwrap().contains("permission"), "{refused:?}");
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
    // Wider again: as far as at the key's making, and no further.
    plane.call("PATCH", &path, &plane.admin, &json!({"permission": "admin"})).await.succeeded();
    plane.app.accepts(upload()).await;
    plane.app.refuses(&Request::put("/new-bucket").sign(&key, now()), 403, "AccessDenied").await;
}

#[tokio::test]
async fn an_expired_token_makes_no_keys_and_leaves_those_it_made() {
    let plane = Plane::start().await;
    let body = json!({"name": "short", "permission": "write", "expiry": "2026-11-20T10:01:00Z"});
    let created = plane.post("/v1/admin/tokens", &plane.admin, &body).await;
    let token = crate::client::Token {
        id: created.json["tokenId"].as_str().unwrap().to_owned(),
        secret: created.json["token"].as_str().unwrap().to_owned(),
        principal: created.json["principalName"].as_str().unwrap().to_owned(),
    };
    let key = plane.mint(&token, 0).await;
    plane.app.clock.advance(jiff::SignedDuration::from_secs(60));
    plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 0})).await.refused(401, 16);
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
    let shown = plane.get(&format!("/v1/admin/tokens/{}", token.id), &plane.admin).await;
    assert_eq!(shown.succeeded()["status"], "expired");
}
