//! Credentials in the form that SDKs fetch by themselves, and the session token that comes with them.

use serde_json::json;

use crate::client::{FROM_API_TOKEN, Plane, Token};
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::sign::TestKey;

struct Fetched {
    key: TestKey,
    session_token: String,
}

async fn fetch(plane: &Plane, token: &Token) -> Fetched {
    let answer = plane.get(FROM_API_TOKEN, token).await;
    let text =
        |name: &str| answer.succeeded()[name].as_str().unwrap_or_else(|| panic!("{name}: {answer:?}")).to_owned();
    let fetched = Fetched {
        key: TestKey { id: text("AccessKeyId"), secret: text("SecretAccessKey") },
        session_token: text("Token"),
    };
    assert!(!fetched.session_token.is_empty() && fetched.session_token.len() < 128);
    fetched
}

fn upload() -> Request {
    Request::put("/bucket/object").body("x")
}

fn with_session_token(request: Request, token: &str) -> Request {
    request.header("x-amz-security-token", token)
}

#[tokio::test]
async fn the_answer_is_what_sdks_read() {
    let plane = Plane::start().await;
    let answer = plane.get(FROM_API_TOKEN, &plane.token("write").await).await;
    let mut names: Vec<_> = answer.succeeded().as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["AccessKeyId", "Expiration", "SecretAccessKey", "Token", "attributes", "multiAttributes"]);
    assert_eq!(answer.json["Expiration"], "2026-11-20T11:00:00Z");
    assert_eq!((&answer.json["attributes"], &answer.json["multiAttributes"]), (&json!({}), &json!({})));
    plane.send(&Request::get(FROM_API_TOKEN)).await.refused(401, 16);
}

#[tokio::test]
async fn their_life_is_configured() {
    let plane = Plane::with(|setup| setup.api = Some(vec!["container_key_life = \"15min\"".to_owned()])).await;
    let answer = plane.get(FROM_API_TOKEN, &plane.token("write").await).await;
    assert_eq!(answer.succeeded()["Expiration"], "2026-11-20T10:15:00Z");
}

#[tokio::test]
async fn the_key_works_with_its_own_session_token_only() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let (fetched, other) = (fetch(&plane, &token).await, fetch(&plane, &token).await);
    let permanent = plane.mint(&token, 0).await;

    plane.app.accepts(with_session_token(upload(), &fetched.session_token).sign(&fetched.key, now())).await;
    plane.app.refuses(&upload().sign(&fetched.key, now()), 403, "InvalidAccessKeyId").await;
    for wrong in ["wrong", &other.session_token, &fetched.session_token[1..]] {
        let request = with_session_token(upload(), wrong).sign(&fetched.key, now());
        plane.app.refuses(&request, 400, "InvalidToken").await;
    }
    // A key that has none, shown one.
    let request = with_session_token(upload(), &fetched.session_token).sign(&permanent, now());
    plane.app.refuses(&request, 400, "InvalidToken").await;
    plane.app.accepts(upload().sign(&permanent, now())).await;
}

#[tokio::test]
async fn the_old_and_the_new_key_work_while_an_sdk_changes_over() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let old = fetch(&plane, &token).await;
    plane.app.clock.advance(jiff::SignedDuration::from_mins(50));
    let later = now().saturating_add(jiff::SignedDuration::from_mins(50)).unwrap();
    let new = fetch(&plane, &token).await;
    for one in [&old, &new, &old] {
        plane.app.accepts(with_session_token(upload(), &one.session_token).sign(&one.key, later)).await;
    }
}

#[tokio::test]
async fn g07_a_request_without_an_answer_to_read_makes_no_key() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let before = plane.keys_in_all().await;
    for (path, authorization) in [
        (FROM_API_TOKEN.to_owned(), format!("Bearer {}", token.secret)),
        (format!("{}/ab1cd2", crate::client::FROM_OIDC), "a.b.c".to_owned()),
    ] {
        // HEAD is answered like GET, without the body: the secret would be lost.
        let head = Request::new("HEAD", &path).header("Authorization", authorization);
        assert_eq!(plane.send(&head).await.status, 405, "{path}");
    }
    assert_eq!(plane.keys_in_all().await, before);
    fetch(&plane, &token).await;
    assert_eq!(plane.keys_in_all().await, before + 1);
    let harmless =
        Request::new("HEAD", "/v1beta1/auth/whoami").header("Authorization", format!("Bearer {}", token.secret));
    assert_eq!(plane.send(&harmless).await.status, 200);
}
