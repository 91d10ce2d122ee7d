//! What the client is told: the backend's answer, without what is the backend's own business.

use crate::support::app::{BACKEND_KEY_ID, TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::wire::End;

#[tokio::test(flavor = "multi_thread")]
async fn an_object_comes_back_with_its_headers() {
    let app = TestApp::start().await;
    let headers = [
        ("ETag", "\"a\""),
        ("Content-Type", "image/png"),
        ("Last-Modified", "Fri, 20 Nov 2026 09:00:00 GMT"),
        ("Cache-Control", "max-age=1"),
        ("Content-Encoding", "gzip"),
        ("x-amz-meta-a", "b"),
        ("x-amz-version-id", "v1"),
        ("x-amz-checksum-crc32", "y/Q5Jg=="),
        ("Accept-Ranges", "bytes"),
    ];
    let own = [
        ("x-amz-request-id", "backend-id"),
        ("x-amz-id-2", "backend-host"),
        ("Server", "BackendServer/1"),
        ("Set-Cookie", "a=b"),
        ("Via", "backend"),
        ("X-Internal-Host", "10.1.2.3"),
        ("WWW-Authenticate", "Basic"),
        ("Alt-Svc", "h3=\":443\""),
    ];
    let all: Vec<_> = headers.iter().chain(&own).copied().collect();
    app.backend.answer_next(Answer::of(200, &all, "123456789"));
    let response = app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
    assert_eq!((response.body.as_slice(), response.end), (&b"123456789"[..], End::Whole));
    for (name, value) in headers {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert!(response.header("x-amz-request-id").is_some_and(|id| id != "backend-id"));
    for (name, value) in own {
        assert_ne!(response.header(name), Some(value), "{name} is the backend's own: {response:?}");
    }
    app.tells_no_secret(&response);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_conditions_get_the_backends_status() {
    let app = TestApp::start().await;
    let get = || Request::get("/bucket/key").header("range", "bytes=0-1").sign(&app.read, now());
    app.backend.answer_next(Answer::of(206, &[("Content-Range", "bytes 0-1/9")], "12"));
    let response = app.accepts(get()).await;
    assert_eq!((response.status, response.header("content-range")), (206, Some("bytes 0-1/9")));
    // 304 has headers and no body, whatever the framing says.
    app.backend.answer_next(Answer::of(304, &[("ETag", "\"a\"")], ""));
    let mut connection = app.connect().await;
    let response = connection.exchange(&get()).await;
    assert_eq!((response.status, response.header("etag"), response.body.len()), (304, Some("\"a\""), 0));
    app.reached_once().await;
    // The connection is still in step.
    assert_eq!(connection.exchange(&get()).await.status, 200);
    app.reached_once().await;
    for (status, code) in
        [(412, "PreconditionFailed"), (416, "InvalidRange"), (404, "NoSuchKey"), (409, "BucketNotEmpty")]
    {
        app.backend.answer_next(Answer::error(status, code, "Said by the backend."));
        let response = connection.exchange(&get()).await;
        app.reached_once().await;
        assert_eq!((response.status, response.code().as_deref()), (status, Some(code)), "{response:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_bodies_stay_in_step() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    for _ in 0..3 {
        let head = Request::head("/bucket/key").sign(&app.read, now());
        let response = connection.exchange(&head).await;
        assert_eq!((response.status, response.header("content-length")), (200, Some("12")));
        let delete = Request::delete("/bucket/key").sign(&app.write, now());
        let response = connection.exchange(&delete).await;
        assert_eq!((response.status, response.header("content-length")), (204, None));
        let get = connection.exchange(&Request::get("/bucket/key").sign(&app.read, now())).await;
        assert_eq!(get.body, b"stored bytes");
    }
    app.backend.answer_next(Answer::in_order().write("HTTP/1.1 404 Not Found\r\nContent-Length: 300\r\n\r\n"));
    let response = connection.exchange(&Request::head("/bucket/key").sign(&app.read, now())).await;
    assert_eq!(response.status, 404);
    assert_eq!(connection.exchange(&Request::get("/bucket/key").sign(&app.read, now())).await.body, b"stored bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_comes_through_whole() {
    let app = TestApp::start().await;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n";
    app.backend.answer_next(Answer::in_order().write(chunked));
    let response = app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
    assert_eq!((response.body.as_slice(), response.end), (&b"123456789"[..], End::Whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_streams() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    app.backend.answer_next(Answer::in_order().write(head).write("12345").wait(&gate).write("67890"));
    let mut connection = app.connect().await;
    connection.send(Request::get("/bucket/key").sign(&app.read, now()).bytes()).await;
    // The first half arrives while the backend still holds the second.
    loop {
        let length = connection.peek(1).await.len();
        let seen = connection.peek(length).await;
        if seen.ends_with(b"12345") {
            break;
        }
        let more = seen.len() + 1;
        connection.peek(more).await;
    }
    gate.open();
    assert_eq!(connection.response("GET").await.body, b"1234567890");
}

#[tokio::test(flavor = "multi_thread")]
async fn l06_an_error_of_the_backend_is_told_in_our_words_and_with_our_request_id() {
    let app = TestApp::start().await;
    let xml = format!(
        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The key does not exist on node-7.internal.</Message>\
         <Resource>/internal-bucket/key</Resource><AWSAccessKeyId>{BACKEND_KEY_ID}</AWSAccessKeyId>\
         <StringToSign>AWS4-HMAC-SHA256 internal</StringToSign><CanonicalRequest>GET /internal</CanonicalRequest>\
         <RequestId>backend-id</RequestId><HostId>backend-host</HostId></Error>"
    );
    app.backend.answer_next(Answer::of(404, &[("content-type", "application/xml")], xml));
    let request = Request::get("/bucket/key").sign(&app.read, now());
    let response = app.send(&request).await;
    app.is_refusal(&request, &response, 404, "NoSuchKey");
    for own in ["backend-id", "backend-host", "internal", "node-7", "StringToSign"] {
        assert!(!response.text().contains(own), "{own} is the backend's own: {response:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l07_complaints_about_our_credential_never_reach_the_client() {
    let app = TestApp::start().await;
    let complaints = [
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId"),
        (403, "RequestTimeTooSkewed"),
        (400, "ExpiredToken"),
        (400, "InvalidToken"),
        (400, "AuthorizationHeaderMalformed"),
    ];
    for (status, code) in complaints {
        let message = format!("Our key {BACKEND_KEY_ID} at backend.internal is wrong.");
        app.backend.answer_next(Answer::error(status, code, &message));
        let request = Request::get("/bucket/key").sign(&app.read, now());
        let response = app.send(&request).await;
        assert!(matches!(response.status, 502 | 503), "{code}: {response:?}");
        app.is_refusal(&request, &response, response.status, &response.code().unwrap_or_default());
        assert_ne!(response.code().as_deref(), Some(code));
        for own in ["backend.internal", "backend-request-id", "backend-host-id"] {
            assert!(!response.text().contains(own), "{own}: {response:?}");
        }
        app.reached_once().await;
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}
