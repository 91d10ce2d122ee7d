//! `DeleteObjects`, judged key by key.

use crate::rules::{add_policy, all_of, allow, app_under, deny, guard, if_so};
use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;
use crate::support::wire::Response;

fn batch(objects: &str) -> Request {
    Request::post("/bucket?delete").body(format!("<Delete>{objects}</Delete>"))
}

fn object(key: &str) -> String {
    format!("<Object><Key>{key}</Key></Object>")
}

/// Lets the backend say of every batch that `known` was deleted.
fn obey(app: &TestApp) {
    let result = "<?xml version=\"1.0\"?><DeleteResult><Deleted><Key>known</Key></Deleted></DeleteResult>";
    app.backend.answer_with(move |_| Answer::of(200, &[("content-type", "application/xml")], result));
}

async fn send(app: &TestApp, request: Request) -> Response {
    app.send(&request.sign(&app.admin, now())).await
}

/// How many keys reached the backend, and how many an answer says are denied.
async fn outcome(app: &TestApp, response: &Response) -> (usize, usize) {
    assert_eq!(response.status, 200, "{response:?}");
    let denied = "<Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let denied = response.text().matches(denied).count();
    if !response.text().contains("<Deleted><Key>known</Key></Deleted>") {
        app.nothing_reached().await;
        return (0, denied);
    }
    let sent = app.reached_once().await;
    (String::from_utf8(sent.body).unwrap().matches("<Object>").count(), denied)
}

