//! A backend that is down, slow, cuts off, answers early or too much: a clear error, never a hang, never
//! a false success, never another client's bytes.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECKSUMS, crc32};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::wire::{End, Response};

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_down_is_a_502_or_503_with_a_reason() {
    let app = TestApp::start().await;
    app.accepts(get(&app)).await;
    app.backend.go_down().await;
    for request in [get(&app), put(&app), Request::head("/bucket/key").sign(&app.read, now())] {
        let response = app.send(&request).await;
        is_backend_trouble(&app, &request, &response);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_never_answers_is_a_gateway_timeout() {
    let app = TestApp::with(|setup| {
        setup.limits = vec!["backend_response_timeout = \"1s\"".into(), "backend_idle_timeout = \"1s\"".into()];
    })
    .await;
    for request in [get(&app), put(&app)] {
        app.backend.answer_next(Answer::never());
        let begun = Instant::now();
        let response = app.send(&request).await;
        assert!(
            (Duration::from_millis(900)..Duration::from_secs(15)).contains(&begun.elapsed()),
            "{:?}",
            begun.elapsed()
        );
        is_backend_trouble(&app, &request, &response);
    }
    assert_eq!(app.send(&get(&app)).await.status, 200, "the next one is served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_stalls_or_is_cut_off_ends_as_incomplete() {
    let app = TestApp::with(|setup| setup.limits = vec!["backend_idle_timeout = \"1s\"".into()]).await;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n";
    for answer in [
        Answer::in_order().write(head).write("12345").close(),
        Answer::in_order().write(head).write("12345").reset(),
        Answer::in_order().write(head).write("12345").wait(&Gate::closed()),
        Answer::in_order().write(chunked).close(),
    ] {
        app.backend.answer_next(answer);
        let Ok(response) = app.connect().await.try_exchange(&get(&app).bytes(), "GET").await else {
            // Cut before the head was through: no success either.
            continue;
        };
        assert!(response.end == End::CutShort || response.status >= 500, "never a whole answer: {response:?}");
    }
    assert_eq!(app.send(&get(&app)).await.body, b"stored bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_http_is_a_bad_gateway() {
    let app = TestApp::start().await;
    for garbage in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        // For every attempt: a GET may be tried once more.
        app.backend.answer_with(move |_| Answer::in_order().read_body().write(garbage).close());
        for request in [get(&app), put(&app)] {
            let response = app.send(&request).await;
            is_backend_trouble(&app, &request, &response);
        }
    }
    app.backend.answer_with(|_| Answer::of(200, &[], "well again"));
    assert_eq!(app.send(&get(&app)).await.body, b"well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let app = TestApp::start().await;
    let request = Request::put("/bucket/key").body(vec![b'x'; 8 << 20]).sign(&app.write, now());
    app.backend.answer_next(Answer::early(404, &[], no_such_bucket()));
    let response = app.send(&request).await;
    assert_eq!((response.status, response.code().as_deref()), (404, Some("NoSuchBucket")), "{response:?}");
    // A backend that closes at once may take its answer with it, as TCP resets do: a clear error then.
    app.backend.answer_next(Answer::early(404, &[], no_such_bucket()).close());
    let response = app.send(&request).await;
    assert!(matches!(response.status, 404 | 502 | 503), "{response:?}");
    app.is_refusal(&request, &response, response.status, &response.code().unwrap_or_default());
    // The client's next upload goes through.
    assert_eq!(app.send(&put(&app)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_success_is_no_success_until_the_body_is_proved() {
    let app = TestApp::start().await;
    let body = vec![b'x'; 1 << 20];
    let signed = Request::put("/bucket/key").body(body.clone()).sign(&app.write, now());
    let mut last_byte_wrong = signed.clone();
    *last_byte_wrong.body.last_mut().expect("the body is not empty") ^= 1;
    let trailer = Request::put("/bucket/key").unsigned_trailer(&body, &[(CHECKSUMS[0].0, "AAAAAA==")]);
    let trailer = trailer.sign(&app.write, now());
    for (request, code) in [(&last_byte_wrong, "XAmzContentSHA256Mismatch"), (&trailer, "BadDigest")] {
        app.backend.answer_next(Answer::early(200, &[("etag", "\"a\"")], ""));
        app.rejects_body(request, 400, code).await;
    }
    // A body that breaks off after an early 200.
    app.backend.answer_next(Answer::early(200, &[("etag", "\"a\"")], ""));
    let before = app.backend.requests().len();
    let mut connection = app.connect().await;
    let bytes = signed.bytes();
    connection.send(&bytes[..bytes.len() - 1000]).await;
    app.backend.wait_for_requests(before + 1).await;
    connection.finish_sending().await;
    if let Ok(response) = connection.try_response("PUT").await {
        app.is_refusal(&signed, &response, 400, "IncompleteBody");
    }
    app.nothing_could_commit().await;
    // With a right body the early success is one, in the end.
    app.backend.answer_next(Answer::early(200, &[("etag", "\"a\"")], ""));
    let response = app.send(&signed).await;
    assert!(matches!(response.status, 200 | 502 | 503), "{response:?}");
    if response.status == 200 {
        assert_eq!(app.reached_once().await.body.len(), body.len(), "a success means that every byte was taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l10_a_request_whose_body_has_left_is_not_sent_twice() {
    let app = TestApp::start().await;
    let long = || vec![b'x'; 200_000];
    let upload = |request: Request| request.sign(&app.write, now());
    let requests = [
        upload(Request::put("/bucket/key").body("body")),
        upload(Request::put("/bucket/key").body(long())),
        upload(Request::put("/bucket/key").body(long()).unsigned_payload()),
        upload(Request::put("/bucket/key").unsigned_trailer(&long(), &[(CHECKSUMS[0].0, &crc32(&long()))])),
        upload(Request::put("/bucket/key?partNumber=1&uploadId=u").body(long())),
        upload(Request::post("/bucket/key?uploadId=u").body(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part></CompleteMultipartUpload>",
        )),
        upload(Request::post("/bucket/key?uploads").body("")),
        upload(Request::put("/bucket/copy").header("x-amz-copy-source", "/bucket/key").body("")),
        upload(Request::delete("/bucket/key")),
    ];
    for request in &requests {
        for answer in [
            Answer::in_order().read_body().close(),
            Answer::in_order().read_body().reset(),
            Answer::in_order().read_body_bytes(2).close(),
            Answer::in_order().read_body_bytes(2).reset(),
            Answer::in_order().read_body().write("HTTP/1.1 200 O").close(),
        ] {
            // Warm the pool, so that a retry would have a reason.
            assert_eq!(app.send(&get(&app)).await.status, 200);
            let before = app.backend.requests().len();
            app.backend.answer_next(answer);
            let response = app.send(request).await;
            is_backend_trouble(&app, request, &response);
            assert_eq!(app.backend.settle().await.len(), before + 1, "{request:?} is sent once");
        }
    }
    // What reads nothing but the same again may be asked again, on a connection that had gone stale.
    assert_eq!(app.send(&get(&app)).await.status, 200);
    app.backend.answer_next(Answer::in_order().close());
    assert_eq!(app.send(&get(&app)).await.status, 200, "a GET is tried once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_that_the_backend_closed_is_no_error() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        app.backend.answer_next(Answer::of(200, &[], "x").close());
        assert_eq!(app.send(&get(&app)).await.status, 200);
        assert_eq!(app.send(&get(&app)).await.status, 200);
    }
    // Closed so late that the request is met with a reset, or with the end of the connection.
    for late in [Answer::in_order().reset(), Answer::in_order().close()] {
        app.backend.answer_next(late);
        assert_eq!(app.send(&get(&app)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_cuts_its_upload_and_its_download() {
    let app = TestApp::start().await;
    let body = vec![b'x'; 1 << 20];
    for request in [
        Request::put("/bucket/key").body(body.clone()).sign(&app.write, now()),
        Request::put("/bucket/key").body(body.clone()).unsigned_payload().sign(&app.write, now()),
        Request::put("/bucket/key").unsigned_trailer(&body, &[(CHECKSUMS[0].0, &crc32(&body))]).sign(&app.write, now()),
    ] {
        let before = app.backend.requests().len();
        let mut connection = app.connect().await;
        let bytes = request.bytes();
        connection.send(&bytes[..bytes.len() - 1]).await;
        app.backend.wait_for_requests(before + 1).await;
        drop(connection);
        app.nothing_could_commit().await;
    }
    assert_eq!(app.send(&get(&app)).await.status, 200);
}

fn get(app: &TestApp) -> Request {
    Request::get("/bucket/key").sign(&app.read, now())
}

fn put(app: &TestApp) -> Request {
    Request::put("/bucket/key").body("body").sign(&app.write, now())
}

fn no_such_bucket() -> &'static str {
    "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>No such bucket.</Message></Error>"
}

/// A failure that is the backend's, told as an S3 error that SDKs retry.
fn is_backend_trouble(app: &TestApp, request: &Request, response: &Response) {
    assert!(matches!(response.status, 502..=504), "{request:?}: {response:?}");
    app.is_refusal(request, response, response.status, &response.code().unwrap_or_default());
}
