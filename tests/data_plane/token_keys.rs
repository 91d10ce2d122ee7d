//! Keys that an API token made: they work at once, and what narrows or ends the token reaches them at
//! the next request.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::SignedDuration;
use portcullis::identity::Permission;
use portcullis::keys::{KeyLife, KeysOfToken};

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::sign::TestKey;

async fn start() -> TestApp {
    with_ceiling("admin").await
}

async fn with_ceiling(permission: &str) -> TestApp {
    TestApp::with(|setup| setup.identities.push(("coreweave/".into(), permission.into()))).await
}

fn get(key: &TestKey) -> Request {
    Request::get("/bucket/key").sign(key, now())
}

fn put(key: &TestKey) -> Request {
    Request::put("/bucket/key").body("body").sign(key, now())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_read_only_token_reads_and_never_uploads() {
    let app = start().await;
    let reader = app.key_of(&app.new_holder(Permission::Read, None).await, KeyLife::Permanent).await;
    let writer = app.key_of(&app.new_holder(Permission::Write, None).await, KeyLife::Permanent).await;
    app.accepts(get(&reader)).await;
    let refusal = app.refuses(&put(&reader), 403, "AccessDenied").await;
    assert!(refusal.text().contains("\"read\"") || refusal.text().contains("&quot;read&quot;"), "{refusal:?}");
    app.accepts(put(&writer)).await;
    app.refuses(&Request::put("/bucket?acl").sign(&writer, now()), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceiling_of_tokens_narrows_their_keys() {
    let app = with_ceiling("read").await;
    let key = app.key_of(&app.new_holder(Permission::Admin, None).await, KeyLife::Permanent).await;
    app.accepts(get(&key)).await;
    app.refuses(&put(&key), 403, "AccessDenied").await;

    // Without an entry for tokens, nothing.
    let app = TestApp::start().await;
    let key = app.key_of(&app.new_holder(Permission::Admin, None).await, KeyLife::Permanent).await;
    app.refuses(&get(&key), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j07_a_narrowed_token_narrows_its_keys_at_the_next_request() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, None).await;
    let key = app.key_of(&holder, KeyLife::Permanent).await;
    // The same connection throughout, kept alive.
    let mut connection = app.connect().await;
    for (permission, may_upload) in [
        (Permission::Write, true),
        (Permission::Read, false),
        (Permission::Admin, true),
        (Permission::Read, false),
        (Permission::Write, true),
    ] {
        app.set_permission(&holder, permission).await;
        let response = connection.exchange(&put(&key)).await;
        if may_upload {
            assert_eq!(response.status, 200, "{permission}: {response:?}");
            app.reached_once().await;
        } else {
            app.is_refusal(&put(&key), &response, 403, "AccessDenied");
            app.nothing_reached().await;
        }
        // A wider token never makes a key wider than it was made.
        app.refuses(&Request::put("/bucket?acl").sign(&key, now()), 403, "AccessDenied").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j01_a_revoked_token_ends_its_keys_its_sessions_and_their_urls() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, None).await;
    let key = app.key_of(&holder, KeyLife::Permanent).await;
    let (session, token) = app.session_of(&holder).await;
    let bystander = app.key_of(&app.new_holder(Permission::Write, None).await, KeyLife::Permanent).await;
    let requests = [
        get(&key),
        put(&key),
        Request::get("/bucket/key").presign(&key, now(), Duration::from_hours(1)),
        Request::get("/bucket/key").header("x-amz-security-token", &token).sign(&session, now()),
        Request::get(&format!("/bucket/key?X-Amz-Security-Token={token}")).presign(
            &session,
            now(),
            Duration::from_hours(1),
        ),
    ];
    for request in &requests {
        app.accepts(request.clone()).await;
    }
    app.revoke_token(&holder, KeysOfToken::Revoke).await;
    let of_unknown = app.refuses(&get(&TestKey::nobodys()), 403, "InvalidAccessKeyId").await;
    for request in &requests {
        let refusal = app.refuses(request, 403, "InvalidAccessKeyId").await;
        assert_eq!(refusal.element("Message"), of_unknown.element("Message"), "like a key that never was");
    }
    app.accepts(get(&bystander)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_with_its_keys_kept_leaves_them_alone() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, None).await;
    let key = app.key_of(&holder, KeyLife::Permanent).await;
    app.revoke_token(&holder, KeysOfToken::Keep).await;
    app.accepts(put(&key)).await;
    app.revoke_token(&holder, KeysOfToken::Revoke).await;
    app.refuses(&put(&key), 403, "InvalidAccessKeyId").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_merely_ends_leaves_its_keys_alone() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, Some(now() + SignedDuration::from_secs(60))).await;
    let key = app.key_of(&holder, KeyLife::Permanent).await;
    let later = now() + SignedDuration::from_hours(24);
    app.clock.set(later);
    app.accepts(Request::put("/bucket/key").body("body").sign(&key, later)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_holder_rests_with_all_keys_and_sessions() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, None).await;
    let keys = [app.key_of(&holder, KeyLife::Permanent).await, app.key_of(&holder, KeyLife::Permanent).await];
    app.suspend(&keys[0]).await;
    for key in &keys {
        app.refuses(&get(key), 403, "InvalidAccessKeyId").await;
    }
    app.resume(&keys[1]).await;
    for key in &keys {
        app.accepts(get(key)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn j06_an_upload_in_parts_is_not_completed_with_a_key_that_ended() {
    let app = start().await;
    let holder = app.new_holder(Permission::Write, None).await;
    let key = app.key_of(&holder, KeyLife::Seconds(NonZeroU32::new(60).expect("it is not zero"))).await;
    app.accepts(Request::post("/bucket/key?uploads").sign(&key, now())).await;
    app.accepts(Request::put("/bucket/key?partNumber=1&uploadId=u").body("part").sign(&key, now())).await;
    let later = now() + SignedDuration::from_secs(60);
    app.clock.set(later);
    let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag></Part>\
                 </CompleteMultipartUpload>";
    let complete = Request::post("/bucket/key?uploadId=u").body(parts);
    app.refuses(&complete.sign(&key, later), 400, "ExpiredToken").await;
    // A fresh key of the same holder may abort it.
    let fresh = app.key_of(&holder, KeyLife::Permanent).await;
    app.accepts(Request::delete("/bucket/key?uploadId=u").sign(&fresh, later)).await;
}
