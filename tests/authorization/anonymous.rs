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
async fn refused(app: &TestApp, request: &Request) -> Response {
    let response = app.refuses(request, 403, "AccessDenied").await;
    if request.method != "HEAD" {
        let message = response.element("Message");
        assert_eq!(message.as_deref(), Some("Access Denied: the request is not signed."), "{request:?}");
    }
    response
}

fn get() -> Request {
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
async fn a15_whoever_tries_to_authenticate_is_never_nobody() {
    let app = app().await;
    app.accepts(get()).await;
    let in_query = |parameter: &str| Request::get(&format!("/open/key?{parameter}"));
    for parameter in [
        "AWSAccessKeyId=x",
        "awsaccesskeyid=x",
        "Signature=x",
        "signature",
        "Expires=1",
        "EXPIRES=1",
        "GoogleAccessId=x",
        "x-amz-acl=private",
        "X-Amz-Meta-a=b",
        "%58-Amz-Meta=1",
    ] {
        refused(&app, &in_query(parameter)).await;
    }
    for parameter in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=x",
        "X-Amz-Date=x",
        "X-Amz-Expires=1",
        "X-Amz-Signature=0",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Security-Token=x",
        "x-amz-signature=0",
        "X-AMZ-SIGNATURE",
        "x-%61mz-signature=",
    ] {
        app.refuses(&in_query(parameter), 400, "AuthorizationQueryParametersError").await;
    }
    app.refuses(&in_query("AWSAccessKeyId=x&Signature=y&Expires=1"), 400, "InvalidRequest").await;
    for name in ["x-amz-date", "X-Amz-Security-Token"] {
        for value in ["", "20261120T100000Z"] {
            refused(&app, &get().header(name, value)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_an_empty_authorization_header_is_a_header() {
    let app = app().await;
    app.accepts(get()).await;
    for value in ["", "   "] {
        app.refuses(&get().header("Authorization", value), 403, "AccessDenied").await;
    }
    for value in
        ["Bearer", "Bearer CW-SECRET-0123456789012345678901234567890123456789abc", "Basic dXNlcjpwYXNz", "anonymous"]
    {
        app.refuses(&get().header("Authorization", value), 400, "InvalidArgument").await;
    }
    app.refuses(&get().header("Authorization", "AWS4-HMAC-SHA256"), 400, "AuthorizationHeaderMalformed").await;
    app.refuses(&get().header("Authorization", "AWS x:y"), 400, "InvalidRequest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_overrides_need_a_signature() {
    for app in [app().await, TestApp::start().await] {
        for name in
            ["content-type", "content-disposition", "cache-control", "expires", "content-language", "content-encoding"]
        {
            for target in ["/open/key", "/nothing/at-all"] {
                let request = Request::get(&format!("{target}?response-{name}=text%2Fhtml"));
                let refusal = app.refuses(&request, 400, "InvalidRequest").await;
                assert!(refusal.text().contains("cannot be used for anonymous GET requests"), "{refusal:?}");
            }
        }
        app.refuses(&Request::head("/open/key?Response-Content-Type=a"), 400, "").await;
        app.accepts(Request::get("/open/key?response-content-type=text%2Fhtml").sign(&app.read, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_nobody_writes_anything() {
    let app = app().await;
    let batch = "<Delete><Object><Key>a</Key></Object></Delete>";
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\n\
                Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nbody\r\n--b--\r\n";
    let requests = [
        Request::put("/open/key").body("x"),
        Request::put("/open/key"),
        Request::put("/open/key").header("x-amz-copy-source", "open/other"),
        Request::put("/open/key?tagging").body("<Tagging><TagSet/></Tagging>"),
        Request::put("/open/key?acl").header("x-amz-acl", "public-read"),
        Request::put("/open/key?partNumber=1&uploadId=u").body("x"),
        Request::put("/open?acl").header("x-amz-acl", "public-read"),
        Request::put("/open?policy").body("{}"),
        Request::put("/open?cors").body("<CORSConfiguration/>"),
        Request::put("/fresh"),
        Request::post("/open/key?uploads"),
        Request::post("/open/key?uploadId=u").body("<CompleteMultipartUpload/>"),
        Request::post("/open?delete").body(batch),
        Request::post("/open/key?select&select-type=2").body("<SelectObjectContentRequest/>"),
        Request::delete("/open/key"),
        Request::delete("/open/key?tagging"),
        Request::delete("/open/key?uploadId=u"),
        Request::delete("/open?policy"),
        Request::delete("/open"),
        Request::new("PATCH", "/open/key"),
    ];
    for request in requests {
        refused(&app, &request).await;
    }
    let form = Request::post("/open").header("Content-Type", "multipart/form-data; boundary=b").body(form);
    let answer = app.send(&form).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    app.nothing_reached().await;
    app.accepts(get()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_may_do_what() {
    let app = app().await;
    let of_bucket = [
        "acl",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "cors",
        "lifecycle",
        "encryption",
        "versioning",
        "tagging",
        "logging",
        "website",
        "notification",
        "replication",
        "location",
        "ownershipControls",
        "object-lock",
        "uploads",
        "requestPayment",
        "accelerate",
        "inventory",
        "metrics",
        "analytics",
        "intelligent-tiering",
        "unheard-of",
    ];
    let of_object = ["acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "uploadId=u", "unheard-of"];
    let requests = of_bucket.iter().map(|name| format!("/open?{name}"));
    for target in requests.chain(of_object.iter().map(|name| format!("/open/key?{name}"))).chain(["/".to_owned()]) {
        refused(&app, &Request::get(&target)).await;
    }
    // Nor what there is.
    for target in ["/other", "/other/key", "/nothing-of-this-name"] {
        refused(&app, &Request::get(target)).await;
        refused(&app, &Request::head(target)).await;
    }
    app.accepts(Request::get("/open?acl").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_a_body() {
    let app = app().await;
    refused(&app, &get().body("x")).await;
    refused(&app, &get().body("x").in_http_chunks(1)).await;
    app.accepts(get().body("")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_a_header_that_steers() {
    let app = app().await;
    for (name, value) in [
        ("x-amz-server-side-encryption-customer-key", "k"),
        ("x-amz-request-payer", "requester"),
        ("x-amz-expected-bucket-owner", "1"),
        ("x-amz-optional-object-attributes", "RestoreStatus"),
        ("x-amz-meta-a", "b"),
        ("x-amz-acl", "private"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-copy-source", "open/key"),
        ("x-amz-unheard-of", ""),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-content-sha256", "0000000000000000000000000000000000000000000000000000000000000000"),
    ] {
        refused(&app, &get().header(name, value)).await;
    }
    app.accepts(get().header("If-None-Match", "\"e\"")).await;
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
