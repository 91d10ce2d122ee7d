//! The list of buckets: of all backends, and only what its reader may know of.

use crate::bucket_stock::{BucketStock, app_with, asked, policy, put_policy, refused, send, statement};
use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, RecordingBackend};
use crate::support::request::Request;
use crate::support::setup::{BackendSetup, Setup};
use crate::support::wire::Response;

/// The names in a list.
fn names(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{response:?}");
    let text = response.text();
    text.split("<Name>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

async fn list(app: &TestApp, query: &str) -> Response {
    send(app, &app.read, Request::get(&format!("/{query}"))).await
}

/// Two backends: `logs-*` on the second, all else on the first.
async fn two_backends(first: &BucketStock, second: &BucketStock) -> (TestApp, RecordingBackend) {
    let other = RecordingBackend::start().await;
    second.serve(&other);
    let endpoint = format!("http://{}", other.address);
    let change = |setup: &mut Setup| {
        let mut logs = BackendSetup::new("logs", endpoint);
        logs.buckets = vec!["logs-*".to_owned()];
        setup.backends.insert(0, logs);
    };
    (app_with(first, change).await, other)
}

fn organization_policy(statements: &str) -> Vec<(String, String)> {
    let text = format!(r#"{{"version": "v1alpha1", "name": "test", "statements": [{statements}]}}"#);
    vec![("test.json".to_owned(), text)]
}

#[tokio::test(flavor = "multi_thread")]
async fn e15_only_buckets_that_the_reader_may_look_into_are_listed() {
    let statements = r#"
        {"name": "list", "effect": "Allow", "actions": ["s3:ListAllMyBuckets"], "resources": ["*"], "principals": ["*"]},
        {"name": "look", "effect": "Allow", "actions": ["s3:ListBucket"], "resources": ["listed"], "principals": ["*"]},
        {"name": "read", "effect": "Allow", "actions": ["s3:GetObject"], "resources": ["read/a/*"], "principals": ["*"]},
        {"name": "manage", "effect": "Allow", "actions": ["s3:PutBucketPolicy"], "resources": ["*"], "principals": ["*"]},
        {"name": "write", "effect": "Allow", "actions": ["s3:PutObject"], "resources": ["written/*"], "principals": ["*"]}"#;
    let stock = BucketStock::of(&["hidden", "listed", "read", "written"]);
    let app = app_with(&stock, |setup| setup.policies = organization_policy(statements)).await;
    assert_eq!(names(&list(&app, "").await), ["listed", "read"]);
    // A bucket whose own policy lets nobody look is not shown either.
    put_policy(&app, "listed", &policy(&statement("Allow", r#""s3:PutObject""#, "listed"))).await;
    assert_eq!(names(&list(&app, "").await), ["read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e15_without_the_action_there_is_no_list_and_no_backend_is_asked() {
    let statements = r#"{"name": "look", "effect": "Allow", "actions": ["s3:ListBucket", "s3:GetObject"],
        "resources": ["*"], "principals": ["*"]}"#;
    let app = app_with(&BucketStock::of(&["bucket"]), |setup| setup.policies = organization_policy(statements)).await;
    app.refuses(&Request::get("/").sign(&app.admin, now()), 403, "AccessDenied").await;
    app.accepts(Request::get("/bucket").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_ours_and_says_nothing_of_the_backend() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    let response = list(&app, "").await;
    assert_eq!(names(&response), ["bucket"]);
    assert_eq!(response.header("content-type"), Some("application/xml"));
    assert_eq!(response.element("ID").as_deref(), Some("ab1cd2"));
    assert_eq!(response.element("DisplayName").as_deref(), Some("ab1cd2"));
    assert_eq!(response.element("CreationDate").as_deref(), Some("2026-01-02T03:04:05.000Z"));
    assert!(!response.text().contains("backend"), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_all_backends_are_one_in_byte_order_and_in_our_own_pages() {
    // Neither the order nor the pages of the backends are those of the list.
    let first = BucketStock::of(&["alpha", "beta", "mike", "zulu", "logs-stray"]).in_pages_of(2);
    let second = BucketStock::of(&["logs-a", "logs-b", "stray"]);
    let (app, _other) = two_backends(&first, &second).await;
    let all = ["alpha", "beta", "logs-a", "logs-b", "mike", "zulu"];
    assert_eq!(names(&list(&app, "").await), all, "a bucket is shown where requests for it go, and only there");
    for size in 1..=7_usize {
        let (mut collected, mut query, mut pages) = (Vec::new(), format!("?max-buckets={size}"), 0);
        loop {
            let response = list(&app, &query).await;
            let page = names(&response);
            assert!((1..=size).contains(&page.len()), "{response:?}");
            collected.extend(page);
            pages += 1;
            let Some(token) = response.element("ContinuationToken") else { break };
            query = format!("?continuation-token={token}&max-buckets={size}");
        }
        assert_eq!((collected, pages), (all.map(str::to_owned).to_vec(), all.len().div_ceil(size)), "{size}");
    }
    assert_eq!(names(&list(&app, "?prefix=logs-").await), ["logs-a", "logs-b"]);
    assert_eq!(names(&list(&app, "?bucket-region=us-east-1").await), all);
    assert_eq!(names(&list(&app, "?bucket-region=eu-backend-1").await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backend_that_does_not_list_means_no_list_at_all() {
    let (first, second) = (BucketStock::of(&["alpha"]), BucketStock::of(&["logs-a"]));
    let (app, other) = two_backends(&first, &second).await;
    let bucket = "<Bucket><Name>logs-a</Name></Bucket>";
    let root = |inner: &str| format!("<ListAllMyBucketsResult>{inner}</ListAllMyBucketsResult>");
    for trouble in [
        Answer::error(503, "SlowDown", "later"),
        Answer::error(500, "InternalError", "later"),
        Answer::of(200, &[], "stored bytes"),
        Answer::of(200, &[], root("")),
        Answer::of(200, &[], root(&format!("<Buckets>{bucket}</Buckets><IsTruncated>true</IsTruncated>"))),
        Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<ListAllMyBuckets").close(),
    ] {
        other.answer_next(trouble);
        let refusal = refused(&app, &app.read, Request::get("/"), 503, "ServiceUnavailable").await;
        assert!(refusal.header("retry-after").is_some(), "{refusal:?}");
    }
    // The fault is in our own credential: waiting does not help.
    other.answer_next(Answer::error(403, "InvalidAccessKeyId", "who?"));
    refused(&app, &app.read, Request::get("/"), 502, "BadGateway").await;
    assert_eq!(names(&list(&app, "").await), ["alpha", "logs-a"]);
    other.go_down().await;
    refused(&app, &app.read, Request::get("/"), 503, "ServiceUnavailable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lists_for_ever_is_given_up() {
    let change = |setup: &mut Setup| setup.limits.push("backend_response_timeout = \"500ms\"".to_owned());
    let app = app_with(&BucketStock::of(&["bucket"]), change).await;
    app.backend.answer_next(Answer::never());
    refused(&app, &app.read, Request::get("/"), 503, "ServiceUnavailable").await;
    let same =
        "<ListAllMyBucketsResult><Buckets/><ContinuationToken>again</ContinuationToken></ListAllMyBucketsResult>";
    app.backend.answer_with(move |_| Answer::of(200, &[], same));
    refused(&app, &app.read, Request::get("/"), 503, "ServiceUnavailable").await;
    let last = app.backend.requests().last().unwrap().target.clone();
    assert!(last.contains("continuation-token=again"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_given_out_is_refused_before_a_backend_is_asked() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    for query in [
        "?max-buckets=0",
        "?max-buckets=10001",
        "?max-buckets=-1",
        "?max-buckets",
        "?continuation-token=bucket",
        "?continuation-token=",
        "?continuation-token=MTouLi9ldGM",
    ] {
        app.refuses(&Request::get(&format!("/{query}")).sign(&app.read, now()), 400, "InvalidArgument").await;
    }
    app.refuses(&Request::get("/?marker=a").sign(&app.read, now()), 501, "NotImplemented").await;
    assert_eq!(names(&list(&app, "?max-buckets=10000").await), ["bucket"]);
    assert_eq!(asked(&app).len(), 1);
}
