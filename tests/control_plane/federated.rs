//! Keys for whom an identity provider vouches. What a token or a response has to be is tested in
//! `tests/federation` and `tests/saml`; here, what it gets and what is said of it.

use std::sync::Arc;

use portcullis::clock::Clock as _;
use serde_json::{Value, json};

use crate::client::{ACCESS_KEY, Answer, FROM_OIDC, Plane, json as request};
use crate::issuer::{Behaviour, SigningKey, StubIssuer, with};
use crate::support::app::now;
use crate::support::request::Request;
#[cfg(feature = "saml")]
use crate::support::setup::Setup;

const AUDIENCE: &str = "https://portcullis.example/";

/// A trusted issuer.
pub(crate) struct Issuer {
    pub(crate) stub: StubIssuer,
    key: SigningKey,
    pub(crate) path: String,
}

pub(crate) async fn issuer(plane: &Plane, more: &Value) -> Issuer {
    let (stub, key) = (StubIssuer::start().await, SigningKey::ec256());
    stub.publish(&[key.jwk("a")]);
    let body = with(json!({"name": "build", "issuerUrl": stub.url(), "audience": AUDIENCE}), more);
    let created = plane.post("/v1/admin/federation/oidc", &plane.admin, &body).await;
    let path = format!("/v1/admin/federation/oidc/{}", created.succeeded()["config"]["uid"].as_str().unwrap());
    Issuer { stub, key, path }
}

impl Issuer {
    pub(crate) fn token(&self, plane: &Plane, claims: &Value) -> String {
        let now = plane.app.clock.now().as_second();
        let good = json!({
            "iss": self.stub.url(), "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600, "jti": "token-1",
        });
        self.key.token(&json!({"alg": "ES256", "typ": "JWT", "kid": "a"}), &with(good, claims))
    }

    pub(crate) fn principal(&self) -> String {
        format!("role/{}:alice", self.stub.url())
    }
}

pub(crate) async fn exchange(plane: &Plane, organization: &str, token: &str) -> Answer {
    let body = json!({"durationSeconds": 600, "orgId": organization, "oidcToken": token});
    plane.send(&request("POST", FROM_OIDC, &body)).await
}

async fn container(plane: &Plane, organization: &str, authorization: &str) -> Answer {
    plane.send(&Request::get(&format!("{FROM_OIDC}/{organization}")).header("Authorization", authorization)).await
}

#[tokio::test]
async fn an_oidc_token_gets_a_key_for_its_subject() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let body = json!({
        "durationSeconds": 600, "orgId": "ab1cd2", "oidcToken": issuer.token(&plane, &json!({})),
        "attributes": {"job": "nightly"},
    });
    let made = plane.send(&request("POST", FROM_OIDC, &body)).await;
    assert_eq!(made.succeeded()["principalName"], issuer.principal());
    assert_eq!((&made.json["expiry"], &made.json["attributes"]), (&json!("2026-11-20T10:10:00Z"), &body["attributes"]));
    plane.app.accepts(Request::put("/bucket/object").body("x").sign(&made.key(), now())).await;
    // The ceiling of its prefix is all that limits it.
    plane.app.refuses(&Request::put("/new-bucket").sign(&made.key(), now()), 403, "AccessDenied").await;
    // It is no API token: that takes a configuration that says so.
    let token = issuer.token(&plane, &json!({}));
    let bearer =
        request("POST", ACCESS_KEY, &json!({"durationSeconds": 60})).header("Authorization", format!("Bearer {token}"));
    plane.send(&bearer).await.refused(401, 16);
}

#[tokio::test]
async fn an_oidc_token_gets_container_credentials_as_it_is() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let token = issuer.token(&plane, &json!({}));
    for authorization in [token.clone(), format!("Bearer {token}")] {
        let answer = container(&plane, "ab1cd2", &authorization).await;
        let text = |name: &str| answer.succeeded()[name].as_str().unwrap().to_owned();
        assert_eq!(text("Expiration"), "2026-11-20T11:00:00Z");
        let key = crate::support::sign::TestKey { id: text("AccessKeyId"), secret: text("SecretAccessKey") };
        let upload = Request::put("/bucket/object").body("x").header("x-amz-security-token", text("Token"));
        plane.app.accepts(upload.sign(&key, now())).await;
    }
    plane.send(&Request::get(&format!("{FROM_OIDC}/ab1cd2"))).await.refused(401, 16);
}

#[tokio::test]
async fn h18_a_token_makes_as_many_keys_as_the_limit_allows() {
    let plane = Plane::with(|setup| setup.limits.push("keys_per_minute_per_identity = 10".to_owned())).await;
    let issuer = issuer(&plane, &json!({})).await;
    let token = issuer.token(&plane, &json!({}));
    let mut made = 0;
    let refused = loop {
        let answer = exchange(&plane, "ab1cd2", &token).await;
        if answer.status != 200 {
            break answer;
        }
        made += 1;
        assert!(made < 100, "it has to end");
    };
    refused.refused(429, 8);
    assert!(made >= 5, "{made}");
    // Each says where it comes from, the token's id included.
    let keys = plane.get("/v1/admin/keys", &plane.admin).await;
    let text = keys.response.text();
    assert_eq!(text.matches("token-1").count(), made, "{text}");
    assert!(!text.contains(&token));
}

