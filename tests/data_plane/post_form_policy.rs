//! Forms and their policies: who signed, what they allow, and until when.

use jiff::SignedDuration;
use portcullis::identity::Permission;
use serde_json::json;

use crate::support::app::{TestApp, now};
use crate::support::form::{Form, later};
use crate::support::request::Request;
use crate::support::sign::TestKey;

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_key_outside_the_policy_is_refused() {
    let app = TestApp::start().await;
    let form = |key: &str, condition: serde_json::Value| {
        Form::new("bucket", key).with(|form| form.conditions = vec![condition]).sign(&app.write, now())
    };
    let starts = || json!(["starts-with", "$key", "user/eric/"]);
    for key in ["user/eri", "user/Eric/a", "other/a", "/user/eric/a", "a/user/eric/"] {
        let refusal = app.refuses(&form(key, starts()).request(), 403, "AccessDenied").await;
        assert!(refusal.text().contains("Policy Condition failed"), "{refusal:?}");
    }
    for exact in [json!(["eq", "$key", "a"]), json!({"key": "a"})] {
        app.refuses(&form("a/b", exact.clone()).request(), 403, "AccessDenied").await;
        app.accepts(form("a", exact).request()).await;
    }
    // The signature covers the policy, whatever the form says.
    let signed = form("user/eric/a", starts());
    let other = form("user/eric/a", json!(["starts-with", "$key", ""]));
    let swapped = signed.clone().replace("policy", &other.value("policy"));
    app.refuses(&swapped.request(), 403, "SignatureDoesNotMatch").await;
    app.accepts(signed.request()).await;
    let stored = app.last_accepted();
    assert_eq!((stored.method.as_str(), stored.target.as_str()), ("PUT", "/bucket/user/eric/a"));
    assert_eq!(stored.body, b"the file");
    stored.assert_signed_by_us();
    for secret in [app.write.id.as_str(), "policy", "x-amz-signature", "user/eric/\""] {
        assert!(!stored.mentions(secret), "{secret}: {stored:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_field_that_no_condition_is_about_is_refused() {
    let app = TestApp::start().await;
    for name in ["acl", "x-amz-meta-a", "Content-Type", "success_action_status", "submit", "x-amz-security-token"] {
        let form = Form::new("bucket", "a").field(name, "201").sign(&app.write, now());
        let refusal = app.send(&form.request()).await;
        assert!([400, 403].contains(&refusal.status), "{name}: {refusal:?}");
        if name != "x-amz-security-token" {
            app.is_refusal(&form.request(), &refusal, 403, "AccessDenied");
            assert!(refusal.text().contains("Extra input fields"), "{refusal:?}");
        }
        app.nothing_reached().await;
    }
    // A condition about a field that is not there fails, too.
    let missing = Form::new("bucket", "a").condition(json!(["starts-with", "$acl", ""]));
    app.refuses(&missing.sign(&app.write, now()).request(), 403, "AccessDenied").await;
    let form =
        Form::new("bucket", "a").field("x-ignore-me", "x").allowed("submit", "Upload").allowed("x-amz-meta-a", "b");
    app.accepts(form.sign(&app.write, now()).request()).await;
    let stored = app.last_accepted();
    assert_eq!(stored.header("x-amz-meta-a"), Some("b"));
    assert!(!stored.mentions("x-ignore-me") && !stored.mentions("Upload"), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_policy_is_for_the_bucket_of_the_address() {
    let app = TestApp::start().await;
    let form = || Form::new("bucket", "a");
    // The policy is for another bucket, or for none; the form names one that the policy does not.
    let other = form().with(|form| form.bucket = "other".into()).sign(&app.write, now());
    app.refuses(&other.request(), 403, "AccessDenied").await;
    app.refuses(&other.clone().with(|form| form.target = "/other2".into()).request(), 403, "AccessDenied").await;
    let none = form().with(|form| form.names_bucket = false);
    app.refuses(&none.clone().sign(&app.write, now()).request(), 403, "AccessDenied").await;
    app.refuses(&none.field("bucket", "bucket").sign(&app.write, now()).request(), 403, "AccessDenied").await;
    let named_other = form().field("bucket", "other").sign(&app.write, now());
    app.refuses(&named_other.request(), 403, "AccessDenied").await;
    let both_other = form().with(|form| form.bucket = "other".into()).field("bucket", "other").sign(&app.write, now());
    app.refuses(&both_other.request(), 403, "AccessDenied").await;
    app.accepts(other.with(|form| form.target = "/other".into()).request()).await;
    app.accepts(form().field("bucket", "bucket").sign(&app.write, now()).request()).await;
    let by_host = form().with(|form| form.target = "/".into()).sign(&app.write, now());
    app.accepts(by_host.request().host("bucket.s3.example.com")).await;
    app.refuses(&by_host.request().host("other.s3.example.com"), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_an_expired_or_broken_policy_is_refused() {
    let app = TestApp::start().await;
    let signed =
        |expiration| Form::new("bucket", "a").with(|form| form.expiration = expiration).sign(&app.write, now());
    for expired in [
        later(now(), SignedDuration::ZERO),
        later(now(), SignedDuration::from_secs(-1)),
        json!("2007-12-01T12:00:00.000Z"),
    ] {
        let refusal = app.refuses(&signed(expired).request(), 403, "AccessDenied").await;
        assert!(refusal.text().contains("Policy expired"), "{refusal:?}");
    }
    for garbage in [
        json!("tomorrow"),
        json!("2026-11-20 11:00:00Z"),
        json!(""),
        json!(1),
        json!(null),
        json!("2026-11-31T11:00:00Z"),
    ] {
        app.refuses(&signed(garbage).request(), 400, "InvalidPolicyDocument").await;
    }
    let template = signed(json!("2026-11-20T11:00:00Z")).without("policy").without("x-amz-signature");
    for document in [
        r#"{"Expiration": "2026-11-20T11:00:00Z", "conditions": [{"bucket": "bucket"}]}"#,
        r#"{"conditions": [{"bucket": "bucket"}]}"#,
        r#"{"expiration": "2026-11-20T11:00:00Z"}"#,
        r#"{"expiration": "2007-11-20T11:00:00Z", "expiration": "2026-11-20T11:00:00Z", "conditions": []}"#,
        r#"{"expiration": "2026-11-20T11:00:00Z", "CONDITIONS": []}"#,
        r#"{"expiration": "2026-11-20T11:00:00Z", "conditions": [{}]}"#,
        r#"{"expiration": "2026-11-20T11:00:00Z", "conditions": [{"key": "a", "key": "b"}]}"#,
        r#"{"expiration": "2026-11-20T11:00:00Z", "conditions": [["content-length-range", -1, 2]]}"#,
        "not json",
        "",
    ] {
        let form = template.clone().sign_document(&app.write, document);
        app.refuses(&form.request(), 400, "InvalidPolicyDocument").await;
    }
    // Signed too early, too long ago, or just right.
    for (offset, right) in [(16, false), (14, true), (-7 * 24 * 60 - 1, false), (-6 * 24 * 60, true)] {
        let form = Form::new("bucket", "a").sign(&app.write, now() + SignedDuration::from_mins(offset)).request();
        if right { drop(app.accepts(form).await) } else { drop(app.refuses(&form, 403, "AccessDenied").await) }
    }
    let form = signed(json!("2026-11-20T11:00:00.000Z")).request();
    app.accepts(form.clone()).await;
    app.clock.advance(SignedDuration::from_mins(60));
    app.refuses(&form, 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_form_without_policy_or_signature_is_refused() {
    let app = TestApp::start().await;
    let signed = Form::new("bucket", "a").sign(&app.write, now());
    for name in ["policy", "x-amz-signature", "x-amz-algorithm", "x-amz-credential", "x-amz-date"] {
        let refusal = app.refuses(&signed.clone().without(name).request(), 400, "InvalidArgument").await;
        assert_eq!(refusal.element("ArgumentName").as_deref(), Some(name), "{refusal:?}");
    }
    let bare = Form::new("bucket", "a").request();
    app.refuses(&bare, 403, "AccessDenied").await;
    let only_policy = Form::new("bucket", "a").field("policy", signed.value("policy")).request();
    app.refuses(&only_policy, 400, "InvalidArgument").await;
    // Empty is not signed either.
    app.refuses(&signed.clone().replace("policy", "").request(), 400, "InvalidPolicyDocument").await;
    app.refuses(&signed.clone().replace("x-amz-signature", "").request(), 400, "InvalidArgument").await;
    // Signature Version 2 is refused by name.
    let second =
        Form::new("bucket", "a").field("AWSAccessKeyId", &app.write.id).field("signature", "x").field("policy", "x");
    let refusal = app.refuses(&second.request(), 400, "InvalidRequest").await;
    assert!(refusal.text().contains("AWS4-HMAC-SHA256"), "it says what to do: {refusal:?}");
    // Wrong secrets, unknown keys, other scopes.
    let form = || Form::new("bucket", "a");
    app.refuses(&form().sign(&app.write.with_wrong_secret(), now()).request(), 403, "SignatureDoesNotMatch").await;
    app.refuses(&form().sign(&TestKey::nobodys(), now()).request(), 403, "InvalidAccessKeyId").await;
    let region = form().with(|form| form.region = "eu-west-1".into()).sign(&app.write, now());
    app.refuses(&region.request(), 400, "AuthorizationQueryParametersError").await;
    let flipped = signed.value("x-amz-signature").replace(['0', '1'], "2");
    app.refuses(&signed.clone().replace("x-amz-signature", &flipped).request(), 403, "SignatureDoesNotMatch").await;
    app.accepts(signed.request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_session_of_a_form_needs_its_token() {
    let app = TestApp::with(|setup| setup.identities.push(("coreweave/".into(), "admin".into()))).await;
    let (key, token) = app.session_of(&app.new_holder(Permission::Write, None).await).await;
    let form = || Form::new("bucket", "a");
    app.refuses(&form().sign(&key, now()).request(), 403, "InvalidAccessKeyId").await;
    app.refuses(&form().allowed("x-amz-security-token", "wrong").sign(&key, now()).request(), 400, "InvalidToken")
        .await;
    app.accepts(form().allowed("x-amz-security-token", &token).sign(&key, now()).request()).await;
    assert!(!app.last_accepted().mentions(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_what_signs_in_the_form_is_what_the_policy_says() {
    let app = TestApp::start().await;
    for (name, value) in [
        ("x-amz-credential", format!("{}/20261120/us-east-1/s3/aws4_request", app.admin.id)),
        ("x-amz-date", "20261120T095959Z".to_owned()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA512".to_owned()),
    ] {
        // The policy says the one, the form the other; the signature is right for what the form says.
        let said = Form::new("bucket", "a").sign(&app.admin, now()).value(name);
        let form = Form::new("bucket", "a").condition(json!({name: value.clone()})).sign(&app.admin, now());
        if said != value {
            let refusal = app.send(&form.request()).await;
            app.is_refusal(&form.request(), &refusal, 403, "AccessDenied");
            app.nothing_reached().await;
        }
        let tampered = Form::new("bucket", "a").sign(&app.write, now()).replace(name, &value);
        let refusal = app.send(&tampered.request()).await;
        assert!([400, 403].contains(&refusal.status), "{name}: {refusal:?}");
        app.nothing_reached().await;
    }
    app.accepts(Form::new("bucket", "a").sign(&app.write, now()).request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_form_may_do_what_its_signer_may() {
    let app = TestApp::start().await;
    let refusal = app.refuses(&Form::new("bucket", "a").sign(&app.read, now()).request(), 403, "AccessDenied").await;
    assert_eq!(refusal.element("Message").as_deref(), Some("Access Denied"), "whoever holds a form is not told why");
    // What a form sets beside the object takes its own right.
    for (name, value) in [("acl", "public-read")] {
        let form = || Form::new("bucket", "a").allowed(name, value);
        app.refuses(&form().sign(&app.write, now()).request(), 403, "AccessDenied").await;
        app.accepts(form().sign(&app.admin, now()).request()).await;
        assert_eq!(app.last_accepted().header("x-amz-acl"), Some("public-read"));
    }
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>";
    app.accepts(Form::new("bucket", "a").allowed("tagging", tags).sign(&app.write, now()).request()).await;
    assert_eq!(app.last_accepted().header("x-amz-tagging"), Some("a=b%20c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_policies_see_a_form_as_the_upload_it_is() {
    let statements = r#"{"version": "v1alpha1", "name": "forms", "statements": [
        {"name": "uploads", "effect": "Allow", "actions": ["s3:PutObject"], "resources": ["bucket/*"], "principals": ["*"]},
        {"name": "no-secrets", "effect": "Deny", "actions": ["s3:PutObject"], "resources": ["bucket/secret/*"], "principals": ["*"]}
    ]}"#;
    let app = TestApp::with(|setup| setup.policies = vec![("forms.json".into(), statements.into())]).await;
    let form = |key: &str| Form::new("bucket", key);
    app.refuses(&form("secret/a").sign(&app.admin, now()).request(), 403, "AccessDenied").await;
    app.refuses(
        &form("${filename}").filename("x").allowed("acl", "public-read").sign(&app.admin, now()).request(),
        403,
        "AccessDenied",
    )
    .await;
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    app.refuses(&form("a").allowed("tagging", tags).sign(&app.admin, now()).request(), 403, "AccessDenied").await;
    for (name, value) in [("x-amz-object-lock-legal-hold", "ON"), ("x-amz-object-lock-mode", "GOVERNANCE")] {
        app.refuses(&form("a").allowed(name, value).sign(&app.admin, now()).request(), 403, "AccessDenied").await;
    }
    app.accepts(form("a").sign(&app.admin, now()).request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_form_is_signed_in_one_place() {
    let app = TestApp::start().await;
    let signed = Form::new("bucket", "a").sign(&app.write, now());
    let form = signed.request();
    app.refuses(&form.clone().header("Authorization", "AWS4-HMAC-SHA256 x"), 400, "InvalidArgument").await;
    app.refuses(&form.clone().sign(&app.write, now()), 400, "InvalidArgument").await;
    let presigned = form.clone().presign(&app.write, now(), std::time::Duration::from_mins(1));
    app.refuses(&presigned, 400, "InvalidArgument").await;
    for query in ["X-Amz-Signature=x", "x-amz-credential=x", "AWSAccessKeyId=x&Signature=y&Expires=1"] {
        app.refuses(&form.clone().append_query(query), 400, "InvalidArgument").await;
    }
    // Nobody signed the headers of a form: what would act is refused.
    for name in ["x-amz-acl", "x-amz-copy-source", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"] {
        app.refuses(&form.clone().header(name, "x"), 403, "AccessDenied").await;
    }
    // A form is for a bucket, and nothing but a form is: elsewhere its fields say nothing.
    for target in ["/bucket/key", "/bucket?acl", "/bucket?uploads", "/bucket?delete", "/bucket?versionId=1", "/"] {
        let elsewhere = signed.clone().with(|form| form.target = target.into()).request();
        app.refuses(&elsewhere, 403, "AccessDenied").await;
    }
    for content_type in ["application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "text/plain"] {
        let other = form.clone().replace("Content-Type", content_type);
        app.refuses(&other, 403, "AccessDenied").await;
        let signed = Request::post("/bucket").header("Content-Type", content_type).body("x").sign(&app.write, now());
        app.refuses(&signed, 400, "MalformedPOSTRequest").await;
    }
    for name in ["if-match", "content-md5", "range"] {
        app.accepts(form.clone().header(name, "x")).await;
        assert_eq!(app.last_accepted().header(name), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_reserved_names_are_no_buckets_by_form() {
    let app = TestApp::start().await;
    for name in [".portcullis", "_portcullis", "xn--secret", "sthree-config", "data-s3alias", ".minio.sys"] {
        let form = Form::new(name, "a").sign(&app.admin, now());
        app.refuses(&form.request(), 400, "InvalidBucketName").await;
        let encoded = name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        app.refuses(&form.clone().with(|form| form.target = format!("/{encoded}")).request(), 400, "InvalidBucketName")
            .await;
        let within = Form::new("bucket", "a").with(|form| form.bucket = name.into()).field("bucket", name);
        app.refuses(&within.sign(&app.admin, now()).request(), 403, "AccessDenied").await;
        let key = Form::new("bucket", &format!("../{name}/a")).sign(&app.admin, now());
        app.refuses(&key.request(), 400, "InvalidURI").await;
    }
    app.accepts(Form::new("bucket", "a").sign(&app.admin, now()).request()).await;
}
