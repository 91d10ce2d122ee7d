//! Refusals that are given before the body was read.

use crate::smuggled::{HIDDEN, hidden};
use crate::support::app::{TestApp, now};
use crate::support::request::Request;

/// Uploads that are refused at their heads, each with a whole request inside its body.
fn refused(app: &TestApp) -> Vec<Request> {
    let wrong = app.write.with_wrong_secret();
    let upload = |length: usize| {
        let mut body = vec![b'x'; length];
        body.extend(hidden(app));
        body.extend(vec![b'x'; length]);
        body
    };
    let with_length = |length| Request::put("/bucket/key").body(upload(length)).unsigned_payload().sign(&wrong, now());
    let in_chunks = |length, size| {
        let request = Request::put("/bucket/key").unsigned_payload().sign(&wrong, now());
        request.tamper(|request| request.body = upload(length)).in_http_chunks(size)
    };
    // Chunks that end just before the hidden request, too.
    vec![
        with_length(0),
        with_length(1 << 20),
        in_chunks(0, 10_000),
        in_chunks(1 << 20, 1 << 20),
        in_chunks(1 << 16, 1 << 16),
    ]
}

async fn nothing_hidden_is_served(app: &TestApp) {
    for request in refused(app) {
        // All at once, and another request behind it.
        let mut connection = app.connect().await;
        let bytes = [request.bytes(), Request::get("/bucket/next").sign(&app.read, now()).bytes()].concat();
        let response = connection.try_exchange(&bytes, "PUT").await.unwrap();
        app.is_refusal(&request, &response, 403, "SignatureDoesNotMatch");
        // The next is served if the body was drained, and not if the connection was closed.
        if let Ok(next) = connection.try_response("GET").await {
            assert_eq!(next.status, 200, "{next:?}");
            assert_eq!(app.reached_once().await.target, "/bucket/next");
        }
        app.nothing_reached().await;

        // The body only once the refusal is there.
        let mut connection = app.connect().await;
        connection.send(request.head_bytes()).await;
        let response = connection.response("PUT").await;
        app.is_refusal(&request, &response, 403, "SignatureDoesNotMatch");
        connection.send_in_pieces(&request.body, 1 << 14).await;
        assert!(connection.is_closed().await, "nothing in the body is answered");
        app.nothing_reached().await;
    }
    assert!(app.backend.requests().iter().all(|request| request.target != HIDDEN));
    app.accepts(Request::get(HIDDEN).sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_a_request_in_the_body_of_a_refused_one_is_never_served() {
    nothing_hidden_is_served(&TestApp::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_a_request_in_the_body_of_a_refused_one_is_never_served_over_tls() {
    nothing_hidden_is_served(&TestApp::with(|setup| setup.tls = true).await).await;
}
