//! Whether something is there is told only to who may list.

use crate::rules::{all_may, all_of, allow, app_under, denied, deny, guard, if_so, passes};
use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;
use crate::support::wire::Response;

const READS: [(&str, &str); 8] = [
    ("GET", "/bucket/k"),
    ("HEAD", "/bucket/k"),
    ("GET", "/bucket/k?versionId=v"),
    ("GET", "/bucket/k?attributes"),
    ("GET", "/bucket/k?tagging"),
    ("GET", "/bucket/k?acl"),
    ("GET", "/bucket/k?retention"),
    ("GET", "/bucket/k?legal-hold"),
];

fn missing(method: &str, code: &str) -> Answer {
    if method == "HEAD" { Answer::of(404, &[], "") } else { Answer::error(404, code, "not here") }
}

async fn ask(app: &TestApp, request: Request, answer: Answer) -> Response {
    app.backend.answer_next(answer);
    let response = app.send(&request.sign(&app.admin, now())).await;
    app.reached_once().await;
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_a_missing_object_is_forbidden_to_who_may_not_list() {
    let app = app_under(&[allow(&["s3:Get*"], &["bucket/*"])]).await;
    for (method, target) in READS {
        for code in ["NoSuchKey", "NoSuchVersion", "XSomething"] {
            let response = ask(&app, Request::new(method, target), missing(method, code)).await;
            assert_eq!(response.status, 403, "{method} {target} {code}: {response:?}");
            if method == "HEAD" {
                assert!(response.body.is_empty());
            } else {
                assert_eq!(response.code().as_deref(), Some("AccessDenied"), "{response:?}");
                assert!(response.text().contains("s3:ListBucket"), "{response:?}");
            }
        }
    }
    let marker = Answer::of(405, &[("x-amz-delete-marker", "true"), ("last-modified", "x")], "");
    let response = ask(&app, Request::get("/bucket/k?versionId=v"), marker).await;
    assert_eq!(
        (response.status, response.header("x-amz-delete-marker"), response.header("last-modified")),
        (403, None, None)
    );
    let conditional = Request::get("/bucket/k").header("If-None-Match", "\"a\"");
    assert_eq!(ask(&app, conditional, missing("GET", "NoSuchKey")).await.status, 403);
    // What is there, and what is about something else, is told as ever.
    passes(&app, Request::get("/bucket/k")).await;
    let response =
        ask(&app, Request::get("/bucket/k?retention"), missing("GET", "NoSuchObjectLockConfiguration")).await;
    assert_eq!((response.status, response.code().as_deref()), (404, Some("NoSuchObjectLockConfiguration")));
    let response = ask(&app, Request::get("/bucket/k"), missing("GET", "NoSuchBucket")).await;
    assert_eq!(response.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_who_may_list_is_told_that_an_object_is_missing() {
    let app = app_under(&[allow(&["s3:Get*"], &["bucket/*"]), allow(&["s3:ListBucket"], &["bucket"])]).await;
    for (method, target) in READS {
        let response = ask(&app, Request::new(method, target), missing(method, "NoSuchKey")).await;
        assert_eq!(response.status, 404, "{method} {target}: {response:?}");
    }
    let url = Request::get("/bucket/k").presign(&app.admin, now(), std::time::Duration::from_mins(1));
    app.backend.answer_next(missing("GET", "NoSuchKey"));
    assert_eq!(app.send(&url).await.status, 404);
    app.reached_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_the_right_to_list_is_judged_with_its_conditions() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let get = all_may("s3:GetObject", "bucket");
    let listing = if_so("Allow", "s3:ListBucket", "bucket", r#"{"StringLike": {"s3:prefix": "a/*"}}"#);
    guard(&app, "bucket", &[get, listing]).await;
    let response = ask(&app, Request::get("/bucket/a/k"), missing("GET", "NoSuchKey")).await;
    assert_eq!(response.status, 403, "{response:?}");
    guard(&app, "bucket", &[all_of("bucket")]).await;
    let response = ask(&app, Request::get("/bucket/a/k"), missing("GET", "NoSuchKey")).await;
    assert_eq!(response.status, 404, "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_a_missing_source_is_told_to_who_may_list_the_bucket_of_the_source() {
    let put = allow(&["s3:PutObject", "s3:GetObject"], &["*"]);
    let copy = || Request::put("/bucket/k").header("x-amz-copy-source", "source/k");
    let late = || Answer::of(200, &[], "  <Error><Code>NoSuchKey</Code><Message>m</Message></Error>");
    let app = app_under(&[put.clone(), allow(&["s3:ListBucket"], &["bucket"])]).await;
    assert_eq!(ask(&app, copy(), missing("PUT", "NoSuchKey")).await.status, 403);
    let response = ask(&app, copy(), late()).await;
    assert!(response.text().contains("AccessDenied") && !response.text().contains("NoSuchKey"), "{response:?}");
    let app = app_under(&[put, allow(&["s3:ListBucket"], &["source"])]).await;
    assert_eq!(ask(&app, copy(), missing("PUT", "NoSuchKey")).await.status, 404);
    assert!(ask(&app, copy(), late()).await.text().contains("NoSuchKey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_an_object_that_a_completed_upload_does_not_find_is_forbidden_as_well() {
    let complete = || {
        Request::post("/bucket/k?uploadId=u").header("If-Match", "\"tag\"").body(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>",
        )
    };
    let late = || Answer::of(200, &[], "  <Error><Code>NoSuchKey</Code><Message>m</Message></Error>");
    let write = allow(&["s3:PutObject", "s3:GetObject"], &["bucket/*"]);
    let app = app_under(std::slice::from_ref(&write)).await;
    assert_eq!(ask(&app, complete(), missing("POST", "NoSuchKey")).await.status, 403);
    let response = ask(&app, complete(), late()).await;
    assert!(response.text().contains("AccessDenied") && !response.text().contains("NoSuchKey"), "{response:?}");
    let app = app_under(&[write, allow(&["s3:ListBucket"], &["bucket"])]).await;
    assert!(ask(&app, complete(), late()).await.text().contains("NoSuchKey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_conditions_of_a_client_are_not_answered_before_its_rights() {
    let app = app_under(&[allow(&["s3:GetObject"], &["bucket/mine/*"])]).await;
    for (name, value) in
        [("If-None-Match", "*"), ("If-Modified-Since", "Fri, 20 Nov 2026 09:00:00 GMT"), ("Range", "bytes=0-1")]
    {
        denied(&app, Request::get("/bucket/theirs").header(name, value)).await;
    }
    passes(&app, Request::get("/bucket/mine/a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e11_no_way_to_look_at_an_object_is_weaker_than_reading_it() {
    let app = app_under(&[
        allow(&["s3:Get*", "s3:List*"], &["*"]),
        deny(&["s3:GetObject", "s3:GetObjectVersion"], &["bucket/secret"]),
    ])
    .await;
    for (method, target) in [
        ("GET", "/bucket/secret"),
        ("HEAD", "/bucket/secret"),
        ("GET", "/bucket/secret?partNumber=1"),
        ("HEAD", "/bucket/secret?partNumber=1"),
        ("GET", "/bucket/secret?attributes"),
        ("GET", "/bucket/secret?versionId=v"),
        ("HEAD", "/bucket/secret?versionId=v"),
        ("GET", "/bucket/secret?attributes&versionId=v"),
        ("GET", "/bucket/secret?response-content-type=a"),
    ] {
        let response = denied(&app, Request::new(method, target)).await;
        assert!(method != "HEAD" || response.body.is_empty(), "{response:?}");
        passes(&app, Request::new(method, &target.replace("secret", "open"))).await;
    }
    denied(&app, Request::get("/bucket/secret").header("Range", "bytes=0-0")).await;
    for target in ["/bucket/secret?torrent", "/bucket/open?torrent"] {
        app.refuses(&Request::get(target).sign(&app.admin, now()), 501, "NotImplemented").await;
    }
}
