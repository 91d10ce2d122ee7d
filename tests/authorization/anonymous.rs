//! Requests that nobody signed: let in only where the configuration, an organization policy that names them
//! and the bucket's policy all say so, to read and to list, and told nothing else.

use portcullis::s3::{BucketName, PublicAccessBlock};

use crate::rules::guard;
use crate::support::app::{TestApp, now};
use crate::support::http2::Http2;
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::Response;

const READING: [&str; 4] = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];

/// An organization policy that lets everybody do everything, nobody in particular included.
fn open_to_all(actions: &[&str]) -> String {
    format!(
        r#"{{"version": "v1alpha1", "name": "open", "statements": [
            {{"name": "all", "effect": "Allow", "actions": {actions:?}, "resources": ["*"], "principals": ["*", "anonymous"]}}]}}"#
    )
}

async fn app_with(change: impl FnOnce(&mut Setup)) -> TestApp {
    let app = TestApp::with(|setup| {
        setup.s3 = vec!["anonymous = true".to_owned()];
        setup.policies = vec![("open.json".to_owned(), open_to_all(&["*"]))];
        change(setup);
    })
    .await;
    guard(&app, "open", &[about("Allow", r#""*""#, &["s3:*"])]).await;
    app
}

/// An app whose bucket `open` is as open as policies can make it.
pub(crate) async fn app() -> TestApp {
    app_with(|_| {}).await
}

/// A statement about the bucket `open` and its objects.
fn about(effect: &str, principal: &str, actions: &[&str]) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": {actions:?},
             "Resource": ["arn:aws:s3:::open", "arn:aws:s3:::open/*"]}}"#
    )
}

/// Every refusal says the same, so that it tells nothing.
pub(crate) async fn refused(app: &TestApp, request: &Request) -> Response {
    let response = app.refuses(request, 403, "AccessDenied").await;
    if request.method != "HEAD" {
        let message = response.element("Message");
        assert_eq!(message.as_deref(), Some("Access Denied: the request is not signed."), "{request:?}");
    }
    response
}

