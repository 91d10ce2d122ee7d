//! Bucket policies: kept here, byte for byte, and in force with the next request.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::identity::Permission;

use crate::bucket_stock::{BucketStock, app_with, asked, policy, put_policy, refused, send, statement};
use crate::rules::{add_policy, deny};
use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::sign::TestKey;

async fn start() -> TestApp {
    app_with(&BucketStock::of(&["bucket", "other"]), |_| {}).await
}

fn get_policy() -> Request {
    Request::get("/bucket?policy")
}

/// The policy of the bucket as the administrator reads it.
async fn stored(app: &TestApp) -> Option<String> {
    let response = send(app, &app.admin, get_policy()).await;
    match response.status {
        200 => Some(response.text()),
        404 => None,
        _ => panic!("{response:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_comes_back_byte_for_byte_and_is_in_force_at_once() {
    let app = start().await;
    let get = || Request::get("/bucket/secret");
    assert_eq!(send(&app, &app.read, get()).await.status, 200);
    let document =
        format!(" {}\n", policy(&statement("Allow", r#""s3:*""#, "bucket")).replace("bucket/*", "bucket/public/*"));
    put_policy(&app, "bucket", &document).await;
    let response = send(&app, &app.admin, get_policy()).await;
    assert_eq!((response.status, response.text()), (200, document));
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert!(response.header("x-amz-request-id").is_some());
    let refusal = refused(&app, &app.read, get(), 403, "AccessDenied").await;
    assert!(refusal.text().contains("bucket policy"), "{refusal:?}");
    assert_eq!(send(&app, &app.read, Request::get("/bucket/public/a")).await.status, 200);
    assert_eq!(send(&app, &app.read, Request::get("/other/secret")).await.status, 200, "it is of one bucket");
    let deleted = send(&app, &app.admin, Request::delete("/bucket?policy")).await;
    assert_eq!((deleted.status, deleted.text().as_str()), (204, ""));
    assert_eq!(send(&app, &app.read, get()).await.status, 200);
    let policies = asked(&app).into_iter().filter(|asked| asked.contains("policy")).count();
    assert_eq!(policies, 0, "no backend is asked about policies: {:?}", asked(&app));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_apart() {
    let app = start().await;
    for target in ["/bucket?policy", "/bucket?policyStatus"] {
        let refusal = refused(&app, &app.admin, Request::get(target), 404, "NoSuchBucketPolicy").await;
        assert!(refusal.text().contains("The bucket policy does not exist"), "{refusal:?}");
    }
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket?policy")).await.status, 204);
    let document = policy(&statement("Allow", r#""s3:*""#, "nobodys"));
    for request in [
        Request::get("/nobodys?policy"),
        Request::get("/nobodys?policyStatus"),
        Request::delete("/nobodys?policy"),
        Request::put("/nobodys?policy").body(document),
    ] {
        refused(&app, &app.admin, request, 404, "NoSuchBucket").await;
    }
    assert!(app.running().authority.in_force().unwrap().bucket("nobodys").is_none(), "nothing is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_whether_the_policy_is_public() {
    let app = start().await;
    let of_organization = statement("Allow", r#""s3:*""#, "bucket").replace(r#""*","#, r#"{"AWS": "ab1cd2"},"#);
    let of_all = statement("Allow", r#""s3:GetObject", "s3:GetBucketPolicyStatus""#, "bucket");
    for (document, public) in [(policy(&of_organization), "false"), (policy(&of_all), "true")] {
        put_policy(&app, "bucket", &document).await;
        let response = send(&app, &app.admin, Request::get("/bucket?policyStatus")).await;
        let status = response.element("IsPublic");
        assert_eq!((response.status, status.as_deref()), (200, Some(public)), "{document}: {response:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_means_nothing_is_refused_and_the_one_in_force_stays() {
    let app = start().await;
    let good = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    put_policy(&app, "bucket", &good).await;
    let documents = [
        (String::new(), ""),
        ("{".to_owned(), ""),
        ("[]".to_owned(), ""),
        (policy(&statement("Allow", r#""s3:Fly""#, "bucket")), "s3:Fly"),
        (policy(&statement("Permit", r#""s3:*""#, "bucket")), "Effect"),
        (policy(&statement("Allow", r#""s3:*""#, "other")), "other"),
        (good.replace("\"Effect\"", "\"Condition\": {\"NoSuch\": {\"aws:SourceIp\": \"a\"}}, \"Effect\""), "NoSuch"),
        (good.replace("\"Effect\"", "\"Effects\": 1, \"Effect\""), "Effects"),
        (good.replace("2012-10-17", "2026-01-01"), "Version"),
    ];
    for (document, named) in documents {
        let put = Request::put("/bucket?policy").body(document.clone());
        let refusal = refused(&app, &app.admin, put, 400, "MalformedPolicy").await;
        let message = refusal.element("Message").unwrap();
        assert!(message.contains(named), "{document}: {message}");
        assert_eq!(stored(&app).await.as_deref(), Some(good.as_str()), "{document}");
    }
    // Whoever merely holds a URL is not told what is wrong.
    let presigned = Request::put("/bucket?policy").presign(&app.admin, now(), Duration::from_mins(1));
    let presigned = presigned.body(policy(&statement("Allow", r#""s3:Fly""#, "bucket")));
    let response = app.send(&presigned).await;
    app.is_refusal(&presigned, &response, 400, "MalformedPolicy");
    assert!(!response.text().contains("Fly"), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_have_twenty_kibibytes() {
    let app = start().await;
    let document = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    let limit = 20 * 1024;
    let longest = format!("{document}{}", " ".repeat(limit - document.len()));
    put_policy(&app, "bucket", &longest).await;
    refused(&app, &app.admin, Request::put("/bucket?policy").body(format!("{longest} ")), 400, "EntityTooLarge").await;
    assert_eq!(stored(&app).await.map(|text| text.len()), Some(limit));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_what_was_promised_is_not_kept() {
    let app = start().await;
    let document = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    let put = || Request::put("/bucket?policy").body(document.clone());
    let wrong = put().header("content-md5", STANDARD.encode([7; 16]));
    refused(&app, &app.admin, wrong, 400, "BadDigest").await;
    let wrong = put().header("x-amz-checksum-crc32", STANDARD.encode([7; 4]));
    refused(&app, &app.admin, wrong, 400, "BadDigest").await;
    let changed = put().sign(&app.admin, now()).tamper(|request| request.body[0] = b' ');
    let response = app.send(&changed).await;
    app.is_refusal(&changed, &response, 400, "XAmzContentSHA256Mismatch");
    let unknown = put().header("x-amz-expected-bucket-owner", "111122223333");
    refused(&app, &app.admin, unknown, 501, "NotImplemented").await;
    assert_eq!(stored(&app).await, None);
    let confirmed = put().header("x-amz-confirm-remove-self-bucket-access", "true");
    assert_eq!(send(&app, &app.admin, confirmed).await.status, 204);
    assert_eq!(stored(&app).await, Some(document));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_denies_everything_can_be_replaced_and_not_deleted() {
    let app = start().await;
    put_policy(&app, "bucket", &policy(&statement("Deny", r#""s3:*""#, "bucket"))).await;
    for request in [get_policy(), Request::delete("/bucket?policy"), Request::get("/bucket/key")] {
        let refusal = refused(&app, &app.admin, request, 403, "AccessDenied").await;
        assert!(refusal.text().contains("bucket policy"), "{refusal:?}");
    }
    put_policy(&app, "bucket", &policy(&statement("Allow", r#""s3:*""#, "bucket"))).await;
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket?policy")).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn e23_a_key_for_objects_changes_no_policy() {
    let objects = r#"{"version": "v1alpha1", "name": "objects", "statements": [{"name": "objects", "effect": "Allow",
        "actions": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"], "resources": ["*"],
        "principals": ["*"]}]}"#;
    let change = |setup: &mut crate::support::setup::Setup| {
        setup.policies = vec![("objects.json".to_owned(), objects.to_owned())];
    };
    let app = app_with(&BucketStock::of(&["bucket"]), change).await;
    let document = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    for key in [&app.admin, &app.write] {
        for request in [
            Request::put("/bucket?policy").body(document.clone()),
            Request::delete("/bucket?policy"),
            get_policy(),
            Request::get("/bucket?policyStatus"),
            Request::put("/bucket?publicAccessBlock").body("<PublicAccessBlockConfiguration/>"),
            Request::delete("/bucket?publicAccessBlock"),
            Request::put("/bucket?acl").header("x-amz-acl", "public-read"),
            Request::put("/bucket/key?acl").header("x-amz-acl", "public-read"),
            Request::put("/bucket/key").header("x-amz-acl", "public-read").body("x"),
            Request::put("/bucket?cors").body("<CORSConfiguration/>"),
            Request::put("/bucket?replication").body("<ReplicationConfiguration/>"),
            Request::put("/bucket?notification").body("<NotificationConfiguration/>"),
        ] {
            app.refuses(&request.sign(key, now()), 403, "AccessDenied").await;
        }
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_to_be_for_administration_to_change_policies() {
    let app = start().await;
    let document = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    for key in [&app.read, &app.write] {
        app.refuses(&Request::put("/bucket?policy").body(document.clone()).sign(key, now()), 403, "AccessDenied").await;
        app.refuses(&Request::delete("/bucket?policy").sign(key, now()), 403, "AccessDenied").await;
    }
    let nobody = TestKey::nobodys();
    app.refuses(&Request::put("/bucket?policy").body(document.clone()).sign(&nobody, now()), 403, "InvalidAccessKeyId")
        .await;
    let another = app.new_key(Permission::Admin, None).await;
    assert_eq!(send(&app, &another, Request::put("/bucket?policy").body(document)).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_backend_nothing_is_said_or_kept_of_a_bucket() {
    let app = start().await;
    let good = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    put_policy(&app, "bucket", &good).await;
    app.backend.go_down().await;
    let another = policy(&statement("Deny", r#""s3:*""#, "bucket"));
    for request in [Request::put("/bucket?policy").body(another), Request::delete("/bucket?policy"), get_policy()] {
        refused(&app, &app.admin, request, 503, "ServiceUnavailable").await;
    }
    let in_force = app.running().authority.in_force().unwrap();
    let rules = in_force.bucket("bucket").unwrap();
    assert_eq!(rules.policy.as_ref().unwrap().as_ref().unwrap().text(), good);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_put_only_by_who_may_when_it_is_there() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    let document = policy(&statement("Allow", r#""s3:*""#, "bucket"));
    let request = Request::put("/bucket?policy").body(document).header("Expect", "100-continue");
    let request = request.sign(&app.admin, now());
    let mut slow = app.connect().await;
    slow.send(request.head_bytes()).await;
    assert!(slow.peek(12).await.starts_with(b"HTTP/1.1 100"), "its body is awaited");
    add_policy(&app, &[deny(&["s3:PutBucketPolicy"], &["bucket"])]).await;
    slow.send(&request.body).await;
    let response = slow.response("PUT").await;
    app.is_refusal(&request, &response, 403, "AccessDenied");
    refused(&app, &app.admin, Request::get("/bucket?policy"), 404, "NoSuchBucketPolicy").await;
}
