//! Who may do what to whose keys.

use serde_json::{Value, json};

use crate::client::{ACCESS_KEY, Plane, REVOKE_KEY, REVOKE_PRINCIPAL, STATUS, Token, bearer, json as request};
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::wire::Connection;

#[tokio::test]
async fn g02_only_administrators_come_to_the_admin_routes() {
    let plane = Plane::start().await;
    let victim = plane.token("admin").await;
    let key = plane.mint(&victim, 0).await;
    // Whatever policies say of the actions that they know.
    let routes = [
        ("GET", "/v1/admin/keys".to_owned(), Value::Null),
        ("POST", "/v1/admin/keys".to_owned(), json!({"permission": "admin"})),
        ("GET", format!("/v1/admin/keys/{}", key.id), Value::Null),
        ("POST", format!("/v1/admin/keys/{}/suspend", key.id), Value::Null),
        ("POST", format!("/v1/admin/keys/{}/resume", key.id), Value::Null),
        ("POST", format!("/v1/admin/keys/{}/revoke", key.id), Value::Null),
        ("POST", "/v1/admin/store/rotate-seal".to_owned(), Value::Null),
        ("GET", "/v1/admin/tokens".to_owned(), Value::Null),
        ("POST", "/v1/admin/tokens".to_owned(), json!({"name": "mine", "permission": "admin"})),
        ("GET", format!("/v1/admin/tokens/{}", victim.id), Value::Null),
        ("PATCH", format!("/v1/admin/tokens/{}", victim.id), json!({"permission": "read"})),
        ("POST", format!("/v1/admin/tokens/{}/revoke", victim.id), json!({})),
        ("GET", "/v1/admin/federation/oidc".to_owned(), Value::Null),
        ("GET", "/v1/admin/federation/saml".to_owned(), Value::Null),
        (
            "POST",
            "/v1/admin/federation/oidc".to_owned(),
            json!({"name": "mine", "issuerUrl": "http://127.0.0.1:1", "audience": "a"}),
        ),
        ("POST", "/v1/admin/federation/saml".to_owned(), json!({"name": "mine"})),
        ("GET", "/v1/admin/federation/oidc/uid".to_owned(), Value::Null),
        ("PATCH", "/v1/admin/federation/oidc/uid".to_owned(), json!({"updateMask": "active", "active": false})),
        ("DELETE", "/v1/admin/federation/oidc/uid".to_owned(), Value::Null),
        ("GET", "/v1/admin/federation/saml/uid".to_owned(), Value::Null),
        (
            "PATCH",
            "/v1/admin/federation/saml/uid".to_owned(),
            json!({"updateMask": "signsResponse", "signsResponse": true}),
        ),
        ("DELETE", "/v1/admin/federation/saml/uid".to_owned(), Value::Null),
    ];
    let before = plane.keys_in_all().await;
    for permission in ["read", "write"] {
        let token = plane.token(permission).await;
        for (method, path, body) in &routes {
            let refused = plane.call(method, path, &token, body).await;
            assert!(refused.refused(403, 7).contains("admin token"), "{method} {path}: {refused:?}");
        }
    }
    assert_eq!(plane.keys_in_all().await, before, "nothing was minted");
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
    let tokens = plane.get("/v1/admin/tokens", &victim).await;
    assert_eq!(tokens.succeeded()["tokens"].as_array().unwrap().len(), 4, "and the victim is as it was");
}

#[tokio::test]
async fn g03_nothing_in_a_request_names_another_principal() {
    let plane = Plane::start().await;
    let (token, other) = (plane.token("write").await, plane.token("write").await);
    let before = plane.keys_in_all().await;
    for field in [
        "principal",
        "principalName",
        "parent",
        "claims",
        "accessKey",
        "accessKeyId",
        "secretKey",
        "permission",
        "orgId",
        "tokenId",
        "duration_seconds",
        "groups",
        "policy",
    ] {
        let mut body = json!({"durationSeconds": 60});
        body[field] = json!(other.principal);
        let refused = plane.post(ACCESS_KEY, &token, &body).await;
        assert!(refused.refused(400, 3).contains(field), "{refused:?}");
        assert!(!refused.response.text().contains(&other.principal), "what stood there is not repeated: {refused:?}");
    }
    for reserved in ["role", "groups", "cw-principal"] {
        let body = json!({"durationSeconds": 60, "attributes": {reserved: "admin"}});
        assert!(plane.post(ACCESS_KEY, &token, &body).await.refused(400, 3).contains(reserved));
    }
    assert_eq!(plane.keys_in_all().await, before);
    let made = plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await;
    assert_eq!(made.succeeded()["principalName"], token.principal);
}

#[tokio::test]
async fn g04_no_key_may_do_more_than_its_token_and_the_ceiling() {
    let plane = Plane::with(|setup| {
        setup.identities.retain(|(prefix, _)| prefix != "coreweave/");
        setup.identities.push(("coreweave/".to_owned(), "write".to_owned()));
    })
    .await;
    let upload = |key| Request::put("/bucket/object").body("x").sign(key, now());
    let create_bucket = |key| Request::put("/new-bucket").sign(key, now());
    let reader = plane.mint(&plane.token("read").await, 60).await;
    let message = plane.app.refuses(&upload(&reader), 403, "AccessDenied").await.element("Message").unwrap();
    assert!(message.contains("permission"), "{message}");
    let writer = plane.mint(&plane.token("write").await, 60).await;
    plane.app.accepts(upload(&writer)).await;
    plane.app.refuses(&create_bucket(&writer), 403, "AccessDenied").await;
    // The token may do more than the ceiling of its prefix; its keys may not.
    let capped = plane.mint(&plane.token("admin").await, 60).await;
    plane.app.accepts(upload(&capped)).await;
    plane.app.refuses(&create_bucket(&capped), 403, "AccessDenied").await;
}

