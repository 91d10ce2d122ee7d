//! Heads that one server on the way reads otherwise than another.

use crate::smuggled::{hidden, is_400, refused_and_closed, upload};
use crate::support::app::{TestApp, now};
use crate::support::http2::Http2;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn k04_bare_line_ends_folds_and_spaces_in_a_head_are_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    let request = upload(&app, &[("Content-Length", "4")], b"body".to_vec());
    let head = String::from_utf8(request.head_bytes()).unwrap();
    let with = |line: &str| head.replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1);
    let heads = [
        ("a CR in a value", with("X-A: 1\rX-B: 2")),
        ("a CR at the end of a value", with("X-A: 1\r\r\nX-B: 2")),
        ("a NUL in a value", with("X-A: 1\x002")),
        ("a NUL in a name", with("X-\0A: 1")),
        ("a fold with a space", with("X-A: 1\r\n 2")),
        ("a fold with a tab", with("X-A: 1\r\n\tTransfer-Encoding: chunked")),
        ("a fold at once", head.replacen("\r\n", "\r\n X-A: 1\r\n", 1)),
        ("a space before the colon", with("X-A : 1")),
        ("a tab before the colon", with("X-A\t: 1")),
        ("a space before the length", head.replacen("Content-Length:", "Content-Length :", 1)),
        ("a space in a name", with("X A: 1")),
        ("no colon", with("X-A")),
        ("no name", with(": 1")),
        ("a control character", with("X-A: \x01")),
        ("a second Host behind a bare LF", with("X-A: 1\nHost: evil.example.com")),
        ("a second length behind a bare LF", with("X-A: 1\nContent-Length: 0")),
        ("a coding behind a bare LF", with("X-A: 1\nTransfer-Encoding: identity")),
        ("two spaces in the request line", head.replacen("PUT ", "PUT  ", 1)),
        ("a tab in the request line", head.replacen("PUT ", "PUT\t", 1)),
        ("no version", head.replacen(" HTTP/1.1", "", 1)),
        ("another version", head.replacen("HTTP/1.1", "HTTP/1.2", 1)),
        ("HTTP/2 in clear text", head.replacen("HTTP/1.1", "HTTP/2.0", 1)),
        ("a fragment and a space", head.replacen("/bucket/key", "/bucket/key #a", 1)),
        ("bytes that are no UTF-8", head.replacen("/bucket/key", "/bucket/\u{0}", 1)),
    ];
    for (what, head) in heads {
        let bytes = [head.as_bytes(), b"body", &hidden(&app)].concat();
        is_400(what, &refused_and_closed(&app, what, &bytes).await);
    }
    app.accepts(request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_underscores_are_refused_but_for_metadata() {
    let app = TestApp::start().await;
    for name in [
        "x_amz_acl",
        "x-amz_acl",
        "X_Amz_Copy_Source",
        "content_length",
        "transfer_encoding",
        "Authorization_",
        "x_custom",
        "x-amz-meta_a",
    ] {
        let signed = Request::put("/bucket/key").body("body").header(name, "1").sign(&app.write, now());
        let unsigned = Request::put("/bucket/key").body("body").sign(&app.write, now()).header(name, "1");
        for request in [signed, unsigned] {
            let response = app.refuses(&request, 400, "InvalidRequest").await;
            assert_eq!(response.header("connection"), Some("close"), "{name}: {response:?}");
        }
    }
    let metadata = Request::put("/bucket/key").body("body").header("x-amz-meta-my_key", "1").sign(&app.write, now());
    app.accepts(metadata).await;
    assert_eq!(app.last_accepted().header("x-amz-meta-my_key"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_in_absolute_form_has_to_agree_with_host() {
    let app = TestApp::start().await;
    let absolute = |prefix: &str| {
        let request = Request::get("/bucket/key").sign(&app.read, now());
        request.tamper(|request| request.target = format!("{prefix}/bucket/key"))
    };
    for prefix in [
        "http://evil.example.com",
        "http://localhost:81",
        "http://localhost.",
        "http://user@localhost",
        "http://localhost@evil.example.com",
    ] {
        let response = app.send(&absolute(prefix)).await;
        assert!(response.status == 400, "{prefix}: {response:?}");
        app.nothing_reached().await;
    }
    app.accepts(absolute("http://localhost")).await;
    assert_eq!(app.last_accepted().target, "/bucket/key");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_header_fields_than_the_limit_are_refused_over_http_2_too() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let with = |count: usize| {
        let mut request = Request::get("/bucket/key").sign(&app.read, now());
        while request.headers.len() < count {
            let name = format!("x-filler-{}", request.headers.len());
            request = request.header(&name, "1");
        }
        request
    };
    let mut http2 = Http2::open(app.address, app.ca.as_ref().unwrap(), "localhost").await;
    let response = http2.exchange(&with(150)).await;
    app.is_refusal(&with(150), &response, 400, "InvalidRequest");
    app.nothing_reached().await;
    assert_eq!(http2.exchange(&with(50)).await.status, 200);
    app.reached_once().await;
}

/// What reaches us of the two names of a host is ours to compare.
#[tokio::test(flavor = "multi_thread")]
async fn k14_an_authority_that_disagrees_with_host_is_refused() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let mut http2 = Http2::open(app.address, app.ca.as_ref().unwrap(), "localhost").await;
    let signed = || Request::get("/bucket/key").sign(&app.read, now());
    for host in ["evil.example.com", "bucket.s3.example.com", "LOCALHOST", "localhost:443", ""] {
        let request = signed().header("Host", host);
        let response = http2.exchange(&request).await;
        assert_eq!(response.status, 400, "{host}: {response:?}");
        app.nothing_reached().await;
    }
    let response = http2.exchange(&signed().header("Host", "localhost")).await;
    assert_eq!(response.status, 200, "{response:?}");
    app.reached_once().await;
}
