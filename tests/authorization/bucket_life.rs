//! What is kept about a bucket lives and dies with it.

use crate::bucket_stock::{BucketStock, app_with, asked, policy, put_policy, refused, send, statement};
use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;

/// Objects may not be read; all else may be done.
fn no_reading() -> String {
    policy(&format!(
        "{}, {}",
        statement("Allow", r#""s3:*""#, "bucket"),
        statement("Deny", r#""s3:GetObject""#, "bucket")
    ))
}

fn is_kept(app: &TestApp) -> bool {
    app.running().authority.in_force().unwrap().bucket("bucket").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_goes_with_its_bucket() {
    let stock = BucketStock::of(&["bucket"]);
    let app = app_with(&stock, |_| {}).await;
    put_policy(&app, "bucket", &no_reading()).await;
    refused(&app, &app.admin, Request::get("/bucket/key"), 403, "AccessDenied").await;
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket")).await.status, 204);
    assert!(!stock.has("bucket") && !is_kept(&app));
    assert_eq!(send(&app, &app.admin, Request::put("/bucket")).await.status, 200);
    assert_eq!(send(&app, &app.admin, Request::get("/bucket/key")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_stays_while_its_bucket_cannot_be_deleted() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    put_policy(&app, "bucket", &no_reading()).await;
    for (status, code, shown) in
        [(409, "BucketNotEmpty", 409), (404, "NoSuchBucket", 404), (503, "SlowDown", 503), (500, "InternalError", 500)]
    {
        app.backend.answer_next(Answer::error(status, code, "no"));
        let response = send(&app, &app.admin, Request::delete("/bucket")).await;
        assert_eq!(response.status, shown, "{response:?}");
        assert!(is_kept(&app), "{code}");
    }
    app.backend.answer_next(Answer::in_order().reset());
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket")).await.status, 502);
    refused(&app, &app.admin, Request::get("/bucket/key"), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_a_bucket_that_exists_leaves_it_its_policy() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    put_policy(&app, "bucket", &no_reading()).await;
    assert_eq!(send(&app, &app.admin, Request::put("/bucket")).await.status, 200, "as in us-east-1");
    assert!(is_kept(&app));
    refused(&app, &app.admin, Request::get("/bucket/key"), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leftover_policy_is_cleared_before_the_bucket_is_made() {
    let stock = BucketStock::of(&["bucket"]);
    let app = app_with(&stock, |_| {}).await;
    // Even one that denies everything does not lock the name.
    put_policy(&app, "bucket", &policy(&statement("Deny", r#""s3:*""#, "bucket"))).await;
    stock.remove("bucket");
    assert_eq!(send(&app, &app.admin, Request::put("/bucket")).await.status, 200);
    assert!(stock.has("bucket") && !is_kept(&app));
    assert_eq!(asked(&app)[1..], ["HEAD /bucket", "PUT /bucket"]);
    assert_eq!(send(&app, &app.admin, Request::get("/bucket/key")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bucket_is_made_under_a_leftover_that_cannot_be_judged() {
    let stock = BucketStock::of(&["bucket"]);
    let app = app_with(&stock, |_| {}).await;
    put_policy(&app, "bucket", &no_reading()).await;
    stock.remove("bucket");
    for status in [403, 500] {
        app.backend.answer_next(Answer::of(status, &[], ""));
        refused(&app, &app.admin, Request::put("/bucket"), 502, "BadGateway").await;
    }
    assert!(is_kept(&app) && !stock.has("bucket"));
    assert_eq!(asked(&app)[1..], ["HEAD /bucket", "HEAD /bucket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_is_not_asked_about_a_bucket_of_which_nothing_is_kept() {
    let app = app_with(&BucketStock::of(&[]), |_| {}).await;
    assert_eq!(send(&app, &app.admin, Request::put("/bucket")).await.status, 200);
    assert_eq!(asked(&app), ["PUT /bucket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_keeps_a_bucket_from_others_with_a_body_that_does_not_come() {
    let app = app_with(&BucketStock::of(&["bucket"]), |_| {}).await;
    put_policy(&app, "bucket", &no_reading()).await;
    let request = Request::put("/bucket").body("<CreateBucketConfiguration/>").header("Expect", "100-continue");
    let request = request.sign(&app.admin, now());
    let mut slow = app.connect().await;
    slow.send(request.head_bytes()).await;
    assert!(slow.peek(12).await.starts_with(b"HTTP/1.1 100"), "its body is awaited");
    put_policy(&app, "bucket", &no_reading()).await;
    slow.send(&request.body).await;
    assert_eq!(slow.response("PUT").await.status, 200);
    assert!(is_kept(&app));
}
