//! Presigned URLs carry the rights that their signer has now, on object routes of the data plane only.

use std::time::Duration;

use jiff::SignedDuration;
use portcullis::identity::Permission;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_url_ends_with_the_key_that_signed_it() {
    let app = TestApp::start().await;
    let key = app.new_key(Permission::Write, Some(now() + SignedDuration::from_mins(10))).await;
    let get = Request::get("/bucket/key").presign(&key, now(), DAY);
    let put = Request::put("/bucket/key").presign(&key, now(), DAY).body("body");
    app.accepts(get.clone()).await;
    app.clock.set(now() + SignedDuration::from_secs(599));
    app.accepts(put.clone()).await;
    for seconds in [600, 601, 3600] {
        app.clock.set(now() + SignedDuration::from_secs(seconds));
        app.refuses(&get, 400, "ExpiredToken").await;
        app.refuses(&put, 400, "ExpiredToken").await;
        // Only who proves to hold the key is told that it has lapsed.
        let forged = Request::get("/bucket/key").presign(&key.with_wrong_secret(), now(), DAY);
        app.refuses(&forged, 403, "SignatureDoesNotMatch").await;
    }
    app.accepts(Request::get("/bucket/key").presign(&app.read, now(), DAY)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_a_url_ends_when_its_key_is_revoked_or_suspended() {
    let app = TestApp::start().await;
    let revoked = app.new_key(Permission::Write, None).await;
    let suspended = app.new_key(Permission::Write, None).await;
    let url = |key| Request::get("/bucket/key").presign(key, now(), DAY);
    app.accepts(url(&revoked)).await;
    app.accepts(url(&suspended)).await;
    app.revoke(&revoked).await;
    app.suspend(&suspended).await;
    app.refuses(&url(&revoked), 403, "InvalidAccessKeyId").await;
    app.refuses(&url(&suspended), 403, "InvalidAccessKeyId").await;
    // The suspension, too, is told only to who holds the key.
    let forger = suspended.with_wrong_secret();
    app.refuses(&url(&forger), 403, "SignatureDoesNotMatch").await;
    app.resume(&suspended).await;
    app.accepts(url(&suspended)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_a_url_opens_no_other_plane() {
    let app = TestApp::start().await;
    // On this listener there is nothing but S3: such a path is a bucket like any other, with a name
    // that no bucket can have.
    for target in ["/v1/cwobject/access-key", "/v1/admin/keys", "/_internal", "/-/metrics"] {
        let url = Request::get(target).presign(&app.admin, now(), DAY);
        let response = app.send(&url).await;
        assert!((400..500).contains(&response.status), "{response:?}");
        app.nothing_reached().await;
    }
    // A name that a bucket could have is a bucket, at the backend.
    app.accepts(Request::get("/metrics/key").presign(&app.admin, now(), DAY)).await;
    assert_eq!(app.backend.only_request().target, "/metrics/key");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_other_methods_of_a_url_go_nowhere() {
    let app = TestApp::start().await;
    let url = Request::get("/bucket/key").presign(&app.admin, now(), DAY);
    for method in ["TRACE", "CONNECT"] {
        let request = url.clone().method(method);
        let Ok(response) = app.connect().await.try_exchange(&request.bytes(), method).await else {
            continue;
        };
        assert!(matches!(response.status, 400 | 405), "{method}: {response:?}");
        app.nothing_reached().await;
    }
    for method in ["OPTIONS", "PATCH", "PROPFIND", "get"] {
        let request = url.clone().method(method);
        let response = app.send(&request).await;
        assert!(matches!(response.status, 400 | 403 | 405 | 501), "{method}: {response:?}");
        app.nothing_reached().await;
    }
    // A URL that was signed for the method helps no more.
    for method in ["TRACE", "OPTIONS", "PATCH"] {
        let request = Request::new(method, "/bucket/key").presign(&app.admin, now(), DAY);
        let response = app.send(&request).await;
        assert!(matches!(response.status, 400 | 403 | 405 | 501), "{method}: {response:?}");
        app.nothing_reached().await;
    }
    app.accepts(url).await;
}
