//! What the backend is sent: our signature, nothing of the client's, and the bytes as they came.

use crate::support::app::{BACKEND_KEY_ID, TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS};
use crate::support::recording_backend::{Answer, BodyState, Framing};
use crate::support::request::{Payload, Request};

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_sees_our_signature_and_nothing_of_the_clients() {
    let app = TestApp::start().await;
    let requests = [
        Request::get("/bucket/key?versionId=v1").header("range", "bytes=0-1").sign(&app.write, now()),
        Request::put("/bucket/a%20b%2Bc").body("body").sign(&app.write, now()),
        Request::put("/bucket/key").body("body").unsigned_payload().sign(&app.write, now()),
        Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now()),
        Request::delete("/bucket/key").sign(&app.write, now()),
        Request::put("/bucket/key").presign(&app.write, now(), std::time::Duration::from_mins(1)).body("body"),
        Request::get("/bucket?list-type=2&prefix=a%2Fb&encoding-type=url").sign(&app.write, now()),
    ];
    for request in requests {
        app.accepts(request.clone()).await;
        let recorded = app.last_accepted();
        recorded.assert_signed_by_us();
        assert!(recorded.mentions(BACKEND_KEY_ID));
        for secret in [&app.write.id, &app.write.secret, "X-Amz-Signature", "X-Amz-Credential"] {
            assert!(!recorded.mentions(secret), "{secret} travels on: {recorded:?}");
        }
        let signature = request.value("authorization").unwrap_or_default();
        assert!(signature.is_empty() || !recorded.mentions(&signature[signature.len() - 64..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_headers_of_the_protocol_travel_on() {
    let app = TestApp::start().await;
    let travel = [
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("content-disposition", "attachment"),
        ("content-language", "de"),
        ("content-encoding", "gzip"),
        ("expires", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ("x-amz-meta-a", "1"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ];
    let stay = [
        ("cookie", "session=1"),
        ("proxy-authorization", "Basic eA=="),
        ("te", "trailers"),
        ("via", "1.1 other"),
        ("x-api-key", "1"),
        ("x-auth-token", "1"),
        ("referer", "https://site.example/"),
        ("accept-encoding", "gzip"),
        ("x-amz-te", "append-md5"),
        ("x-amz-user-agent", "aws-sdk-js/3"),
        ("x-amz-sdk-request", "attempt=1"),
        ("x-amz-sdk-checksum-algorithm", ""),
        ("amz-sdk-invocation-id", "1"),
    ];
    let mut put = Request::put("/bucket/key").body("body");
    for (name, value) in travel.iter().chain(&stay).filter(|(_, value)| !value.is_empty()) {
        put = put.header(name, value);
    }
    app.accepts(put.sign(&app.write, now())).await;
    let recorded = app.backend.only_request();
    for (name, value) in travel {
        assert_eq!(recorded.header(name), Some(value), "{name} travels on");
    }
    for (name, _) in stay {
        assert_eq!(recorded.header(name), None, "{name} does not travel on");
    }
    let get = Request::get("/bucket/key")
        .header("range", "bytes=1-2")
        .header("if-match", "\"a\"")
        .header("if-none-match", "\"b\"")
        .header("if-modified-since", "Fri, 20 Nov 2026 10:00:00 GMT")
        .header("if-unmodified-since", "Fri, 20 Nov 2026 10:00:00 GMT");
    app.accepts(get.sign(&app.read, now())).await;
    let recorded = app.last_accepted();
    for name in ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] {
        assert!(recorded.header(name).is_some(), "{name} travels on: {recorded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_upload_says_that_it_is_empty() {
    let app = TestApp::start().await;
    for request in [
        Request::put("/bucket/key").body(""),
        Request::put("/bucket/key").body("").unsigned_payload(),
        Request::put("/bucket/key").body("").payload(Payload::Absent),
        Request::post("/bucket/key?uploads").body(""),
    ] {
        app.accepts(request.sign(&app.write, now())).await;
        let recorded = app.last_accepted();
        assert_eq!(recorded.framing, Framing::Length(0), "{recorded:?}");
    }
    for request in [Request::get("/bucket/key"), Request::head("/bucket/key"), Request::delete("/bucket/key")] {
        app.accepts(request.sign(&app.write, now())).await;
        let recorded = app.last_accepted();
        assert!(matches!(recorded.framing, Framing::Nothing | Framing::Length(0)), "{recorded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_without_any_length_is_refused() {
    let app = TestApp::start().await;
    let put = Request::put("/bucket/key").body("body").unsigned_payload().sign(&app.write, now());
    let no_length = put.clone().tamper(|request| {
        request.content_length = false;
        request.body.clear();
    });
    app.refuses(&no_length, 411, "MissingContentLength").await;
    app.refuses(&put.clone().in_http_chunks(3), 411, "MissingContentLength").await;
    app.accepts(put).await;
    // A decoded length does as well, and the framing upstream is our own.
    let framed = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now()).in_http_chunks(7);
    app.accepts(framed).await;
    assert_eq!(app.backend.requests()[1].stored_bytes(), CHECK_BODY);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hundred_continue_comes_only_after_authorization() {
    let app = TestApp::start().await;
    let upload = |request: Request| request.header("Expect", "100-continue").body("body");
    let refused = [
        upload(Request::put("/bucket/key")).sign(&app.write.with_wrong_secret(), now()),
        upload(Request::put("/bucket/key")).sign(&app.read, now()),
        upload(Request::put("/bucket/key?brandNewApi")).sign(&app.admin, now()),
        upload(Request::put("/bucket/key")),
    ];
    for request in refused {
        let mut connection = app.connect().await;
        connection.send(request.head_bytes()).await;
        let response = connection.response("PUT").await;
        assert!(response.status >= 400 && response.informational.is_empty(), "no 100 first: {response:?}");
        app.nothing_reached().await;
    }
    let request = upload(Request::put("/bucket/key")).sign(&app.write, now());
    let mut connection = app.connect().await;
    connection.send(request.head_bytes()).await;
    let seen = connection.peek(25).await.to_vec();
    assert!(seen.starts_with(b"HTTP/1.1 100 Continue\r\n"), "{}", String::from_utf8_lossy(&seen));
    connection.send(&request.body).await;
    assert_eq!(connection.response("PUT").await.status, 200);
    let recorded = app.reached_once().await;
    assert_eq!((recorded.body.as_slice(), recorded.body_state), (&b"body"[..], BodyState::Complete));
    // Another expectation is none that we could meet.
    let other = Request::put("/bucket/key").body("body").header("Expect", "200-maybe").sign(&app.write, now());
    let response = app.send(&other).await;
    assert!(matches!(response.status, 200 | 417), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_connections_are_kept_and_reused() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
        app.accepts(Request::put("/bucket/key").body("body").sign(&app.write, now())).await;
        app.accepts(Request::head("/bucket/key").sign(&app.read, now())).await;
    }
    assert_eq!(app.backend.connections().await, 1, "fifteen requests one after the other need one connection");
    assert!(app.backend.requests().iter().all(|request| request.connection == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_beyond_four_gigabytes_travel_whole() {
    let app = TestApp::start().await;
    let length = (5_u64 << 30) + 1;
    app.backend.answer_next(Answer::early(503, &[], ""));
    let request = Request::put("/bucket/key")
        .unsigned_payload()
        .without_length()
        .sign(&app.write, now())
        .header("Content-Length", length.to_string());
    let mut connection = app.connect().await;
    connection.send(request.head_bytes()).await;
    connection.send(vec![b'x'; 300_000]).await;
    let recorded = app.backend.wait_for_requests(1).await.remove(0);
    assert_eq!(recorded.framing, Framing::Length(length));
    drop(connection);
    app.nothing_could_commit().await;
    // And back: a HEAD of an object of that size.
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"a\"\r\n\r\n");
    app.backend.answer_next(Answer::in_order().write(head));
    let response = app.send(&Request::head("/bucket/key").sign(&app.read, now())).await;
    assert_eq!(response.header("content-length"), Some(length.to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_on_a_request_that_has_none_is_framed_and_goes_no_further() {
    let app = TestApp::start().await;
    for request in [Request::get("/bucket/key"), Request::delete("/bucket/key"), Request::head("/bucket/key")] {
        let with_body =
            request.clone().body("GET /bucket/other HTTP/1.1\r\nHost: localhost\r\n\r\n").sign(&app.write, now());
        let mut connection = app.connect().await;
        let response = connection.exchange(&with_body).await;
        if response.status < 300 {
            let recorded = app.reached_once().await;
            assert_eq!(recorded.target, "/bucket/key");
        } else {
            assert_eq!(response.status, 400, "{response:?}");
            app.nothing_reached().await;
        }
        // The next request of the backend's connection starts where it should.
        app.accepts(request.sign(&app.write, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_trailers_of_a_client_do_not_become_headers() {
    let app = TestApp::start().await;
    let upload = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now());
    let mut bytes = upload.clone().in_http_chunks(11);
    let end = bytes.body.len() - 2;
    bytes.body.splice(end..end, b"x-amz-acl: public-read\r\nAuthorization: x\r\n".iter().copied());
    let response = app.send(&bytes).await;
    if response.status == 200 {
        let recorded = app.reached_once().await;
        assert_eq!(recorded.header("x-amz-acl"), None);
        assert_eq!(recorded.trailer("x-amz-acl"), None);
        assert!(recorded.header("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 ")));
        assert_eq!(recorded.told_checksum(CHECKSUMS[0].0).as_deref(), Some(CHECKSUMS[0].1));
    } else {
        app.is_refusal(&bytes, &response, 400, &response.code().unwrap_or_default());
        app.nothing_could_commit().await;
    }
}