#[tokio::test(flavor = "multi_thread")]
async fn e07_each_of_a_thousand_keys_is_judged_and_the_allowed_ones_go() {
    let app =
        app_under(&[allow(&["s3:DeleteObject"], &["bucket/mine/*"]), deny(&["s3:*"], &["bucket/mine/no*"])]).await;
    obey(&app);
    let all: String = (0..500).map(|n| object(&format!("theirs/{n}")) + &object(&format!("mine/{n}"))).collect();
    let response = send(&app, batch(&all)).await;
    assert_eq!(outcome(&app, &response).await, (500, 500));
    let sent = app.last_accepted();
    assert!(!sent.mentions("theirs/"), "nothing denied reaches the backend");
    assert!(response.text().contains("<Error><Key>theirs/499</Key><Code>AccessDenied</Code>"), "{response:?}");
    for n in [0, 250, 499] {
        assert!(sent.mentions(&format!("<Key>mine/{n}</Key>")));
    }
    let response = send(&app, batch(&(object("mine/no") + &object("mine/yes")))).await;
    assert_eq!(outcome(&app, &response).await, (1, 1), "what stands behind a denied key is judged");
    assert!(!app.last_accepted().mentions("mine/no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e07_a_batch_without_an_allowed_key_goes_nowhere() {
    let app = app_under(&[allow(&["s3:DeleteObject"], &["bucket/mine/*"])]).await;
    obey(&app);
    let response = send(&app, batch(&(object("a") + &object("b")))).await;
    assert_eq!(outcome(&app, &response).await, (0, 2));
    assert_eq!(response.header("content-type"), Some("application/xml"));
    app.nothing_reached().await;
    // What is denied is told also to who wants to hear of failures only.
    let quiet = send(&app, batch(&format!("<Quiet>true</Quiet>{}", object("a")))).await;
    assert_eq!(outcome(&app, &quiet).await, (0, 1));
    app.nothing_reached().await;
    assert_eq!(outcome(&app, &send(&app, batch(&object("mine/a"))).await).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn e08_versions_are_judged_apart_and_the_list_that_is_judged_is_the_list_that_is_sent() {
    let app = app_under(&[allow(&["s3:DeleteObject"], &["bucket/*"]), deny(&["s3:*"], &["bucket/a&b"])]).await;
    obey(&app);
    let version = "<Object><Key>k</Key><VersionId>v1</VersionId></Object>";
    let response = send(&app, batch(&(version.to_owned() + &object("k") + &object("k")))).await;
    assert_eq!(outcome(&app, &response).await, (2, 1));
    assert!(response.text().contains("<Key>k</Key><VersionId>v1</VersionId><Code>AccessDenied"), "{response:?}");
    assert!(!app.last_accepted().mentions("v1"));
    for spelling in ["a&amp;b", "a&#38;b", "<![CDATA[a&b]]>", "a<!-- -->&#x26;b"] {
        assert_eq!(outcome(&app, &send(&app, batch(&object(spelling))).await).await, (0, 1), "{spelling}");
        app.nothing_reached().await;
    }
    // Another key, because white space counts.
    assert_eq!(outcome(&app, &send(&app, batch(&object(" a&amp;b"))).await).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn e09_a_malformed_batch_is_refused_whole() {
    let app = app_under(&[allow(&["s3:DeleteObject"], &["bucket/*"])]).await;
    let many = object("k").repeat(1001);
    for document in [
        format!("<Delete>{many}</Delete>"),
        format!("<!DOCTYPE a><Delete>{}</Delete>", object("k")),
        format!("<Delete>{}</Delete><Delete/>", object("k")),
        "<Delete><Object><Key>k</Key><Other/></Object></Delete>".to_owned(),
    ] {
        let request = Request::post("/bucket?delete").body(document).sign(&app.admin, now());
        app.refuses(&request, 400, "MalformedXML").await;
    }
    let wrong = batch(&object("k")).header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==");
    app.refuses(&wrong.sign(&app.admin, now()), 400, "BadDigest").await;
    obey(&app);
    assert_eq!(outcome(&app, &send(&app, batch(&object("k"))).await).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn e10_governance_is_bypassed_only_where_it_may_be() {
    let app = app_under(&[
        allow(&["s3:DeleteObject"], &["bucket/*"]),
        allow(&["s3:BypassGovernanceRetention"], &["bucket/draft/*"]),
    ])
    .await;
    obey(&app);
    let bypass = |request: Request| request.header("x-amz-bypass-governance-retention", "true");
    let single = |key: &str| bypass(Request::delete(&format!("/bucket/{key}"))).sign(&app.admin, now());
    app.refuses(&single("final/a"), 403, "AccessDenied").await;
    app.accepts(single("draft/a")).await;
    let both = object("final/a") + &object("draft/a");
    assert_eq!(outcome(&app, &send(&app, bypass(batch(&both))).await).await, (1, 1));
    assert!(!app.last_accepted().mentions("final/a"));
    assert_eq!(outcome(&app, &send(&app, batch(&both)).await).await, (2, 0), "without the header nothing is bypassed");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_has_its_own_version_and_tag_in_conditions() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let other = r#"{"StringNotEquals": {"s3:VersionId": "v1"}}"#;
    guard(&app, "bucket", &[all_of("bucket"), if_so("Deny", "s3:DeleteObjectVersion", "bucket", other)]).await;
    obey(&app);
    let version = |id: &str| format!("<Object><Key>k</Key><VersionId>{id}</VersionId></Object>");
    assert_eq!(outcome(&app, &send(&app, batch(&(version("v1") + &version("v2")))).await).await, (1, 1));
    assert!(!app.last_accepted().mentions("v2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_of_the_whole_batch_is_none_of_its_objects() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let blind = r#"{"Null": {"s3:if-match": "true"}}"#;
    guard(&app, "bucket", &[all_of("bucket"), if_so("Deny", "s3:DeleteObject", "bucket", blind)]).await;
    obey(&app);
    let tagged = "<Object><Key>b</Key><ETag>\"e\"</ETag></Object>";
    let both = batch(&(object("a") + tagged));
    assert_eq!(outcome(&app, &send(&app, both.clone()).await).await, (1, 1));
    // No backend compares the objects of a batch with a header.
    assert_eq!(outcome(&app, &send(&app, both.header("If-Match", "\"e\"")).await).await, (1, 1));
    assert!(!app.last_accepted().mentions("<Key>a</Key>"));
    assert_eq!(app.last_accepted().header("if-match"), None, "nor is one tempted to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_judged_by_what_is_in_force_when_it_is_there() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    obey(&app);
    let request = batch(&(object("a") + &object("b"))).header("Expect", "100-continue").sign(&app.admin, now());
    let mut slow = app.connect().await;
    slow.send(request.head_bytes()).await;
    assert!(slow.peek(12).await.starts_with(b"HTTP/1.1 100"), "its body is awaited");
    add_policy(&app, &[deny(&["s3:*"], &["bucket/a"])]).await;
    slow.send(&request.body).await;
    assert_eq!(outcome(&app, &slow.response("POST").await).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_backend_stay_and_lose_its_words() {
    let app = app_under(&[allow(&["s3:DeleteObject", "s3:ListBucket"], &["bucket", "bucket/*"])]).await;
    let result = "<DeleteResult><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted><Error><Key>b</Key>\
        <Code>InternalError</Code><Message>node 10.0.0.7 is down</Message></Error></DeleteResult>";
    app.backend.answer_next(Answer::of(200, &[("content-type", "application/xml")], result));
    let response = send(&app, batch(&(object("a") + &object("b")))).await;
    app.reached_once().await;
    let text = response.text();
    assert!(text.contains("<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted>"), "{text}");
    assert!(text.contains("<Error><Key>b</Key><Code>InternalError</Code><Message>"), "{text}");
    assert!(!text.contains("10.0.0.7"), "{text}");
    app.backend.answer_next(Answer::of(200, &[], "no document"));
    assert_eq!(send(&app, batch(&object("a"))).await.status, 502);
    app.reached_once().await;
}
