//! Every operation of the control plane takes its `cwobject:` action, granted by an organization policy, or
//! an admin token.

use serde_json::{Value, json};

use crate::bucket_info::has_buckets;
use crate::client::{
    ACCESS_KEY, Answer, BUCKET_INFO, BUCKET_SETTINGS, CAN_I, EXPLAIN, FROM_API_TOKEN, IN_FORCE, ORGANIZATION_SETTINGS,
    POLICIES, Plane, REVOKE_KEY, REVOKE_PRINCIPAL, STATUS, Token, bearer, json as request, policy,
};
use crate::log_lines::Log;
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::wire::Connection;

/// Without any policy.
async fn bare() -> Plane {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    has_buckets(&plane.app.backend, &["zoo"]);
    plane
}

/// Every operation that takes an action, in an order in which each succeeds; about the keys of `other`.
fn operations(key: &str, other: &Token) -> Vec<(&'static str, &'static str, String, Value)> {
    let principal = &other.principal;
    let body = policy("made", "Deny", "saml/nobody", &["s3:GetObject"]);
    vec![
        ("CreateAccessKey", "POST", ACCESS_KEY.into(), json!({"durationSeconds": 60})),
        ("CreateAccessKey", "GET", FROM_API_TOKEN.into(), Value::Null),
        ("ListAccessKeyInfo", "GET", ACCESS_KEY.into(), Value::Null),
        ("GetAccessKeyInfo", "GET", format!("{ACCESS_KEY}/{key}"), Value::Null),
        ("UpdateAccessKeyStatus", "PUT", STATUS.into(), json!({"principalName": principal, "status": "ACTIVE"})),
        ("RevokeAccessKeyByAccessKey", "POST", REVOKE_KEY.into(), json!({"accessKey": key})),
        ("RevokeAccessKeysByPrincipal", "POST", REVOKE_PRINCIPAL.into(), json!({"principalName": principal})),
        ("EnsureAccessPolicy", "POST", POLICIES.into(), body),
        ("ListAccessPolicy", "GET", POLICIES.into(), Value::Null),
        (
            "ListAccessPolicy",
            "POST",
            EXPLAIN.into(),
            json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "zoo/a"}),
        ),
        ("ListAccessPolicy", "GET", IN_FORCE.into(), Value::Null),
        ("DeleteAccessPolicy", "DELETE", format!("{POLICIES}/made"), Value::Null),
        ("ListBucketInfo", "GET", BUCKET_INFO.into(), Value::Null),
        ("GetBucketInfo", "GET", format!("{BUCKET_INFO}/zoo"), Value::Null),
        ("SetBucketSettings", "PUT", BUCKET_SETTINGS.into(), json!({"bucketName": "zoo", "settings": {}})),
        ("SetOrganizationSettings", "PUT", ORGANIZATION_SETTINGS.into(), json!({"settings": {}})),
    ]
}

fn denied(answer: &Answer, who: &Token, action: &str) {
    let because = format!("because no organization policy allows the cwobject:{action} action");
    let expected = format!("{} is not authorized to perform: cwobject:{action} {because}", who.principal);
    assert_eq!(answer.refused(403, 7), expected);
}

#[tokio::test]
async fn g02_every_operation_is_for_exactly_whom_a_policy_lets() {
    let plane = bare().await;
    let (granted, other, victim) = (plane.token("write").await, plane.token("write").await, plane.token("write").await);
    let key = plane.mint(&plane.admin, 0).await;
    for (action, method, path, body) in operations(&key.id, &victim) {
        let name = format!("cwobject:{action}");
        for who in [&granted, &other] {
            denied(&plane.call(method, &path, who, &body).await, who, action);
        }
        plane.allow("grant", &granted.principal, &[&name]).await;
        plane.call(method, &path, &granted, &body).await.succeeded();
        denied(&plane.call(method, &path, &other, &body).await, &other, action);
        // An explicit deny wins, and is told without the names of policies.
        plane.post(POLICIES, &plane.admin, &policy("refuse", "Deny", &granted.principal, &[&name])).await.succeeded();
        let refused = plane.call(method, &path, &granted, &body).await;
        let message = refused.refused(403, 7);
        assert!(message.ends_with("with an explicit deny in an organization policy"), "{message}");
        plane.disallow("refuse").await;
        plane.disallow("grant").await;
        denied(&plane.call(method, &path, &granted, &body).await, &granted, action);
    }
}

