//! A key that ends while a transfer runs: the transfer may go on for `limits.after_expiry`, not longer.

use jiff::SignedDuration;
use portcullis::identity::Permission;

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::wire::End;

async fn ending_soon(after_expiry: &str) -> TestApp {
    let after_expiry = format!("after_expiry = \"{after_expiry}\"");
    TestApp::with(|setup| setup.limits = vec![after_expiry]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_outlives_its_key_for_a_while_and_is_cut_then() {
    for (after_expiry, end) in [("100ms", End::CutShort), ("1h", End::Whole)] {
        let app = ending_soon(after_expiry).await;
        let key = app.new_key(Permission::Read, Some(now() + SignedDuration::from_secs(1))).await;
        let gate = Gate::closed();
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
        app.backend.answer_next(Answer::in_order().write(head).wait(&gate).write("67890"));
        let mut download = app.connect().await;
        download.send(Request::get("/bucket/key").sign(&key, now()).bytes()).await;
        if end == End::Whole {
            app.backend.wait_for_requests(1).await;
            app.clock.advance(SignedDuration::from_mins(5));
            gate.open();
        }
        assert_eq!(download.response("GET").await.end, end, "{after_expiry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_cut_with_its_key_and_commits_nothing() {
    let app = ending_soon("100ms").await;
    let key = app.new_key(Permission::Write, Some(now() + SignedDuration::from_secs(1))).await;
    let put = Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&key, now());
    let bytes = put.bytes();
    let mut upload = app.connect().await;
    upload.send(&bytes[..bytes.len() / 2]).await;
    let response = upload.response("PUT").await;
    app.is_refusal(&put, &response, 400, "ExpiredToken");
    app.nothing_could_commit().await;
}
