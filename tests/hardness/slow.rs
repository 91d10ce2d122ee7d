//! Clients that are never still and never done, and a backend that takes its time, which is not their fault.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::wire::End;

const OK: &str = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 0\r\n\r\n";
const WINDOW: Duration = Duration::from_millis(500);

async fn paced(more: &[&str]) -> TestApp {
    let mut limits = vec!["rate_window = \"500ms\"".to_owned(), "min_body_rate = \"64KiB\"".to_owned()];
    limits.extend(more.iter().map(|line| (*line).to_owned()));
    TestApp::with(|setup| setup.limits = limits).await
}

#[tokio::test(flavor = "multi_thread")]
async fn k15_an_upload_that_drips_is_a_request_timeout_and_nothing_commits() {
    let app = paced(&[]).await;
    for request in [
        Request::put("/bucket/key").body(vec![b'x'; 1 << 20]),
        Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).unsigned_payload(),
        Request::put("/bucket/key").body("short, but not fast"),
        Request::put("/bucket/key").check_body_with_crc32(),
    ] {
        let signed = request.sign(&app.write, now());
        let mut connection = app.connect().await;
        connection.send(signed.head_bytes()).await;
        let begun = Instant::now();
        let dripping = async {
            for byte in &signed.body {
                connection.send([*byte]).await;
                tokio::time::sleep(WINDOW / 5).await;
                // Sending goes on until the answer is there.
                if begun.elapsed() > WINDOW * 2 {
                    break;
                }
            }
        };
        dripping.await;
        let response = connection.response("PUT").await;
        app.is_refusal(&signed, &response, 400, "RequestTimeout");
        app.nothing_could_commit().await;
        assert!(connection.is_closed().await);
    }
    assert_eq!(app.running().s3_connections.slow_bodies(), 4);
    app.accepts(Request::put("/bucket/key").body(vec![b'x'; 8 << 20]).sign(&app.write, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k15_a_document_that_takes_too_long_is_a_request_timeout() {
    let limits = vec!["document_timeout = \"500ms\"".to_owned()];
    let app = TestApp::with(|setup| setup.limits = limits).await;
    let batch = "<Delete><Object><Key>a</Key></Object></Delete>";
    let policy = r#"{"Version": "2012-10-17", "Statement": []}"#;
    for request in [Request::post("/bucket?delete").body(batch), Request::put("/bucket?policy").body(policy)] {
        let signed = request.sign(&app.admin, now());
        let bytes = signed.bytes();
        let mut connection = app.connect().await;
        connection.send(&bytes[..bytes.len() - 10]).await;
        // Fast enough, but never done.
        for byte in &bytes[bytes.len() - 10..bytes.len() - 1] {
            tokio::time::sleep(Duration::from_millis(100)).await;
            connection.send([*byte]).await;
        }
        let response = connection.response(&signed.method).await;
        app.is_refusal(&signed, &response, 400, "RequestTimeout");
        assert!(connection.is_closed().await);
        app.nothing_reached().await;
    }
    assert_eq!(app.send(&Request::post("/bucket?delete").body(batch).sign(&app.admin, now())).await.status, 200);
}

/// What the backend takes its time for is no fault of the client's.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_reads_late_does_not_make_its_client_slow() {
    let app = paced(&["min_answer_rate = \"64KiB\""]).await;
    let (head, body) = (Gate::closed(), Gate::closed());
    // Reads a little, waits far longer than a window, and goes on.
    app.backend.answer_next(Answer::in_order().read_body_bytes(1).wait(&head).read_body().write(OK));
    let request = Request::put("/bucket/key").body(vec![b'x'; 32 << 20]).unsigned_payload().sign(&app.write, now());
    let opening = tokio::spawn({
        let (head, body) = (head.clone(), body.clone());
        async move {
            tokio::time::sleep(WINDOW * 4).await;
            head.open();
            tokio::time::sleep(WINDOW * 4).await;
            body.open();
        }
    });
    app.accepts(request).await;
    // And an answer that pauses in the middle.
    let start = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    app.backend.answer_next(Answer::in_order().write(start).wait(&body).write("67890"));
    let response = app.send(&Request::get("/bucket/key").sign(&app.read, now())).await;
    assert_eq!((response.body.as_slice(), response.end), (&b"1234567890"[..], End::Whole));
    opening.await.unwrap();
    let counters = &app.running().s3_connections;
    assert_eq!((counters.slow_bodies(), counters.slow_readers()), (0, 0));
}
