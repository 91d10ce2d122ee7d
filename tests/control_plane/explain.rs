//! Why somebody may or may not do something.

use serde_json::{Value, json};

use crate::client::{EXPLAIN, POLICIES, Plane};

async fn explained(plane: &Plane, question: &Value) -> Value {
    plane.post(EXPLAIN, &plane.admin, question).await.succeeded().clone()
}

async fn policies(plane: &Plane) {
    let body = json!({"version": "v1alpha1", "name": "zoo", "statements": [
        {"name": "read", "effect": "Allow", "actions": ["s3:GetObject"], "resources": ["zoo/*"], "principals": ["saml/keeper"]},
        {"name": "secret", "effect": "Deny", "actions": ["s3:*"], "resources": ["zoo/secret/*"], "principals": ["*"]},
        {"name": "public", "effect": "Allow", "actions": ["s3:GetObject"], "resources": ["public/*"], "principals": ["anonymous"]},
        {"name": "mint", "effect": "Allow", "actions": ["cwobject:CreateAccessKeySAML"], "resources": ["*"], "principals": ["role/keeper"]},
    ]});
    plane.post(POLICIES, &plane.admin, &body).await.succeeded();
}

#[tokio::test]
async fn every_statement_is_shown_with_what_it_had_to_do_with_it() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    policies(&plane).await;
    let question = json!({"principal": "saml/keeper", "action": "s3:GetObject", "resource": "zoo/lion"});
    let expected = json!({
        "verdict": "ALLOWED", "layer": "organization", "reason": "an organization policy allows it",
        "policy": "zoo", "statement": "read",
        "considered": [
            {"layer": "organization", "policy": "zoo", "statement": "read", "effect": "Allow", "outcome": "matches"},
            {"layer": "organization", "policy": "zoo", "statement": "secret", "effect": "Deny", "outcome": "is about other resources"},
            {"layer": "organization", "policy": "zoo", "statement": "public", "effect": "Allow", "outcome": "is about other principals"},
            {"layer": "organization", "policy": "zoo", "statement": "mint", "effect": "Allow", "outcome": "is about other actions"},
        ],
    });
    assert_eq!(explained(&plane, &question).await, expected);
}

