//! Who gets in, and what those learn who do not.

use serde_json::json;

use crate::client::{ACCESS_KEY, Plane, Token, bearer, json};
use crate::support::request::Request;

fn mint() -> Request {
    json("POST", ACCESS_KEY, &json!({"durationSeconds": 60}))
}

fn with_authorization(value: &str) -> Request {
    mint().header("Authorization", value)
}

#[tokio::test]
async fn g01_without_a_living_token_nothing_is_minted_and_all_get_one_answer() {
    let plane = Plane::start().await;
    let right = plane.token("write").await;
    let revoked = plane.token("write").await;
    plane.post(&format!("/v1/admin/tokens/{}/revoke", revoked.id), &plane.admin, &json!({})).await.succeeded();
    let body = json!({"name": "short", "permission": "write", "expiry": "2026-11-20T10:00:01Z"});
    let expired = plane.post("/v1/admin/tokens", &plane.admin, &body).await;
    let expired = expired.succeeded()["token"].as_str().unwrap().to_owned();
    plane.app.clock.advance(jiff::SignedDuration::from_secs(1));

    let (all_but_one, last) = right.secret.split_at(right.secret.len() - 1);
    let wrong_secret = format!("{all_but_one}{}", if last == "A" { "B" } else { "A" });
    let invented = format!("CW-SECRET-{}", "a".repeat(43));
    let key = plane.app.write.clone();
    let before = plane.keys_in_all().await;
    let mut bodies = Vec::new();
    for request in [
        mint(),
        with_authorization(""),
        with_authorization("Bearer"),
        with_authorization("Bearer "),
        with_authorization(&right.secret),
        with_authorization(&format!("Basic {}", right.secret)),
        with_authorization(&format!("Bearer {wrong_secret}")),
        with_authorization(&format!("Bearer {invented}")),
        with_authorization(&format!("Bearer {}", revoked.secret)),
        with_authorization(&format!("Bearer {expired}")),
        with_authorization(&format!("Bearer {} {}", right.secret, right.secret)),
        with_authorization(&format!("Bearer {},Bearer {}", right.secret, right.secret)),
        with_authorization("Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.AAAA"),
        with_authorization(&format!("Bearer {}", key.secret)),
        // Two headers, the right one first or last.
        bearer(with_authorization("Bearer x"), &right),
        bearer(mint(), &right).header("Authorization", "Bearer x"),
        bearer(mint(), &right).header("Authorization", format!("Bearer {}", right.secret)),
    ] {
        let answer = plane.send(&request).await;
        answer.refused(401, 16);
        assert_eq!(answer.response.header("www-authenticate"), Some("Bearer"));
        bodies.push(answer.response.body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "one body for all reasons");
    assert_eq!(plane.keys_in_all().await, before, "nothing was minted");

    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = plane.send(&with_authorization(&format!("{scheme} {}", right.secret))).await;
        assert_eq!(answer.status, 200, "the right token, all the same: {answer:?}");
    }
}

#[tokio::test]
async fn g01_every_route_but_those_that_look_at_a_proof_themselves_needs_a_token() {
    let plane = Plane::start().await;
    let document = plane.send(&Request::get("/openapi.json")).await;
    let paths = document.succeeded()["paths"].as_object().unwrap().clone();
    let mut needed = 0;
    for (path, operations) in &paths {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"] != json!([{"TokenAuth": []}]) {
                continue;
            }
            let path = path.replace(['{', '}'], "");
            let request = json(&method.to_uppercase(), &path, &json!({}));
            plane.send(&request).await.refused(401, 16);
            let invented =
                Token { id: String::new(), principal: String::new(), secret: format!("CW-SECRET-{}", "b".repeat(43)) };
            plane.send(&bearer(request, &invented)).await.refused(401, 16);
            needed += 1;
        }
    }
    assert!(needed > 30, "{needed}");
}

#[tokio::test]
async fn a_token_of_a_suspended_principal_is_known_and_refused() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let status = json!({"principalName": token.principal, "status": "ACCESS_KEY_STATUS_SUSPENDED"});
    plane.call("PUT", crate::client::STATUS, &plane.admin, &status).await.succeeded();
    let refused = plane.get("/v1beta1/auth/whoami", &token).await;
    assert!(refused.refused(403, 7).contains("suspended"));
    let status = json!({"principalName": token.principal, "status": "ACCESS_KEY_STATUS_ACTIVE"});
    plane.call("PUT", crate::client::STATUS, &plane.admin, &status).await.succeeded();
    plane.get("/v1beta1/auth/whoami", &token).await.succeeded();
}

#[tokio::test]
async fn g06_an_access_key_makes_no_other_key() {
    let plane = Plane::start().await;
    let token = plane.token("admin").await;
    let key = plane.mint(&token, 60).await;
    let before = plane.keys_in_all().await;
    let now = crate::support::app::now();
    plane.send(&mint().sign(&key, now)).await.refused(401, 16);
    plane.send(&with_authorization(&format!("Bearer {}", key.id))).await.refused(401, 16);
    plane.send(&with_authorization(&format!("Bearer {}", key.secret))).await.refused(401, 16);
    assert_eq!(plane.keys_in_all().await, before);
    // The key is good, where keys are.
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now)).await;
}

#[tokio::test]
async fn g13_a_token_in_the_query_is_refused_even_if_it_is_right() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    for query in [
        format!("access_token={}", token.secret),
        format!("Token={}", token.secret),
        format!("whatever={}", token.secret),
        token.secret.clone(),
        token.secret.replace("SECRET-", "SECRET%2D"),
        "whatever=eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJl".to_owned(),
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJl".to_owned(),
        "access_token=".to_owned(),
    ] {
        for path in ["/v1beta1/auth/whoami", ACCESS_KEY, "/openapi.json", "/elsewhere"] {
            let request = Request::get(&format!("{path}?{query}"));
            let refused = plane.send(&request).await;
            assert!(refused.refused(400, 3).contains("Authorization header"), "{query}");
            plane.send(&bearer(request, &token)).await.refused(400, 3);
        }
    }
    plane.get("/v1beta1/auth/whoami", &token).await.succeeded();
}

#[tokio::test]
async fn g13_no_page_of_another_site_is_let_in() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let before = plane.keys_in_all().await;
    for path in [ACCESS_KEY, "/v1/admin/tokens", crate::client::FROM_OIDC, crate::client::FROM_SAML, "/openapi.json"] {
        let preflight = Request::new("OPTIONS", path)
            .header("Origin", "https://evil.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type");
        let preflight = plane.send(&preflight).await;
        preflight.refused(405, 12);
        says_nothing_of_origins(&preflight);
    }
    let simple = |content_type: &str| {
        bearer(Request::post(ACCESS_KEY), &token)
            .header("Origin", "https://evil.example")
            .header("Content-Type", content_type)
            .body(r#"{"durationSeconds": 60}"#)
    };
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""] {
        let refused = plane.send(&simple(content_type)).await;
        refused.refused(415, 3);
        says_nothing_of_origins(&refused);
    }
    let twice = simple("application/json").header("Content-Type", "text/plain");
    plane.send(&twice).await.refused(415, 3);
    assert_eq!(plane.keys_in_all().await, before);
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let answer = plane.send(&simple(content_type)).await;
        answer.succeeded();
        says_nothing_of_origins(&answer);
    }
}

fn says_nothing_of_origins(answer: &crate::client::Answer) {
    let of_origins = |name: &str| name.to_ascii_lowercase().starts_with("access-control-");
    assert!(!answer.response.headers.iter().any(|(name, _)| of_origins(name)), "{answer:?}");
}