#[tokio::test]
async fn g02_every_documented_route_is_refused_without_a_grant_but_a_few() {
    let plane = bare().await;
    let token = plane.token("write").await;
    let document = plane.send(&Request::get("/openapi.json")).await;
    let mut refused = 0;
    for (path, methods) in document.succeeded()["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            if described["security"] != json!([{"TokenAuth": []}]) {
                continue;
            }
            let target = path.replace("{accessKeyId}", "CWAAAAAAAAAAAAAAAAAA").replace(['{', '}'], "");
            // Before anything in the request is looked at.
            let answer = plane.call(&method.to_uppercase(), &target, &token, &json!({"nonsense": 1})).await;
            if [CAN_I, "/v1beta1/auth/whoami"].contains(&path.as_str()) {
                assert_ne!(answer.status, 403, "{method} {path}: {answer:?}");
            } else {
                answer.refused(403, 7);
                refused += 1;
            }
        }
    }
    assert!(refused >= 16 + 20, "{refused}");
    assert_eq!(plane.get("/v1beta1/auth/whoami", &token).await.succeeded()["principalName"], token.principal);
}

#[tokio::test]
async fn an_admin_token_takes_no_policy_and_heeds_none() {
    let plane = bare().await;
    plane.post(POLICIES, &plane.admin, &policy("refuse", "Deny", "*", &["cwobject:*"])).await.succeeded();
    let victim = plane.token("write").await;
    let key = plane.mint(&plane.admin, 0).await;
    for (_, method, path, body) in operations(&key.id, &victim) {
        plane.call(method, &path, &plane.admin, &body).await.succeeded();
    }
    plane.disallow("refuse").await;
    // On S3 it has what policies give, as everybody.
    let key = plane.mint(&plane.admin, 60).await;
    let refused = plane.app.send(&Request::get("/zoo/a").sign(&key, now())).await;
    assert_eq!((refused.status, refused.code().as_deref()), (403, Some("AccessDenied")), "{refused:?}");
}

#[tokio::test]
async fn a_wildcard_grants_what_it_covers_and_a_narrow_resource_grants_nothing() {
    let plane = bare().await;
    let token = plane.token("write").await;
    plane.allow("mint", "coreweave/*", &["cwobject:CreateAccessKey*"]).await;
    plane.mint(&token, 60).await;
    denied(&plane.get(ACCESS_KEY, &token).await, &token, "ListAccessKeyInfo");
    plane.disallow("mint").await;
    plane.allow("mint", &token.principal, &["cwobject:CreateAccessKeyOIDC", "cwobject:CreateAccessKeySAML"]).await;
    let mint = plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await;
    denied(&mint, &token, "CreateAccessKey");
    plane.allow("mint", "*", &["s3:*"]).await;
    denied(&plane.get(ACCESS_KEY, &token).await, &token, "ListAccessKeyInfo");
}

#[tokio::test]
async fn g04_reading_takes_a_read_token_and_changing_what_others_have_a_write_token() {
    let plane = Plane::start().await;
    has_buckets(&plane.app.backend, &["zoo"]);
    let (reader, victim) = (plane.token("read").await, plane.token("write").await);
    let key = plane.mint(&victim, 0).await;
    for (action, method, path, body) in operations(&key.id, &victim) {
        let answer = plane.call(method, &path, &reader, &body).await;
        if ["Create", "List", "Get"].iter().any(|start| action.starts_with(start)) {
            answer.succeeded();
        } else {
            let message = answer.refused(403, 7);
            assert!(message.contains("\"read\"") && message.contains("\"write\""), "{action}: {message}");
        }
    }
    // Whether there is such a key is not told either.
    let unknown = plane.post(REVOKE_KEY, &reader, &json!({"accessKey": "CWAAAAAAAAAAAAAAAAAA"})).await;
    let others = plane.post(REVOKE_KEY, &reader, &json!({"accessKey": key.id})).await;
    assert_eq!(unknown.refused(403, 7), others.refused(403, 7));
    assert_eq!(
        plane.app.send(&Request::get("/bucket/object").sign(&key, now())).await.status,
        200,
        "the key is as it was"
    );
    // What is one's own, one may end.
    let own = plane.mint(&reader, 0).await;
    plane.post(REVOKE_KEY, &reader, &json!({"accessKey": own.id})).await.succeeded();
    plane.post(REVOKE_PRINCIPAL, &reader, &json!({"principalName": reader.principal})).await.succeeded();
    let suspend = json!({"principalName": reader.principal, "status": "SUSPENDED"});
    plane.call("PUT", STATUS, &reader, &suspend).await.succeeded();
    plane.get("/v1beta1/auth/whoami", &reader).await.refused(403, 7);
}