#[tokio::test]
async fn the_layer_that_decides_is_named() {
    let plane = Plane::with(|setup| setup.policies.clear()).await;
    policies(&plane).await;
    for (question, verdict, layer, statement) in [
        (
            json!({"principal": "saml/keeper", "action": "s3:GetObject", "resource": "zoo/secret/x"}),
            "DENIED",
            "organization",
            Some("secret"),
        ),
        (
            json!({"principal": "saml/visitor", "action": "s3:GetObject", "resource": "zoo/lion"}),
            "DENIED",
            "organization",
            None,
        ),
        (
            // The policy of the bucket has to open it too, and there is none.
            json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "public/x"}),
            "DENIED",
            "bucket",
            None,
        ),
        (
            json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "zoo/lion"}),
            "DENIED",
            "organization",
            None,
        ),
        (
            json!({"principal": "saml/keeper", "action": "s3:PutObject", "resource": "zoo/lion", "permission": "read"}),
            "DENIED",
            "permission",
            None,
        ),
        (
            json!({"principal": "saml/keeper", "action": "s3:CreateBucket", "resource": "zoo"}),
            "DENIED",
            "ceiling",
            None,
        ),
        (
            json!({"principal": "saml/keeper", "action": "cwobject:createaccesskeysaml", "resource": "*"}),
            "ALLOWED",
            "organization",
            Some("mint"),
        ),
        (
            json!({"principal": "saml/keeper", "action": "s3:GetObject", "resource": "arn:aws:s3:::zoo/lion"}),
            "ALLOWED",
            "organization",
            Some("read"),
        ),
    ] {
        let answer = explained(&plane, &question).await;
        assert_eq!((&answer["verdict"], &answer["layer"]), (&json!(verdict), &json!(layer)), "{question}: {answer}");
        assert_eq!(answer["statement"].as_str(), statement, "{question}: {answer}");
        assert_eq!(answer["policy"].as_str(), statement.map(|_| "zoo"), "{question}: {answer}");
        assert!(answer["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer}");
        assert_eq!(answer["considered"].as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn conditions_of_a_bucket_policy_are_told_apart() {
    let plane = Plane::start().await;
    let bucket = portcullis::s3::BucketName::parse("zoo").unwrap();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::zoo/*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "team", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::zoo/*",
         "Condition": {"StringEquals": {"aws:PrincipalTag/team": "cats"}}},
        {"Sid": "group", "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::zoo/*",
         "Condition": {"ForAnyValue:StringEquals": {"iam:ab1cd2:groups": ["vets"]}}},
        {"Sid": "inside", "Effect": "Allow", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::zoo/*",
         "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Sid": "me", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::zoo",
         "Condition": {"StringLike": {"s3:prefix": ["a*", "b*"]}, "StringEquals": {"aws:userid": "saml/keeper", "cw:PrincipalOrgID": "ab1cd2"}}},
    ]});
    let organization = plane.app.running().authority.organization().clone();
    let policy =
        portcullis::policy::BucketPolicy::parse(document.to_string().as_bytes(), "zoo", &organization).unwrap();
    plane.app.running().authority.set_bucket_policy(&bucket, Some(policy)).await.unwrap();
    let ask = async |action: &str, resource: &str, more: Value| {
        let question = json!({"principal": "saml/keeper", "action": action, "resource": resource});
        let answer = explained(&plane, &crate::issuer::with(question, &more)).await;
        (
            answer["verdict"].as_str().unwrap().to_owned(),
            answer["layer"].as_str().unwrap().to_owned(),
            answer["statement"].as_str().map(str::to_owned),
        )
    };
    let (get, put, delete, list) = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket");
    let yes = |sid: &str| ("ALLOWED".to_owned(), "bucket".to_owned(), Some(sid.to_owned()));
    let no = ("DENIED".to_owned(), "bucket".to_owned(), None);
    assert_eq!(ask(get, "zoo/x", json!({"attributes": {"team": "cats"}})).await, yes("team"));
    assert_eq!(ask(get, "zoo/x", json!({"context": {"aws:PrincipalTag/team": "cats"}})).await, yes("team"));
    assert_eq!(ask(get, "zoo/x", json!({"attributes": {"team": "dogs"}})).await, no);
    assert_eq!(ask(get, "zoo/x", json!({})).await, no);
    assert_eq!(ask(put, "zoo/x", json!({"groups": ["vets", "x"]})).await, yes("group"));
    assert_eq!(ask(put, "zoo/x", json!({"context": {"iam:ab1cd2:groups": ["vets"]}})).await, yes("group"));
    assert_eq!(ask(put, "zoo/x", json!({"groups": ["x"]})).await, no);
    assert_eq!(ask(delete, "zoo/x", json!({"context": {"aws:SourceIp": "10.1.2.3"}})).await, yes("inside"));
    assert_eq!(ask(delete, "zoo/x", json!({"context": {"aws:SourceIp": ["11.1.2.3"]}})).await, no);
    assert_eq!(ask(list, "zoo", json!({"context": {"s3:prefix": "b/"}})).await, yes("me"));
    assert_eq!(ask(list, "zoo", json!({"context": {"s3:prefix": "c/"}})).await, no);
    assert_eq!(
        ask(list, "zoo", json!({"context": {"s3:prefix": "b/", "AWS:UserID": "saml/other"}})).await,
        no,
        "what is given counts"
    );
    let plain = ("DENIED".to_owned(), "bucket".to_owned(), Some("tls".to_owned()));
    assert_eq!(ask(get, "zoo/x", json!({"secureTransport": false, "attributes": {"team": "cats"}})).await, plain);

    let question =
        json!({"principal": "saml/keeper", "action": get, "resource": "zoo/x", "attributes": {"team": "dogs"}});
    let answer = explained(&plane, &question).await;
    let outcome = |sid: &str| {
        let considered = answer["considered"].as_array().unwrap();
        let found = considered.iter().find(|found| found["layer"] == "bucket" && found["statement"] == sid).unwrap();
        found["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("team"), "the condition StringEquals on aws:PrincipalTag/team is not met");
    assert_eq!(outcome("group"), "is about other actions");
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let plane = Plane::start().await;
    let good = json!({"principal": "saml/keeper", "action": "s3:GetObject", "resource": "zoo/lion"});
    explained(&plane, &good).await;
    for (more, named) in [
        (json!({"principal": "keeper"}), "principal"),
        (json!({"principal": "*"}), "principal"),
        (json!({"action": "s3:*"}), "s3:*"),
        (json!({"action": "s3:Other"}), "s3:Other"),
        (json!({"resource": ""}), "resource"),
        (json!({"permission": "all"}), "permission"),
        (json!({"attributes": {"Not A Name": "x"}}), "attributes"),
        (json!({"context": {"s3:ExistingObjectTag/a": "x"}}), "s3:ExistingObjectTag/a"),
        (json!({"context": {"aws:SourceIp": "here"}}), "aws:SourceIp"),
        (json!({"context": {"s3:prefix": ["a", "b"]}}), "s3:prefix"),
        (json!({"context": {"s3:prefix": {"a": "b"}}}), "context"),
        (json!({"context": []}), "list"),
        (json!({"conditions": {}}), "conditions"),
    ] {
        let refused = plane.post(EXPLAIN, &plane.admin, &crate::issuer::with(good.clone(), &more)).await;
        assert!(refused.refused(400, 3).contains(named), "{named}: {refused:?}");
    }
    for member in ["principal", "action", "resource"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(member);
        assert!(plane.post(EXPLAIN, &plane.admin, &body).await.refused(400, 3).contains(member));
    }
}

#[tokio::test]
async fn a_resource_that_no_request_for_the_action_is_about_is_refused() {
    let plane = Plane::start().await;
    for (action, resource, advice) in [
        ("s3:ListBucket", "zoo/lion", "without a key"),
        ("s3:GetObject", "zoo", "bucket/key"),
        ("s3:getobject", "arn:aws:s3:::zoo", "bucket/key"),
    ] {
        let question = json!({"principal": "saml/keeper", "action": action, "resource": resource});
        let refusal = plane.post(EXPLAIN, &plane.admin, &question).await;
        let message = refusal.refused(400, 3).to_string();
        assert!(message.contains(advice), "{question}: {message}");
    }
    for (action, resource) in [("s3:ListBucket", "zoo"), ("s3:GetObject", "zoo/lion"), ("s3:ListAllMyBuckets", "*")] {
        explained(&plane, &json!({"principal": "saml/keeper", "action": action, "resource": resource})).await;
    }
}
