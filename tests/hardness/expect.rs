//! `Expect`: the body is asked for once the request may have one, and not before.

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;

fn expecting(app: &TestApp) -> Request {
    Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&app.write, now()).header("Expect", "100-continue")
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_a_refused_request_is_not_asked_for_its_body() {
    let app = TestApp::start().await;
    let upload = |key| Request::put("/bucket/key").body("body").sign(key, now()).header("Expect", "100-continue");
    let too_long = Request::post("/bucket?delete").body(vec![b'x'; 9 << 20]);
    let too_long = too_long.sign(&app.write, now()).header("Expect", "100-continue");
    for (request, status) in [
        (upload(&app.write.with_wrong_secret()), 403),
        (upload(&app.read), 403),
        (Request::put("/bucket/key").body("body").header("Expect", "100-continue"), 403),
        (too_long, 400),
    ] {
        let mut connection = app.connect().await;
        connection.send(request.head_bytes()).await;
        let response = connection.response(&request.method).await;
        assert_eq!((response.status, &response.informational[..]), (status, &[][..]), "{request:?}: {response:?}");
        // Whether the client sends the body now cannot be known.
        connection.finish_sending().await;
        assert!(connection.is_closed().await);
        app.nothing_reached().await;
    }
    let request = expecting(&app);
    let mut connection = app.connect().await;
    connection.send(request.head_bytes()).await;
    assert_eq!(connection.peek(25).await, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.send(&request.body).await;
    assert_eq!(connection.response("PUT").await.status, 200);
    assert_eq!(app.reached_once().await.header("expect"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_an_expectation_other_than_100_continue_fails() {
    let app = TestApp::start().await;
    let upload = || Request::put("/bucket/key").body("body").sign(&app.write, now());
    for value in
        ["200-ok", ",", "100", "100-continue, 100-continue", "100-continue, other", "100-continue;a=b", "x100-continue"]
    {
        app.refuses(&upload().header("Expect", value), 417, "ExpectationFailed").await;
        app.refuses(
            &Request::get("/bucket/key").sign(&app.read, now()).header("Expect", value),
            417,
            "ExpectationFailed",
        )
        .await;
    }
    let twice = upload().header("Expect", "100-continue").header("Expect", "100-continue");
    app.refuses(&twice, 417, "ExpectationFailed").await;
    app.accepts(upload().header("Expect", "100-Continue")).await;
    // An empty one expects nothing.
    let response = app.accepts(upload().header("Expect", "")).await;
    assert_eq!(response.informational, [0; 0]);
    assert_eq!(app.last_accepted().header("expect"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_a_body_that_is_sent_without_waiting_is_taken_and_one_that_is_none_is_not_waited_for() {
    let app = TestApp::start().await;
    app.accepts(expecting(&app)).await;
    assert_eq!(app.last_accepted().body.len(), 1 << 20);
    for request in [Request::put("/bucket/key").body(""), Request::get("/bucket/key"), Request::delete("/bucket/key")] {
        let response = app.accepts(request.sign(&app.admin, now()).header("Expect", "100-continue")).await;
        assert_eq!(response.informational, [0; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_a_backend_that_answers_before_the_body_is_asked_for_is_heard() {
    let app = TestApp::start().await;
    let missing = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>No.</Message></Error>";
    let request = expecting(&app);
    for close in [false, true] {
        let answer = Answer::early(404, &[], missing);
        app.backend.answer_next(if close { answer.close() } else { answer });
        let before = app.backend.requests().len();
        let mut connection = app.connect().await;
        connection.send(request.head_bytes()).await;
        // What is held back may have to come first; then the answer has to be there without the rest.
        if connection.peek(25).await.starts_with(b"HTTP/1.1 100") {
            connection.send(&request.body[..512 << 10]).await;
        }
        let response = connection.response("PUT").await;
        let expected: &[u16] = if close { &[404, 502, 503] } else { &[404] };
        assert!(expected.contains(&response.status), "{response:?}");
        connection.finish_sending().await;
        assert!(connection.is_closed().await, "nobody knows what the client will send now");
        let requests = app.backend.settle().await;
        assert!(
            requests.len() <= before + 1 && requests.iter().all(|request| !request.could_commit()),
            "{requests:#?}"
        );
    }
    // Nothing of it is left on a connection that the next request uses.
    assert_eq!(app.send(&Request::get("/bucket/key").sign(&app.read, now())).await.body, b"stored bytes");
}
