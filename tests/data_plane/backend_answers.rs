//! A backend that answers what no backend should, or when it should not: its connection is never used
//! again, no client ever gets another's answer, and no wrong body commits because of it.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::declared;
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::wire::End;

/// What would be taken for another client's answer if it were read as one.
const STRAY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nanother client's ans";
/// The longest that a test with short limits may take for one request.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn k10_bytes_behind_an_answer_reach_nobody() {
    let app = TestApp::start().await;
    let length_only = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n";
    for (first, method) in [
        (Answer::of(200, &[], "mine").and_at_once(STRAY), "GET"),
        (Answer::of(204, &[], "").and_at_once(STRAY), "DELETE"),
        (Answer::of(304, &[], "").and_at_once(STRAY), "GET"),
        (Answer::in_order().write(chunked).and_at_once(STRAY), "GET"),
        (Answer::of(404, &[], "").and_at_once(STRAY), "GET"),
        (Answer::of(200, &[], "").and_at_once(STRAY), "PUT"),
        (Answer::of(200, &[], "mine").write(STRAY), "GET"),
        (Answer::of(200, &[], "mine").write("garbage"), "GET"),
        (Answer::of(200, &[], "mine").write("\r\n"), "GET"),
        (Answer::of(200, &[], "").write(STRAY), "PUT"),
        (Answer::of(204, &[], "").write(STRAY), "DELETE"),
        (Answer::in_order().write(length_only).write(STRAY), "HEAD"),
        (Answer::in_order().write(length_only).and_at_once("mine"), "HEAD"),
        (Answer::of(304, &[], "").write(STRAY), "GET"),
        (Answer::of(304, &[], "").and_at_once("a body that 304 has not"), "GET"),
        (
            Answer::in_order()
                .write("HTTP/1.1 204 OK\r\nContent-Length: 20\r\n\r\n")
                .and_at_once("another client's ans"),
            "DELETE",
        ),
        // Longer than its length says, and a second length in chunks.
        (Answer::in_order().write(length_only).and_at_once("mine and another client's"), "GET"),
        (
            Answer::in_order()
                .write(
                    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n",
                )
                .and_at_once(STRAY),
            "GET",
        ),
    ] {
        let shown = format!("{method} {first:?}");
        app.backend.answer_next(first);
        let request = Request::new(method, "/bucket/key").sign(&app.write, now());
        let response = app.send(&request).await;
        assert!(!response.text().contains("another"), "{shown}: {response:?}");
        let connection = app.backend.wait_for_answer().await.connection;
        serves_others(&app, connection, &shown).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k10_a_connection_whose_answer_stalled_or_broke_is_not_used_again() {
    let app = with_short_limits().await;
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let never = Gate::closed();
    for answer in [
        Answer::in_order().wait(&never),
        Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Le").wait(&never),
        Answer::in_order().write(length).wait(&never),
        Answer::in_order().write(length).write("12345").wait(&never),
        Answer::in_order().write(length).write("12345").close(),
        Answer::in_order().write(length).write("12345").reset(),
        Answer::in_order().write(chunked).write("5\r\n12345\r\n").wait(&never),
        Answer::in_order().write(chunked).write("5\r\n12345\r\n").close(),
        Answer::in_order().write(chunked).write("5\r\n12345\r\n0\r\n").wait(&never),
        Answer::in_order().write(chunked).write("5\r\n12345678\r\n0\r\n\r\n"),
        Answer::in_order().write(chunked).write("xyz\r\n12345\r\n0\r\n\r\n"),
        Answer::in_order().write(chunked).write("-5\r\n12345\r\n0\r\n\r\n"),
        Answer::in_order().write(chunked).write("fffffffffffffffff\r\n12345\r\n0\r\n\r\n"),
        Answer::in_order().write(chunked).write("5;").write(vec![b'x'; 64 * 1024]).wait(&never),
    ] {
        let shown = format!("{:.200}", format!("{answer:?}"));
        app.backend.answer_next(answer);
        let begun = Instant::now();
        let request = Request::get("/bucket/key").sign(&app.read, now());
        if let Ok(response) = app.connect().await.try_exchange(&request.bytes(), "GET").await {
            assert!(response.end == End::CutShort || response.status >= 500, "{shown}: {response:?}");
        }
        assert!(begun.elapsed() < SOON, "{shown}: {:?}", begun.elapsed());
        let connection = app.backend.requests().last().expect("it was asked").connection;
        serves_others(&app, connection, &shown).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k10_answers_that_nobody_asked_for_end_in_a_clear_error() {
    let app = with_short_limits().await;
    let header = format!("X-Padding: {}\r\n", "x".repeat(8000));
    let headers = |count: usize| format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", header.repeat(count));
    let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "A: b\r\n".repeat(300));
    for first in [
        // A flood of what should come before an answer, and no answer.
        Answer::in_order().write_for_ever("HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
        Answer::in_order().write_for_ever("HTTP/1.1 102 Processing\r\n\r\n".repeat(100)),
        Answer::in_order().write_for_ever("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(100)),
        Answer::in_order().write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        Answer::in_order()
            .write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
            .write(STRAY),
        Answer::in_order().write(headers(1000)).wait(&Gate::closed()),
        Answer::in_order().write_for_ever(header.clone().into_bytes()),
        Answer::in_order().write("HTTP/1.1 200 OK\r\n").write_for_ever(header.clone().into_bytes()),
        Answer::in_order().write(many),
        Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nmine"),
        Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nmine"),
        Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nmine"),
        Answer::in_order().write("HTTP/2 200\r\n\r\n"),
        Answer::in_order().write("HTTP/1.1 099 Too Low\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let shown = format!("{:.200}", format!("{first:?}"));
        // For every attempt: a GET may be tried once more.
        app.backend.answer_with(move |_| first.clone());
        for request in [get(&app), put(&app), long_put(&app)] {
            let begun = Instant::now();
            let response = app.send(&request).await;
            assert!(begun.elapsed() < SOON, "{shown}: {:?}", begun.elapsed());
            assert!(matches!(response.status, 502..=504), "{shown}: {request:?}: {response:?}");
            app.is_refusal(&request, &response, response.status, &response.code().unwrap_or_default());
            assert!(!response.text().contains("another"), "{response:?}");
        }
        app.backend.answer_with(|_| Answer::of(200, &[], "stored bytes"));
        serves_others(&app, usize::MAX, &shown).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k10_a_bounded_flood_of_1xx_answers_is_passed_over() {
    let app = TestApp::start().await;
    let flood = format!(
        "{}{}{}",
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(3000),
        "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n".repeat(3000),
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(3000)
    );
    for request in [get(&app), put(&app), long_put(&app)] {
        let answer =
            Answer::in_order().write(flood.clone()).read_body().write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        app.backend.answer_next(answer);
        let response = app.send(&request).await;
        assert_eq!((response.status, response.informational.len()), (200, 0), "none is passed on: {response:?}");
        app.reached_once().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k10_a_connection_that_is_to_close_is_not_used_again() {
    let app = TestApp::start().await;
    for connection in ["close", "Close", "keep-alive, close", "close, x"] {
        app.backend.answer_next(Answer::of(200, &[("Connection", connection)], "mine"));
        assert_eq!(app.send(&get(&app)).await.body, b"mine");
        let number = app.backend.wait_for_answer().await.connection;
        serves_others(&app, number, connection).await;
    }
    app.backend.answer_next(Answer::in_order().write("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nmine"));
    assert_eq!(app.send(&get(&app)).await.body, b"mine");
    let number = app.backend.wait_for_answer().await.connection;
    serves_others(&app, number, "HTTP/1.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_no_wrong_body_commits_because_its_backend_misbehaves() {
    let app = with_short_limits().await;
    let success = || Answer::early(200, &[("ETag", "\"a\"")], "");
    let upload = |answer: fn() -> Answer| answer;
    let misbehaviours: [Misbehaviour; 12] = [
        ("an early success", Box::new(success)),
        ("an early success, then a close", Box::new(move || success().close())),
        ("an early success, then stray bytes", Box::new(move || success().write(STRAY))),
        ("an early refusal", Box::new(upload(|| Answer::early(403, &[], no_such_bucket())))),
        ("an early refusal, then a close", Box::new(upload(|| Answer::early(404, &[], no_such_bucket()).close()))),
        ("an early failure", Box::new(upload(|| Answer::early(500, &[], "")))),
        ("an early redirect", Box::new(upload(|| Answer::early(307, &[("Location", "http://127.0.0.1:1/")], "")))),
        ("an early 304", Box::new(upload(|| Answer::early(304, &[], "")))),
        ("an early 100", Box::new(upload(|| Answer::in_order().write("HTTP/1.1 100 Continue\r\n\r\n")))),
        (
            "half an answer",
            Box::new(upload(|| Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"))),
        ),
        ("half a head", Box::new(upload(|| Answer::in_order().write("HTTP/1.1 200 O")))),
        (
            "a stop in the middle",
            Box::new(upload(|| Answer::in_order().read_body_bytes(60_000).write("HTTP/1.1 200 OK\r\n\r\n"))),
        ),
    ];
    let right = vec![b'x'; 200_000];
    let mut wrong = right.clone();
    *wrong.last_mut().expect("it is not empty") = b'y';
    for kind in [&declared::BY_SHA256, &declared::BY_MD5, &declared::BY_UNSIGNED_TRAILER] {
        for (what, answer) in &misbehaviours {
            app.backend.answer_next(answer());
            let request = (kind.request)(&app, "/bucket/key", &right, &wrong);
            let response = app.send(&request).await;
            assert!(response.status >= 400, "{} and {what}: never a success: {response:?}", kind.name);
            app.is_refusal(&request, &response, response.status, &response.code().unwrap_or_default());
            app.nothing_could_commit().await;
            let connection = app.backend.requests().last().expect("it was asked").connection;
            let next = (kind.request)(&app, "/bucket/key", &right, &right);
            assert_eq!(app.send(&next).await.status, 200, "after {what}");
            let used = app.reached_once().await;
            assert_ne!(used.connection, connection, "{what}: a connection with half a body on it is not used again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k10_an_early_refusal_of_an_upload_leaves_no_connection_behind() {
    let app = with_short_limits().await;
    // More than the buffers of the system between the two take.
    let request = Request::put("/bucket/key").body(vec![b'x'; 32 << 20]).unsigned_payload().sign(&app.write, now());
    for status in [400, 403, 404, 409, 412, 500, 503] {
        app.backend.answer_next(Answer::early(status, &[], no_such_bucket()).wait_without_reading(&Gate::closed()));
        let response = app.send(&request).await;
        assert!(response.status >= 400, "{response:?}");
        let connection = app.backend.requests().last().expect("it was asked").connection;
        let next = app.send(&get(&app)).await;
        assert_eq!(next.body, b"stored bytes", "after an early {status}");
        let used = app.backend.requests().last().expect("it was asked").connection;
        assert_ne!(used, connection, "an early {status}: the rest of the body is still on that connection");
    }
}

/// What a backend does, by name.
type Misbehaviour = (&'static str, Box<dyn Fn() -> Answer>);

/// Whoever asks next gets the answer to the own question, over another connection than that one.
async fn serves_others(app: &TestApp, not_over: usize, after: &str) {
    for _ in 0..3 {
        let response = app.send(&get(app)).await;
        assert_eq!((response.status, response.text().as_str()), (200, "stored bytes"), "after {after}: {response:?}");
        let used = app.backend.requests().last().expect("it was asked").connection;
        assert_ne!(used, not_over, "after {after}: a connection out of step is not used again");
    }
}

async fn with_short_limits() -> TestApp {
    let limits = ["backend_response_timeout = \"1s\"", "backend_idle_timeout = \"1s\""];
    TestApp::with(|setup| setup.limits = limits.map(str::to_owned).to_vec()).await
}

fn get(app: &TestApp) -> Request {
    Request::get("/bucket/key").sign(&app.read, now())
}

fn put(app: &TestApp) -> Request {
    Request::put("/bucket/key").body("body").sign(&app.write, now())
}

/// An upload that is still on its way when an early answer comes.
fn long_put(app: &TestApp) -> Request {
    Request::put("/bucket/key").body(vec![b'x'; 300_000]).sign(&app.write, now())
}

fn no_such_bucket() -> &'static str {
    "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>No such bucket.</Message></Error>"
}