#[tokio::test]
async fn h19_what_is_out_of_use_proves_nothing() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let token = issuer.token(&plane, &json!({}));
    let before = exchange(&plane, "ab1cd2", &token).await.key();
    plane
        .call("PATCH", &issuer.path, &plane.admin, &json!({"updateMask": "active", "active": false}))
        .await
        .succeeded();
    exchange(&plane, "ab1cd2", &token).await.refused(401, 16);
    container(&plane, "ab1cd2", &token).await.refused(401, 16);
    plane.call("PATCH", &issuer.path, &plane.admin, &json!({"updateMask": "active", "active": true})).await.succeeded();
    exchange(&plane, "ab1cd2", &token).await.succeeded();
    plane.call("DELETE", &issuer.path, &plane.admin, &json!({})).await.succeeded();
    exchange(&plane, "ab1cd2", &token).await.refused(401, 16);
    // Keys made before live on to their end.
    plane.app.accepts(Request::get("/bucket/object").sign(&before, now())).await;
}

#[tokio::test]
async fn h20_whatever_is_wrong_the_answer_is_the_same() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let good = issuer.token(&plane, &json!({}));
    let (before, asked) = (plane.keys_in_all().await, issuer.stub.asked().len());
    let stranger = StubIssuer::start().await;
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let mut answers = Vec::new();
    for (organization, token) in [
        ("other", good.clone()),
        ("AB1CD2", good.clone()),
        ("", good.clone()),
        ("ab1cd2", issuer.token(&plane, &json!({"aud": "somebody else"}))),
        ("ab1cd2", issuer.token(&plane, &json!({"iss": stranger.url()}))),
        ("ab1cd2", issuer.token(&plane, &json!({"sub": "*"}))),
        ("ab1cd2", SigningKey::ec256().token(&json!({"alg": "ES256", "kid": "a"}), &json!({"iss": issuer.stub.url()}))),
        ("ab1cd2", format!("{unsigned}.AAAA")),
        ("ab1cd2", "a.b.c".to_owned()),
        ("ab1cd2", "nothing like it".to_owned()),
        ("other", "nothing like it".to_owned()),
    ] {
        answers.push(exchange(&plane, organization, &token).await);
        if !organization.is_empty() {
            answers.push(container(&plane, organization, &token).await);
        }
    }
    for answer in &answers {
        answer.refused(401, 16);
        assert_eq!(answer.response.body, answers[0].response.body);
        let names = |answer: &Answer| answer.response.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(answer), names(&answers[0]));
    }
    assert_eq!(plane.keys_in_all().await, before, "nothing was minted");
    assert!(stranger.asked().is_empty(), "nobody was asked that a token named");
    assert!(issuer.stub.asked().len() <= asked + 4, "{:?}", issuer.stub.asked());
    exchange(&plane, "ab1cd2", &good).await.succeeded();
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_named_and_others_go_on() {
    let plane = Plane::start().await;
    let (down, up) = (issuer(&plane, &json!({})).await, issuer(&plane, &json!({"name": "other"})).await);
    down.stub.discovery(Behaviour::Status(500));
    let refused = exchange(&plane, "ab1cd2", &down.token(&plane, &json!({}))).await;
    assert!(refused.refused(503, 14).contains(&down.stub.url()), "{refused:?}");
    assert!(refused.response.header("retry-after").is_some());
    let elsewhere = exchange(&plane, "other", &down.token(&plane, &json!({}))).await;
    assert_eq!((elsewhere.status, &elsewhere.response.body), (503, &refused.response.body), "which one is ours?");
    exchange(&plane, "ab1cd2", &up.token(&plane, &json!({}))).await.succeeded();
}

#[tokio::test]
async fn an_expired_token_is_told_so() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let now = plane.app.clock.now().as_second();
    let old = issuer.token(&plane, &json!({"iat": now - 7200, "exp": now - 3600}));
    assert!(exchange(&plane, "ab1cd2", &old).await.refused(401, 16).contains("expired"));
}

#[tokio::test]
async fn g02_an_identity_without_a_ceiling_gets_no_key() {
    let plane = Plane::with(|setup| setup.identities.retain(|(prefix, _)| prefix != "role/")).await;
    let issuer = issuer(&plane, &json!({})).await;
    let before = plane.keys_in_all().await;
    exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({}))).await.refused(403, 7);
    assert_eq!(plane.keys_in_all().await, before);
}

