//! Bodies that stop coming, answers that nobody takes, and memory that stays small meanwhile.

use std::time::{Duration, Instant};

use portcullis::identity::Permission;

use crate::support::app::{TestApp, now};
use crate::support::form::{BOUNDARY, Form, part};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_coming_is_a_request_timeout() {
    let app = TestApp::with(|setup| setup.limits = vec!["body_idle_timeout = \"1s\"".into()]).await;
    for request in [
        Request::put("/bucket/key").body(vec![b'x'; 1 << 20]),
        Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).unsigned_payload(),
        Request::put("/bucket/key").body("short"),
        Request::put("/bucket/key").check_body_with_crc32(),
    ] {
        let signed = request.sign(&app.write, now());
        let bytes = signed.bytes();
        let mut connection = app.connect().await;
        connection.send(&bytes[..bytes.len() - 2]).await;
        let begun = Instant::now();
        let response = connection.response("PUT").await;
        assert!(
            (Duration::from_millis(900)..Duration::from_secs(10)).contains(&begun.elapsed()),
            "{:?}",
            begun.elapsed()
        );
        app.is_refusal(&signed, &response, 400, "RequestTimeout");
        app.nothing_could_commit().await;
        assert!(connection.is_closed().await);
    }
    app.accepts(Request::put("/bucket/key").body("body").sign(&app.write, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_but_steady_body_is_taken() {
    let app = TestApp::with(|setup| setup.limits = vec!["body_idle_timeout = \"1s\"".into()]).await;
    let signed = Request::put("/bucket/key").body("123456").sign(&app.write, now());
    let mut connection = app.connect().await;
    connection.send(signed.head_bytes()).await;
    for byte in &signed.body {
        // Longer in all than the limit, but never that long between two bytes.
        tokio::time::sleep(Duration::from_millis(300)).await;
        connection.send([*byte]).await;
    }
    assert_eq!(connection.response("PUT").await.status, 200);
    assert_eq!(app.reached_once().await.body, b"123456");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_behind_a_refused_upload_are_never_a_request() {
    let app = TestApp::start().await;
    let hidden = Request::get("/bucket/hidden").sign(&app.read, now()).bytes();
    // Refused before its body is read, with a whole request inside that body.
    let refused =
        Request::put("/bucket/key").body(hidden).unsigned_payload().sign(&app.write.with_wrong_secret(), now());
    let mut connection = app.connect().await;
    let response = connection.exchange(&refused).await;
    app.is_refusal(&refused, &response, 403, "SignatureDoesNotMatch");
    let next = connection.try_exchange(&Request::get("/bucket/key").sign(&app.read, now()).bytes(), "GET").await;
    if let Ok(next) = next {
        assert_eq!(next.status, 200);
        assert_eq!(app.reached_once().await.target, "/bucket/key");
    } else {
        app.nothing_reached().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_behind_a_refusal_does_not_hold_the_connection_open() {
    let app = TestApp::start().await;
    let refused = Request::put("/bucket/key").body(vec![b'x'; 32 << 20]).sign(&app.read, now());
    let begun = Instant::now();
    let response = app.send(&refused).await;
    app.is_refusal(&refused, &response, 403, "AccessDenied");
    assert!(begun.elapsed() < Duration::from_secs(10));
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_chunks_draw_on_the_memory_for_held_bodies() {
    // The least there may be: sixteen chunks of the largest size, of which one identity may hold eight.
    let app = TestApp::with(|setup| setup.limits.push("max_buffered_bytes = \"16MiB\"".into())).await;
    let body = vec![b'x'; 1 << 20];
    let upload = Request::put("/bucket/key").in_signed_chunks(&body, body.len(), &[], &app.write, now());
    let mut waiting = Vec::new();
    let begun = Instant::now();
    let refusal = loop {
        // One more that holds a chunk, if there is room for it.
        let mut connection = app.connect().await;
        connection.send(upload.request().head_bytes()).await;
        connection.send(&upload.chunks[0][..100]).await;
        waiting.push(connection);
        let response = app.send(&upload.request()).await;
        if response.status != 200 {
            break response;
        }
        assert!(begun.elapsed().as_secs() < 30, "eight chunks are held, and there is still room");
    };
    assert!(waiting.len() >= 7, "{} held chunks do not fill the memory", waiting.len());
    app.is_refusal(&upload.request(), &refusal, 503, "SlowDown");
    assert_eq!(refusal.header("retry-after"), Some("1"));
    // Others are not held up, and a form that cannot be held streams.
    let other = app.new_key(Permission::Write, None).await;
    let theirs = Request::put("/bucket/key").in_signed_chunks(&body, body.len(), &[], &other, now());
    assert_eq!(app.send(&theirs.request()).await.status, 200);
    let form = Form::new("bucket", "a").file(body.clone()).sign(&app.write, now());
    assert_eq!(app.send(&form.request()).await.status, 204);
    assert_eq!(app.last_accepted().target, "/bucket/a");
    assert!(app.last_accepted().body == body);
    let after = [part("acl", "private"), format!("\r\n--{BOUNDARY}--\r\n").into_bytes()].concat();
    let form = form.with(|form| form.ending = after).request();
    app.is_refusal(&form, &app.send(&form).await, 400, "InvalidArgument");
    drop(waiting);
    while app.send(&upload.request()).await.status != 200 {
        assert!(begun.elapsed().as_secs() < 60, "nothing is held any more, and there is still no room");
    }
}
