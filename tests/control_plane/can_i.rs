//! `AuthCanI`: what a caller is told of what they may do.

use serde_json::{Value, json};

use crate::client::{CAN_I, POLICIES, Plane, Token};

async fn verdict(plane: &Plane, token: &Token, actions: &[&str], resources: &[&str]) -> bool {
    let answer = plane.post(CAN_I, token, &json!({"actions": actions, "resources": resources})).await;
    let members = answer.succeeded().as_object().unwrap();
    assert_eq!(members.len(), 1, "{answer:?}");
    members["verdict"].as_bool().unwrap()
}

async fn policies(plane: &Plane, token: &Token) {
    let body = json!({"version": "v1alpha1", "name": "mixed", "statements": [
        {"name": "objects", "effect": "Allow", "actions": ["s3:GetObject", "s3:PutObject"],
         "resources": ["zoo/*"], "principals": [token.principal]},
        {"name": "bucket", "effect": "Allow", "actions": ["s3:ListBucket"],
         "resources": ["zoo"], "principals": [token.principal]},
        {"name": "everywhere", "effect": "Allow", "actions": ["s3:GetObjectTagging", "cwobject:ListBucketInfo", "s3:ListAllMyBuckets"],
         "resources": ["*"], "principals": [token.principal]},
        {"name": "secret", "effect": "Deny", "actions": ["s3:*"], "resources": ["zoo/secret/*"], "principals": ["*"]},
    ]});
    plane.post(POLICIES, &plane.admin, &body).await.succeeded();
}

#[tokio::test]
async fn every_action_is_asked_on_every_resource() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    let token = plane.token("write").await;
    assert!(!verdict(&plane, &token, &["s3:GetObject"], &["zoo/a"]).await, "no policy allows it");
    policies(&plane, &token).await;
    for (actions, resources, expected) in [
        (&["s3:GetObject"][..], &["zoo/a"][..], true),
        (&["s3:getobject", "s3:PutObject"], &["zoo/a", "zoo/b/c", "arn:aws:s3:::zoo/d"], true),
        (&["s3:GetObject", "s3:DeleteObject"], &["zoo/a"], false),
        (&["s3:GetObject"], &["zoo/a", "other/a"], false),
        (&["s3:GetObject"], &["zoo/secret/a"], false),
        (&["s3:ListBucket"], &["zoo"], true),
        (&["s3:ListBucket"], &["arn:aws:s3:::zoo"], true),
        (&["s3:ListBucket"], &["zoology"], false),
        // A wildcard is asked for as it stands: it takes a pattern that covers it.
        (&["s3:GetObject"], &["zoo/*"], true),
        (&["s3:GetObject"], &["*"], false),
        (&["s3:GetObjectTagging"], &["*"], true),
        // About nothing in particular, whatever is named.
        (&["cwobject:ListBucketInfo"], &["*"], true),
        (&["cwobject:ListBucketInfo"], &["zoo"], true),
        (&["cwobject:GetBucketInfo"], &["*"], false),
        (&["s3:ListAllMyBuckets"], &["*"], true),
    ] {
        assert_eq!(verdict(&plane, &token, actions, resources).await, expected, "{actions:?} on {resources:?}");
    }
    let other = plane.token("write").await;
    assert!(!verdict(&plane, &other, &["s3:GetObject"], &["zoo/a"]).await, "it is about the caller");
}

#[tokio::test]
async fn g04_the_permission_of_the_token_and_the_ceiling_count() {
    let plane = Plane::with(|setup| {
        setup.identities.retain(|(prefix, _)| prefix != "coreweave/");
        setup.identities.push(("coreweave/".to_owned(), "write".to_owned()));
    })
    .await;
    let (reader, writer, admin) = (plane.token("read").await, plane.token("write").await, plane.token("admin").await);
    for (action, read, write) in [
        ("s3:GetObject", true, true),
        ("s3:PutObject", false, true),
        ("s3:CreateBucket", false, false),
        ("cwobject:ListAccessPolicy", true, true),
        ("cwobject:EnsureAccessPolicy", false, true),
    ] {
        let resource = if action == "s3:CreateBucket" { "zoo" } else { "zoo/a" };
        assert_eq!(verdict(&plane, &reader, &[action], &[resource]).await, read, "{action}");
        assert_eq!(verdict(&plane, &writer, &[action], &[resource]).await, write, "{action}");
    }
    // An admin token takes no policy for the control plane, and is under the ceiling for S3.
    assert!(verdict(&plane, &admin, &["cwobject:EnsureAccessPolicy"], &["*"]).await);
    assert!(!verdict(&plane, &admin, &["s3:CreateBucket"], &["zoo"]).await);
}

#[tokio::test]
async fn an_admin_token_may_everything_on_the_control_plane_and_nothing_on_s3_without_a_policy() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    for action in ["cwobject:EnsureAccessPolicy", "cwobject:SetOrganizationSettings", "cwobject:CreateAccessKey"] {
        assert!(verdict(&plane, &plane.admin, &[action], &["*"]).await, "{action}");
    }
    assert!(!verdict(&plane, &plane.admin, &["s3:GetObject"], &["zoo/a"]).await);
    assert!(!verdict(&plane, &plane.admin, &["cwobject:CreateAccessKey", "s3:GetObject"], &["*"]).await);
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let plane = Plane::start().await;
    let token = plane.token("read").await;
    for (body, named) in [
        (json!({}), "actions"),
        (json!({"actions": ["s3:GetObject"]}), "resources"),
        (json!({"actions": [], "resources": ["*"]}), "actions"),
        (json!({"actions": ["s3:GetObject"], "resources": []}), "resources"),
        (json!({"actions": ["s3:GetObjekt"], "resources": ["*"]}), "s3:GetObjekt"),
        (json!({"actions": ["s3:*"], "resources": ["*"]}), "s3:*"),
        (json!({"actions": ["GetObject"], "resources": ["*"]}), "GetObject"),
        (json!({"actions": ["s3:GetObject", "x"], "resources": ["*"]}), "x"),
        (json!({"actions": ["s3:GetObject"], "resources": [""]}), "resource"),
        (json!({"actions": ["s3:GetObject"], "resources": ["arn:aws:iam::x:y"]}), "resource"),
        (json!({"actions": "s3:GetObject", "resources": ["*"]}), "actions"),
        (json!({"actions": ["s3:GetObject"], "resources": ["*"], "principal": "saml/Admin"}), "principal"),
    ] {
        let refused = plane.post(CAN_I, &token, &body).await;
        assert!(refused.refused(400, 3).contains(named), "{named}: {refused:?}");
    }
    let many = |name: &str, count: usize| vec![Value::from(name); count];
    let body = |count| json!({"actions": many("s3:GetObject", count), "resources": many("zoo/a", 100)});
    assert!(plane.post(CAN_I, &token, &body(101)).await.refused(400, 3).contains("10000"));
    plane.post(CAN_I, &token, &body(100)).await.succeeded();
}
