//! How often one may try, how much one gets, and how long one may take.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{ACCESS_KEY, FROM_API_TOKEN, FROM_OIDC, FROM_SAML, Plane, bearer, text};
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::wire::Connection;

/// Half of what a minute allows may come at once: here, one; the next one half a minute later.
async fn narrow(limit: &str) -> Plane {
    let limit = format!("{limit} = 2");
    Plane::with(|setup| setup.limits.push(limit)).await
}

#[tokio::test]
async fn g09_logins_are_limited_by_the_address_that_they_come_from() {
    let plane = narrow("logins_per_minute_per_peer").await;
    plane.get("/v1beta1/auth/whoami", &plane.admin).await.succeeded();
    // From now on it makes no difference what is shown, and where.
    let federated = |path| text("POST", path, r#"{"durationSeconds": 60, "orgId": "ab1cd2"}"#);
    for request in [
        bearer(Request::get("/v1beta1/auth/whoami"), &plane.admin),
        bearer(Request::get("/v1beta1/auth/whoami"), &plane.admin).header("X-Forwarded-For", "192.0.2.7"),
        bearer(Request::get("/v1beta1/auth/whoami"), &plane.admin).header("Forwarded", "for=192.0.2.7"),
        bearer(text("POST", ACCESS_KEY, "no JSON"), &plane.admin),
        Request::get("/v1beta1/auth/whoami"),
        Request::get(FROM_API_TOKEN),
        Request::get(&format!("{FROM_OIDC}/ab1cd2")).header("Authorization", "a.b.c"),
        federated(FROM_OIDC),
        federated(FROM_SAML),
    ] {
        let refused = plane.send(&request).await;
        refused.refused(429, 8);
        let wait: u64 = refused.response.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
    }
    // Whoever has a key is not concerned, nor is the document for anybody.
    plane.app.accepts(Request::get("/bucket/object").sign(&plane.app.write.clone(), now())).await;
    plane.send(&Request::get("/openapi.json")).await.succeeded();
}

#[tokio::test]
async fn g09_keys_are_limited_by_the_identity_that_gets_them() {
    let plane = narrow("keys_per_minute_per_identity").await;
    let (token, other) = (plane.token("write").await, plane.token("write").await);
    let key = plane.mint(&token, 60).await;
    let before = plane.keys_in_all().await;
    let refused = plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await;
    refused.refused(429, 8);
    assert!(refused.response.header("retry-after").is_some());
    plane.get(FROM_API_TOKEN, &token).await.refused(429, 8);
    assert_eq!(plane.keys_in_all().await, before);
    plane.mint(&other, 60).await;
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
}

#[tokio::test]
async fn g09_a_flood_of_wrong_tokens_leaves_the_data_plane_alone() {
    let plane = Plane::start().await;
    let key = plane.mint(&plane.token("write").await, 600).await;
    let wrong =
        Request::get("/v1beta1/auth/whoami").header("Authorization", format!("Bearer CW-SECRET-{}", "a".repeat(43)));
    let flood = async {
        let mut refused = (0, 0);
        for _ in 0..20 {
            let mut connection = Connection::open(plane.address).await;
            for _ in 0..50 {
                match connection.exchange(&wrong).await.status {
                    401 => refused.0 += 1,
                    429 => refused.1 += 1,
                    other => panic!("{other}"),
                }
            }
        }
        refused
    };
    let work = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let began = Instant::now();
            let answer = plane.app.send(&Request::get("/bucket/object").sign(&key, now())).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let (refused, slowest) = tokio::join!(flood, work);
    assert!(refused.0 >= 500 && refused.1 > 0, "half of 1200 a minute come through, then none: {refused:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

#[tokio::test]
async fn g09_a_body_that_does_not_come_is_not_waited_for() {
    let plane = Plane::start().await;
    let request = bearer(text("POST", ACCESS_KEY, r#"{"durationSeconds": 60}"#), &plane.admin);
    let bytes = request.bytes();
    let mut connection = Connection::open(plane.address).await;
    let began = Instant::now();
    // All but the last byte, and then nothing.
    connection.send(&bytes[..bytes.len() - 1]).await;
    let answer = connection.response("POST").await;
    assert_eq!(answer.status, 408, "{answer:?}");
    assert!((9..18).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    plane.send(&request).await.succeeded();
}