pub(crate) fn get() -> Request {
    Request::get("/open/key")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_and_lists_what_is_open() {
    let app = app().await;
    for request in [
        get(),
        Request::head("/open/key"),
        Request::get("/open/key?versionId=v"),
        Request::get("/open/key?partNumber=1"),
        Request::get("/open"),
        Request::get("/open?list-type=2&prefix=a/"),
        Request::get("/open?versions"),
        Request::head("/open"),
        Request::get("/key").host("open.s3.example.com"),
    ] {
        app.accepts(request).await;
    }
    // As SDKs send it: words about the client, and what has no effect.
    let sdk = Request::get("/open/key?x-id=GetObject")
        .header("x-amz-checksum-mode", "ENABLED")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        .header("x-amz-user-agent", "aws-sdk-js/3")
        .header("amz-sdk-request", "attempt=1")
        .header("Range", "bytes=0-1");
    app.accepts(sdk).await;
    let sent = app.last_accepted();
    assert_eq!(sent.target, "/open/key", "{sent:?}");
    assert!(sent.header("authorization").is_some_and(|value| value.contains("PORTCULLISBACKENDKEY")), "{sent:?}");
    for (name, value) in
        [("x-amz-checksum-mode", Some("ENABLED")), ("range", Some("bytes=0-1")), ("x-amz-user-agent", None)]
    {
        assert_eq!(sent.header(name), value, "{sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_over_http2() {
    let app = app_with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().unwrap();
    let mut connection = Http2::open(app.address, &ca, "localhost").await;
    assert_eq!(connection.exchange(&get()).await.status, 200);
    app.reached_once().await;
    for request in
        [get().body("x"), Request::put("/open/key"), Request::get("/other/key"), get().header("authorization", "")]
    {
        let response = connection.exchange(&request).await;
        app.is_refusal(&request, &response, 403, "AccessDenied");
    }
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_told_to_lets_nobody_in() {
    for line in [vec![], vec!["anonymous = false".to_owned()]] {
        let app = app_with(|setup| setup.s3 = line).await;
        for request in
            [get(), Request::head("/open/key"), Request::get("/open"), Request::get("/nothing"), Request::get("/")]
        {
            refused(&app, &request).await;
        }
        app.accepts(get().sign(&app.read, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_condition_that_is_missing_alone_is_a_refusal() {
    let app = app().await;
    app.accepts(get()).await;
    let policies = [
        vec![about("Allow", r#"{"AWS": "ab1cd2"}"#, &READING)],
        vec![about("Allow", r#"{"AWS": "arn:aws:iam::ab1cd2:root"}"#, &READING)],
        vec![
            about("Allow", r#"{"AWS": "arn:aws:iam::ab1cd2:saml/Somebody"}"#, &READING)
                .replace("Principal", "NotPrincipal"),
        ],
        vec![about("Allow", r#""*""#, &["s3:ListBucket", "s3:GetObjectVersion", "s3:PutObject"])],
        vec![about("Allow", r#""*""#, &READING), about("Deny", r#""*""#, &["s3:GetObject"])],
        vec![
            about("Allow", r#""*""#, &READING),
            about("Deny", r#"{"AWS": "arn:aws:iam::ab1cd2:saml/X"}"#, &["s3:*"]).replace("Principal", "NotPrincipal"),
        ],
        vec![about("Allow", r#""*""#, &["s3:GetObject"]).replace("open/*", "open/public/*")],
    ];
    for policy in policies {
        guard(&app, "open", &policy).await;
        refused(&app, &get()).await;
    }
    let bucket = BucketName::parse("open").unwrap();
    let authority = &app.running().authority;
    authority.set_bucket_policy(&bucket, None).await.unwrap();
    refused(&app, &get()).await;
    // Whoever has a key needs no bucket policy.
    app.accepts(get().sign(&app.read, now())).await;

    for principal in [r#""*""#, r#"{"AWS": "*"}"#, r#"{"AWS": ["ab1cd2", "*"]}"#] {
        guard(&app, "open", &[about("Allow", principal, &READING)]).await;
        app.accepts(get()).await;
    }
    let restricted = PublicAccessBlock { restrict_public_buckets: true, ..PublicAccessBlock::default() };
    authority.set_public_access_block(&bucket, Some(restricted)).await.unwrap();
    refused(&app, &get()).await;
    authority.set_public_access_block(&bucket, None).await.unwrap();
    app.accepts(get()).await;
    // An identity that is refused is not let in as nobody.
    app.refuses(&get().sign(&TestKey::nobodys(), now()), 403, "InvalidAccessKeyId").await;
    app.refuses(&get().sign(&app.read.with_wrong_secret(), now()), 403, "SignatureDoesNotMatch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_policy_has_to_name_anonymous() {
    let statement = |effect: &str, principals: &str| {
        format!(
            r#"{{"name": "{effect}", "effect": "{effect}", "actions": ["s3:*"], "resources": ["*"], "principals": [{principals}]}}"#
        )
    };
    let everybody = r#""*", "static/*", "coreweave/*", "saml/*", "role/*""#;
    for (statements, admitted) in [
        (statement("Allow", everybody), false),
        (format!("{}, {}", statement("Allow", r#""anonymous""#), statement("Deny", r#""*""#)), false),
        (format!("{}, {}", statement("Allow", r#""anonymous", "*""#), statement("Deny", r#""anonymous""#)), false),
        (statement("Allow", r#""anonymous""#), true),
    ] {
        let document = format!(r#"{{"version": "v1alpha1", "name": "one", "statements": [{statements}]}}"#);
        let app = app_with(|setup| setup.policies = vec![("one.json".to_owned(), document)]).await;
        if admitted {
            app.accepts(get()).await;
        } else {
            refused(&app, &get()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_know_that_nobody_signed() {
    let app = app().await;
    let with = |condition: &str| {
        let allow = about("Allow", r#""*""#, &READING);
        allow.replacen('{', &format!(r#"{{"Condition": {condition}, "#), 1)
    };
    for condition in [
        r#"{"Null": {"aws:PrincipalArn": "true", "aws:userid": "true", "s3:authType": "true", "aws:PrincipalOrgID": "true"}}"#,
        r#"{"Null": {"s3:signatureversion": "true", "s3:signatureAge": "true", "aws:PrincipalTag/team": "true"}}"#,
        r#"{"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}"#,
    ] {
        guard(&app, "open", &[with(condition)]).await;
        app.accepts(get()).await;
    }
    for condition in [
        r#"{"StringLike": {"aws:userid": "*"}}"#,
        r#"{"StringEquals": {"aws:PrincipalOrgID": "ab1cd2"}}"#,
        r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}"#,
        r#"{"StringEquals": {"s3:authType": "REST-HEADER"}}"#,
        r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
        r#"{"Bool": {"aws:SecureTransport": "true"}}"#,
    ] {
        guard(&app, "open", &[with(condition)]).await;
        refused(&app, &get()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_only_where_listing_is_open() {
    let app = app().await;
    app.backend.answer_with(|_| crate::support::recording_backend::Answer::error(404, "NoSuchKey", "no such key"));
    assert_eq!(app.send(&get()).await.code().as_deref(), Some("NoSuchKey"));
    guard(&app, "open", &[about("Allow", r#""*""#, &["s3:GetObject"])]).await;
    let hidden = app.send(&get()).await;
    assert_eq!((hidden.status, hidden.code().as_deref()), (403, Some("AccessDenied")), "{hidden:?}");
}