#[tokio::test]
async fn g08_secrets_are_told_once_and_other_peoples_keys_not_at_all() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    let (token, other) = (plane.token("write").await, plane.token("read").await);
    plane.allow("use", "*", &["s3:*", "cwobject:CreateAccessKey"]).await;
    let (own, others) = (plane.mint(&token, 0).await, plane.mint(&other, 0).await);

    // Who may not know of keys learns of none, be it their own or unknown.
    let mut told = Vec::new();
    for id in [&own.id, &others.id, "CWAAAAAAAAAAAAAAAAAA"] {
        let hidden = plane.get(&format!("{ACCESS_KEY}/{id}"), &token).await.refused(403, 7).to_owned();
        let kept = plane.post(REVOKE_KEY, &token, &json!({"accessKey": id})).await.refused(403, 7).to_owned();
        told.push((hidden, kept));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    plane.get(ACCESS_KEY, &token).await.refused(403, 7);
    plane.post(REVOKE_PRINCIPAL, &token, &json!({"principalName": other.principal})).await.refused(403, 7);
    let static_key = format!("static/{}", plane.app.write.id);
    plane.post(REVOKE_PRINCIPAL, &token, &json!({"principalName": static_key})).await.refused(403, 7);
    plane.app.accepts(Request::get("/bucket/object").sign(&others, now())).await;

    for path in [
        ACCESS_KEY.to_owned(),
        format!("{ACCESS_KEY}/{}", own.id),
        format!("{ACCESS_KEY}/{}", others.id),
        "/v1/admin/keys".to_owned(),
        format!("/v1/admin/keys/{}", own.id),
        "/v1/admin/tokens".to_owned(),
        format!("/v1/admin/tokens/{}", token.id),
        "/v1beta1/auth/whoami".to_owned(),
        "/openapi.json".to_owned(),
    ] {
        let answer = plane.get(&path, &plane.admin).await;
        answer.succeeded();
        let told = format!("{:?} {}", answer.response.headers, answer.response.text());
        for secret in [&own.secret, &others.secret, &token.secret, &other.secret, &plane.admin.secret] {
            assert!(!told.contains(secret.as_str()), "{path}");
        }
        plane.app.tells_no_secret(&answer.response);
    }
    // An administrator sees them all, and so does whom a policy lets.
    plane.allow("look", &other.principal, &["cwobject:ListAccessKeyInfo", "cwobject:GetAccessKeyInfo"]).await;
    for who in [&plane.admin, &other] {
        let all = plane.get(ACCESS_KEY, who).await;
        assert!(all.response.text().contains(&own.id) && all.response.text().contains(&others.id));
        plane.get(&format!("{ACCESS_KEY}/{}", own.id), who).await.succeeded();
        plane.get(&format!("{ACCESS_KEY}/CWAAAAAAAAAAAAAAAAAA"), who).await.refused(404, 5);
    }
    plane.post(REVOKE_KEY, &plane.admin, &json!({"accessKey": others.id})).await.succeeded();
    plane.app.refuses(&Request::get("/bucket/object").sign(&others, now()), 403, "InvalidAccessKeyId").await;
}

#[tokio::test]
async fn who_loses_their_rights_while_their_body_arrives_has_lost_them() {
    let plane = Plane::start().await;
    let narrow = json!({"permission": "write"});
    let suspend = |token: &Token| json!({"principalName": token.principal, "status": "ACCESS_KEY_STATUS_SUSPENDED"});
    let create = |name: &str| json!({"name": name, "permission": "admin"});
    for (change, status) in [("nothing", 201), ("revoke", 401), ("narrow", 401), ("suspend", 401)] {
        let token = plane.token("admin").await;
        let request = bearer(request("POST", "/v1/admin/tokens", &create(change)), &token);
        let request = request.header("Expect", "100-continue");
        let mut connection = Connection::open(plane.address).await;
        connection.send(request.head_bytes()).await;
        // The body is asked for once it is clear who is calling.
        let asked = b"HTTP/1.1 100 Continue\r\n\r\n";
        assert_eq!(connection.peek(asked.len()).await, asked);
        let path = format!("/v1/admin/tokens/{}", token.id);
        match change {
            "revoke" => drop(plane.post(&format!("{path}/revoke"), &plane.admin, &json!({})).await.succeeded()),
            "narrow" => drop(plane.call("PATCH", &path, &plane.admin, &narrow).await.succeeded()),
            "suspend" => drop(plane.call("PUT", STATUS, &plane.admin, &suspend(&token)).await.succeeded()),
            _ => {}
        }
        connection.send(create(change).to_string()).await;
        let answer = connection.response("POST").await;
        assert_eq!(answer.status, status, "{change}: {answer:?}");
        let tokens = plane.get("/v1/admin/tokens", &plane.admin).await.response.text();
        assert_eq!(tokens.contains(&format!("\"name\":\"{change}\"")), status == 201, "{tokens}");
    }
}
