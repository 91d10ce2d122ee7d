//! Organization policies over the API: put, list, delete, and in force for the next request.

use serde_json::{Value, json};

use crate::client::{IN_FORCE, POLICIES, Plane, bearer, json as request, policy, text};
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::setup::ALLOW_ALL;

async fn listed(plane: &Plane) -> Vec<Value> {
    plane.get(POLICIES, &plane.admin).await.succeeded()["policies"].as_array().unwrap().clone()
}

/// The policies in the store, without the member that the protocol does not have.
async fn stored(plane: &Plane) -> Vec<Value> {
    let mut policies = listed(plane).await;
    policies.retain(|policy| policy["origin"] == "store");
    for policy in &mut policies {
        policy.as_object_mut().unwrap().remove("origin");
    }
    policies
}

#[tokio::test]
async fn what_was_put_is_listed_exactly_as_it_was_written() {
    let plane = Plane::start().await;
    // As the provider of Terraform sends it: its sets have no order, and an echo in another one is a drift.
    let written = json!({"version": "v1alpha1", "name": "team research", "statements": [
        {"name": "read", "effect": "Allow", "actions": ["s3:ListBucket", "s3:GetObject", "S3:getobject"],
         "resources": ["zoo", "zoo/*", "acc-*/*"], "principals": ["saml/researcher", "role/https://issuer.example*", "*"]},
        {"name": "not this", "effect": "Deny", "actions": ["s3:Delete*"], "resources": ["*"], "principals": ["anonymous"]},
    ]});
    let answer = plane.post(POLICIES, &plane.admin, &json!({"policy": written})).await;
    assert_eq!(answer.succeeded(), &json!({"policy": written}));
    assert_eq!(stored(&plane).await, std::slice::from_ref(&written));
    // Bare, as a JSON editor has it; it replaces the other of its name.
    let mut changed = written.clone();
    changed["statements"].as_array_mut().unwrap().remove(0);
    assert_eq!(plane.post(POLICIES, &plane.admin, &changed).await.succeeded(), &json!({"policy": changed}));
    plane.post(POLICIES, &plane.admin, &policy("another", "Deny", "*", &["s3:DeleteBucket"])).await.succeeded();
    let names: Vec<_> = stored(&plane).await.iter().map(|policy| policy["name"].clone()).collect();
    assert_eq!(names, ["another", "team research"]);
    assert_eq!(stored(&plane).await[1], changed);

    let path = format!("{POLICIES}/team%20research");
    assert_eq!(plane.call("DELETE", &path, &plane.admin, &Value::Null).await.succeeded(), &json!({}));
    assert_eq!(stored(&plane).await.len(), 1);
    let again = plane.call("DELETE", &path, &plane.admin, &Value::Null).await;
    assert!(again.refused(404, 5).contains("team research"), "{again:?}");
    let no_name = plane.call("DELETE", &format!("{POLICIES}/{}", "a".repeat(200)), &plane.admin, &Value::Null).await;
    no_name.refused(400, 3);
}

#[tokio::test]
async fn a_document_that_means_nothing_is_refused_with_its_place_and_changes_nothing() {
    let plane = Plane::start().await;
    plane.allow("good", "*", &["s3:GetObject"]).await;
    let before = listed(&plane).await;
    let with = |member: &str, value: Value| {
        let mut body = policy("good", "Allow", "*", &["s3:*"]);
        body["policy"]["statements"][0][member] = value;
        body
    };
    for (body, place) in [
        (json!({}), "version"),
        (json!({"policy": {}}), "policy.version"),
        (json!({"policy": policy("good", "Allow", "*", &["s3:*"])["policy"], "other": 1}), "other"),
        (json!({"policy": {"version": "v1", "name": "good", "statements": []}}), "version"),
        (json!({"policy": {"version": "v1alpha1", "name": "a/b", "statements": []}}), "name"),
        (json!({"policy": {"version": "v1alpha1", "name": "good", "statements": []}}), "statements"),
        (with("effect", json!("allow")), "effect"),
        (with("actions", json!([])), "actions"),
        (with("actions", json!(["s3:GetObjekt"])), "s3:GetObjekt"),
        (with("actions", json!("s3:*")), "actions"),
        (with("resources", json!(["arn:aws:s3:::bucket"])), "arn:aws:s3:::bucket"),
        (with("principals", json!(["arn:aws:iam::ab1cd2:saml/a"])), "principals"),
        (with("principals", json!(["somebody"])), "principals"),
        (with("condition", json!({})), "condition"),
        (json!({"Version": "2012-10-17", "Statement": []}), "version"),
    ] {
        let refused = plane.post(POLICIES, &plane.admin, &body).await;
        assert!(refused.refused(400, 3).contains(place), "{place}: {refused:?}");
    }
    for bad in [
        "",
        "[]",
        "{",
        r#"{"policy": {"version": "v1alpha1", "version": "v1alpha1"}}"#,
        r#"{"policy": {}, "policy": {}}"#,
        "{\"policy\": \"\u{0}\"}",
    ] {
        plane.send(&bearer(text("POST", POLICIES, bad), &plane.admin)).await.refused(400, 3);
    }
    let untyped = Request::post(POLICIES).body(policy("good", "Deny", "*", &["s3:*"]).to_string());
    plane.send(&bearer(untyped, &plane.admin)).await.refused(415, 3);
    let endless = format!("{}{}", policy("good", "Deny", "*", &["s3:*"]), " ".repeat(1 << 20));
    plane.send(&bearer(text("POST", POLICIES, endless), &plane.admin)).await.refused(413, 3);
    assert_eq!(listed(&plane).await, before);
}

