//! A key that is revoked while a transfer runs: the transfer is cut, and an upload commits nothing.

use portcullis::identity::{AccessKeyId, Permission};

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::support::wire::End;

async fn revoke(app: &TestApp, key: &TestKey) {
    let id = AccessKeyId::parse(&key.id).expect("an id");
    app.running().keys.revoke(&id).await.expect("the store works").expect("there is such a key");
}

/// Half an object of ten bytes, and the rest when the gate is open.
fn in_halves(gate: &Gate) -> Answer {
    Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345").wait(gate).write("67890")
}

#[tokio::test(flavor = "multi_thread")]
async fn j05_a_download_is_cut_when_its_key_is_revoked_and_another_is_not() {
    let app = TestApp::start().await;
    let (revoked, other) = (app.new_key(Permission::Read, None).await, app.new_key(Permission::Read, None).await);
    let gate = Gate::closed();
    let mut downloads = Vec::new();
    for (number, key) in [&revoked, &other].into_iter().enumerate() {
        app.backend.answer_next(in_halves(&gate));
        let mut download = app.connect().await;
        download.send(Request::get("/bucket/key").sign(key, now()).bytes()).await;
        app.backend.wait_for_requests(number + 1).await;
        downloads.push(download);
    }
    revoke(&app, &revoked).await;
    // Cut although the backend says nothing more.
    assert_eq!(downloads[0].response("GET").await.end, End::CutShort);
    gate.open();
    assert_eq!(downloads[1].response("GET").await.end, End::Whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn j05_an_upload_is_refused_when_its_key_is_revoked_and_commits_nothing() {
    let app = TestApp::start().await;
    let key = app.new_key(Permission::Write, None).await;
    let put = Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&key, now());
    let bytes = put.bytes();
    let mut upload = app.connect().await;
    upload.send(&bytes[..bytes.len() / 2]).await;
    app.backend.wait_for_requests(1).await;
    revoke(&app, &key).await;
    let response = upload.response("PUT").await;
    app.is_refusal(&put, &response, 403, "InvalidAccessKeyId");
    app.nothing_could_commit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j05_a_transfer_is_cut_when_its_principal_is_suspended() {
    let app = TestApp::start().await;
    let key = app.new_key(Permission::Read, None).await;
    let gate = Gate::closed();
    app.backend.answer_next(in_halves(&gate));
    let mut download = app.connect().await;
    download.send(Request::get("/bucket/key").sign(&key, now()).bytes()).await;
    app.backend.wait_for_requests(1).await;
    app.running().keys.suspend(&AccessKeyId::parse(&key.id).unwrap()).await.unwrap();
    assert_eq!(download.response("GET").await.end, End::CutShort);
    gate.open();
}

/// A backend that never pauses gives no moment to wait in.
#[tokio::test(flavor = "multi_thread")]
async fn j05_a_download_that_never_pauses_is_cut_as_well() {
    let app = TestApp::start().await;
    let key = app.new_key(Permission::Read, None).await;
    let length = 1_u64 << 40;
    let answer = Answer::in_order()
        .write(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"))
        .write_for_ever(vec![b'x'; 1 << 16]);
    app.backend.answer_next(answer);
    let mut download = app.connect().await;
    download.send(Request::get("/bucket/key").sign(&key, now()).bytes()).await;
    app.backend.wait_for_requests(1).await;
    revoke(&app, &key).await;
    assert_eq!(download.response("GET").await.end, End::CutShort);
}