#[tokio::test]
async fn a_suspended_federated_identity_gets_no_key() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({})).await;
    let key = exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({}))).await.key();
    let status = json!({"principalName": issuer.principal(), "status": "ACCESS_KEY_STATUS_SUSPENDED"});
    plane.call("PUT", crate::client::STATUS, &plane.admin, &status).await.succeeded();
    exchange(&plane, "ab1cd2", &issuer.token(&plane, &json!({}))).await.refused(403, 7);
    plane.app.refuses(&Request::get("/bucket/object").sign(&key, now()), 403, "InvalidAccessKeyId").await;
}

#[tokio::test]
async fn a_token_of_an_issuer_that_counts_as_an_api_token_is_one() {
    let plane = Plane::start().await;
    let access = json!({"apiAccess": {"permissionClaim": "storage", "permanentKeys": false}});
    let issuer = issuer(&plane, &access).await;
    let call = async |token: &str, method: &str, path: &str, body: Value| {
        plane.send(&request(method, path, &body).header("Authorization", format!("Bearer {token}"))).await
    };
    let token = issuer.token(&plane, &json!({"storage": "write"}));
    let who = call(&token, "GET", "/v1beta1/auth/whoami", json!({})).await;
    let name = who.succeeded()["principalName"].as_str().unwrap().to_owned();
    assert!(name.starts_with("coreweave/") && !name.contains("alice"), "an id of ours: {name}");
    assert_eq!(who.json["permission"], "write");
    let made = call(&token, "POST", ACCESS_KEY, json!({"durationSeconds": 60})).await;
    assert_eq!(made.succeeded()["principalName"], name);
    plane.app.accepts(Request::put("/bucket/object").body("x").sign(&made.key(), now())).await;
    call(&token, "POST", ACCESS_KEY, json!({"durationSeconds": 0})).await.refused(403, 7);
    call(&token, "GET", "/v1/admin/tokens", json!({})).await.refused(403, 7);
    // What the claim says next narrows the keys there are.
    let narrower = issuer.token(&plane, &json!({"storage": "read"}));
    call(&narrower, "GET", "/v1beta1/auth/whoami", json!({})).await.succeeded();
    plane.app.refuses(&Request::put("/bucket/object").body("x").sign(&made.key(), now()), 403, "AccessDenied").await;
    for claims in [json!({}), json!({"storage": "everything"}), json!({"storage": "write", "aud": "other"})] {
        let token = issuer.token(&plane, &claims);
        call(&token, "GET", "/v1beta1/auth/whoami", json!({})).await.refused(401, 16);
    }
    // Revoked here, it is nobody's any more, whatever the issuer says.
    let id = name.strip_prefix("coreweave/").unwrap();
    plane.post(&format!("/v1/admin/tokens/{id}/revoke"), &plane.admin, &json!({})).await.succeeded();
    call(&token, "GET", "/v1beta1/auth/whoami", json!({})).await.refused(401, 16);
    plane.app.refuses(&Request::get("/bucket/object").sign(&made.key(), now()), 403, "InvalidAccessKeyId").await;
}

#[tokio::test]
async fn a_token_whose_claim_says_read_gets_no_more_by_another_route() {
    let plane = Plane::start().await;
    let issuer = issuer(&plane, &json!({"apiAccess": {"permissionClaim": "storage"}})).await;
    let upload = || Request::put("/bucket/object").body("x");
    let of = async |claims: Value| exchange(&plane, "ab1cd2", &issuer.token(&plane, &claims)).await.key();
    let read = of(json!({"storage": "read"})).await;
    plane.app.accepts(Request::get("/bucket/object").sign(&read, now())).await;
    plane.app.refuses(&upload().sign(&read, now()), 403, "AccessDenied").await;
    // The ceiling of its prefix holds above that; a workload without the claim has it alone.
    for claims in [json!({"storage": "admin"}), json!({})] {
        let key = of(claims).await;
        plane.app.accepts(upload().sign(&key, now())).await;
        plane.app.refuses(&Request::put("/new-bucket").sign(&key, now()), 403, "AccessDenied").await;
    }
}

#[tokio::test]
async fn many_exchanges_at_once_ask_the_issuer_once() {
    let plane = Arc::new(Plane::start().await);
    let issuer = issuer(&plane, &json!({})).await;
    let token = issuer.token(&plane, &json!({}));
    let exchanges = (0..20).map(|_| {
        let (plane, token) = (Arc::clone(&plane), token.clone());
        tokio::spawn(async move { exchange(&plane, "ab1cd2", &token).await.status })
    });
    for status in exchanges.collect::<Vec<_>>() {
        assert_eq!(status.await.unwrap(), 200);
    }
    assert_eq!(issuer.stub.asked_for_keys(), 1);
}

#[cfg(feature = "saml")]
pub(crate) fn with_saml(setup: &mut Setup) {
    let (entity_id, acs) = (crate::responses::AUDIENCE, crate::responses::ACS);
    setup.federation.push(format!("saml = {{ entity_id = \"{entity_id}\", acs_url = \"{acs}\" }}"));
}