#[tokio::test]
async fn what_a_file_holds_is_listed_and_changed_in_the_file_only() {
    let plane = Plane::start().await;
    let mut expected: Value = serde_json::from_str(ALLOW_ALL).unwrap();
    expected["origin"] = json!("file");
    assert_eq!(listed(&plane).await, [expected.clone()]);
    let put = plane.post(POLICIES, &plane.admin, &policy("allow-all", "Deny", "*", &["s3:*"])).await;
    assert!(put.refused(409, 6).contains("allow-all.json"), "{put:?}");
    let delete = plane.call("DELETE", &format!("{POLICIES}/allow-all"), &plane.admin, &Value::Null).await;
    assert!(delete.refused(409, 6).contains("allow-all.json"), "{delete:?}");
    assert_eq!(listed(&plane).await, [expected]);
    plane.app.accepts(Request::get("/bucket/object").sign(&plane.app.read, now())).await;
}

#[tokio::test]
async fn a_change_is_in_force_for_the_next_request() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    let read = || Request::get("/bucket/object").sign(&plane.app.read, now());
    let principal = format!("static/{}", plane.app.read.id);
    for _ in 0..5 {
        plane.app.refuses(&read(), 403, "AccessDenied").await;
        plane.allow("reader", &principal, &["s3:GetObject"]).await;
        plane.app.accepts(read()).await;
        plane.post(POLICIES, &plane.admin, &policy("nobody", "Deny", "*", &["s3:Get*"])).await.succeeded();
        plane.app.refuses(&read(), 403, "AccessDenied").await;
        plane.disallow("nobody").await;
        plane.app.accepts(read()).await;
        plane.disallow("reader").await;
    }
    plane.app.refuses(&read(), 403, "AccessDenied").await;
}

#[tokio::test]
async fn everything_that_decides_is_told_to_whoever_may_list_policies() {
    let plane = Plane::start().await;
    plane.allow("reader", "saml/reader", &["s3:GetObject"]).await;
    let answer = plane.get(IN_FORCE, &plane.admin).await;
    let told = answer.succeeded();
    assert_eq!(told["orgId"], "ab1cd2");
    let prefixes: Vec<_> = told["ceilings"].as_array().unwrap().iter().map(|entry| entry["prefix"].clone()).collect();
    assert_eq!(prefixes, ["coreweave/", "static/", "role/", "saml/"]);
    let expected = json!({"prefix": "role/", "permission": "write", "maxDurationSeconds": 43200, "permanent": false});
    assert_eq!(told["ceilings"][2], expected);
    let documents = told["policies"].as_array().unwrap();
    assert_eq!(documents[0], serde_json::from_str::<Value>(ALLOW_ALL).unwrap());
    assert_eq!(documents[1], policy("reader", "Allow", "saml/reader", &["s3:GetObject"])["policy"]);
    assert_eq!(told["buckets"], json!({}));
    // It is a type that others can read.
    let read: portcullis::control::PoliciesInForce = serde_json::from_value(told.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *told);
    plane.send(&request("GET", IN_FORCE, &json!({}))).await.refused(401, 16);
}
