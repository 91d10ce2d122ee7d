//! Stopping: no new work, running transfers to their end, and no longer than the grace period.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate, RecordedRequest};
use crate::support::request::Request;
use crate::support::wire::End;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_download_and_a_running_upload_finish() {
    let mut app = TestApp::start().await;
    let gate = Gate::closed();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    app.backend.answer_next(Answer::in_order().write(head).wait(&gate).write("67890"));
    let mut download = app.connect().await;
    download.send(Request::get("/bucket/key").sign(&app.read, now()).bytes()).await;
    app.backend.wait_for_requests(1).await;

    let put = Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&app.write, now());
    let bytes = put.bytes();
    let mut upload = app.connect().await;
    upload.send(&bytes[..bytes.len() / 2]).await;
    app.backend.wait_for_requests(2).await;

    let running = app.running.take().expect("the app runs");
    let stopping = tokio::spawn(async move {
        running.shutdown().await;
    });
    // No new connection is served from here on.
    let refused = async {
        loop {
            let Ok(stream) = tokio::net::TcpStream::connect(app.address).await else { return };
            drop(stream);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.expect("the listener closes");
    assert!(!stopping.is_finished(), "two transfers are still running");

    gate.open();
    upload.send(&bytes[bytes.len() / 2..]).await;
    assert_eq!(upload.response("PUT").await.status, 200);
    let response = download.response("GET").await;
    assert_eq!((response.body.as_slice(), response.end), (&b"1234567890"[..], End::Whole));
    tokio::time::timeout(Duration::from_secs(10), stopping).await.expect("it stops").expect("without a panic");
    assert!(app.backend.settle().await.iter().all(RecordedRequest::could_commit));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_does_not_end_is_cut_after_the_grace_period() {
    let mut app = TestApp::with(|setup| setup.limits = vec!["shutdown_grace = \"1s\"".into()]).await;
    let put = Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&app.write, now());
    let bytes = put.bytes();
    let mut upload = app.connect().await;
    upload.send(&bytes[..bytes.len() / 2]).await;
    app.backend.wait_for_requests(1).await;
    let begun = Instant::now();
    app.running.take().expect("the app runs").shutdown().await;
    assert!((Duration::from_millis(900)..Duration::from_secs(10)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    app.nothing_could_commit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_it_up() {
    let mut app = TestApp::start().await;
    let mut idle = app.connect().await;
    assert_eq!(idle.exchange(&Request::get("/bucket/key").sign(&app.read, now())).await.status, 200);
    let unused = app.connect().await;
    let begun = Instant::now();
    app.running.take().expect("the app runs").shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(idle.is_closed().await);
    drop(unused);
}