#[tokio::test]
async fn the_ceiling_of_the_prefix_holds_on_the_control_plane_too() {
    let plane = Plane::with(|setup| {
        setup.identities.retain(|(prefix, _)| prefix != "coreweave/");
        setup.identities.push(("coreweave/".to_owned(), "read".to_owned()));
    })
    .await;
    let (token, victim) = (plane.token("write").await, plane.token("write").await);
    plane.mint(&token, 60).await;
    let revoke = plane.post(REVOKE_PRINCIPAL, &token, &json!({"principalName": victim.principal})).await;
    assert!(revoke.refused(403, 7).contains("ceiling"), "{revoke:?}");
    plane.post(REVOKE_PRINCIPAL, &token, &json!({"principalName": token.principal})).await.succeeded();
}

#[tokio::test]
async fn who_loses_a_grant_while_their_body_arrives_has_lost_it() {
    let plane = bare().await;
    let token = plane.token("write").await;
    for (lost, status) in [(false, 200), (true, 403)] {
        plane.allow("grant", &token.principal, &["cwobject:EnsureAccessPolicy"]).await;
        let body = policy("made", "Allow", "*", &["s3:*"]);
        let sent = bearer(request("POST", POLICIES, &body), &token).header("Expect", "100-continue");
        let mut connection = Connection::open(plane.address).await;
        connection.send(sent.head_bytes()).await;
        let asked = b"HTTP/1.1 100 Continue\r\n\r\n";
        assert_eq!(connection.peek(asked.len()).await, asked);
        if lost {
            plane.disallow("grant").await;
        }
        connection.send(body.to_string()).await;
        assert_eq!(connection.response("POST").await.status, status);
        let listed = plane.get(POLICIES, &plane.admin).await.response.text();
        assert_eq!(listed.contains("\"made\""), !lost, "{listed}");
        if !lost {
            plane.disallow("made").await;
        }
    }
}

#[tokio::test]
async fn who_changed_what_and_who_was_denied_stands_in_the_log() {
    let (log, _guard) = Log::start();
    let plane = bare().await;
    let token = plane.token("write").await;
    denied(&plane.get(ACCESS_KEY, &token).await, &token, "ListAccessKeyInfo");
    plane.post(POLICIES, &plane.admin, &policy("refuse", "Deny", "*", &["cwobject:Get*"])).await.succeeded();
    plane.get(&format!("{BUCKET_INFO}/zoo"), &token).await.refused(403, 7);
    plane.disallow("refuse").await;
    let settings = json!({"settings": {"bucketAuditLoggingEnabled": true}});
    plane.call("PUT", ORGANIZATION_SETTINGS, &plane.admin, &settings).await.succeeded();
    let settings = json!({"bucketName": "zoo", "settings": {"auditLoggingEnabled": true}});
    plane.call("PUT", BUCKET_SETTINGS, &plane.admin, &settings).await.succeeded();
    let text = log.text();
    for (said, who, what) in [
        ("denied an action of the control plane", &token, "cwobject:ListAccessKeyInfo"),
        ("denied an action of the control plane", &token, "refuse/one"),
        ("put an organization policy in force", &plane.admin, "refuse"),
        ("deleted an organization policy", &plane.admin, "refuse"),
        ("set the settings of the organization", &plane.admin, "bucket_audit_logging=true"),
        ("set the settings of a bucket", &plane.admin, "zoo"),
    ] {
        let all = [said, &who.principal, what, "request="];
        assert!(text.lines().any(|line| all.iter().all(|part| line.contains(part))), "{said} {what}: {text}");
    }
}
