//! Where a body ends: every way to say it so that two servers may understand it differently.

use crate::smuggled::{HIDDEN, chunked, hidden, is_400, only_answer, refused_and_closed, upload};
use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECKSUMS, crc32};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn k01_a_transfer_encoding_other_than_chunked_is_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    for framing in [
        &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")][..],
        &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
        &[("Transfer-Encoding", "identity"), ("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "chunked, identity")],
        &[("Transfer-Encoding", "identity, chunked")],
        &[("Transfer-Encoding", "gzip, chunked")],
        &[("Transfer-Encoding", "chunked, chunked")],
        &[("Transfer-Encoding", "xchunked")],
        &[("Transfer-Encoding", "chunkedx")],
        &[("Transfer-Encoding", "chunked;q=1")],
        &[("Transfer-Encoding", "\"chunked\"")],
        &[("Transfer-Encoding", "identity")],
        &[("Transfer-Encoding", "")],
        &[("Transfer-Encoding", "\x0bchunked")],
        &[("Transfer-Encoding", "chunked\r")],
        &[("Transfer-Encoding", "\rchunked")],
        &[("Transfer-Encoding ", "chunked")],
        &[("Transfer-Encoding\t", "chunked")],
        &[("Transfer_Encoding", "chunked")],
    ] {
        for with_length in [false, true] {
            let mut framing = framing.to_vec();
            // For whoever believes the length, the hidden request begins behind the size of the chunk.
            framing.extend(with_length.then_some(("Content-Length", "4")));
            let what = format!("{framing:?}");
            let request = upload(&app, &framing, chunked(&hidden(&app)));
            is_400(&what, &refused_and_closed(&app, &what, &request.bytes()).await);
        }
    }
    app.accepts(Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now()).in_http_chunks(7)).await;
}

/// The HTTP library drops the length beside chunks and closes the connection after the answer. The chunks
/// are read for what they are, and what goes to the backend is framed anew.
#[tokio::test(flavor = "multi_thread")]
async fn k01_a_length_beside_chunks_is_never_believed_and_ends_the_connection() {
    let app = TestApp::start().await;
    let (length, chunks) = (("Content-Length", "4"), ("Transfer-Encoding", "chunked"));
    for framing in [[length, chunks], [chunks, length]] {
        let what = format!("{framing:?}");
        let request = upload(&app, &framing, chunked(&hidden(&app)));
        refused_and_closed(&app, &what, &request.bytes()).await;

        let body = hidden(&app);
        let request = Request::put("/bucket/key").unsigned_trailer(&body, &[(CHECKSUMS[0].0, &crc32(&body))]);
        let mut request = request.sign(&app.write, now()).in_http_chunks(10_000).header("Content-Length", "4");
        if framing[0] == length {
            request.headers.reverse();
        }
        let mut connection = app.connect().await;
        let response = connection.exchange(&request).await;
        assert_eq!(response.status, 200, "{what}: {response:?}");
        assert!(connection.is_closed().await, "{what}");
        let reached = app.reached_once().await;
        assert_eq!((reached.target.as_str(), reached.body.len()), ("/bucket/key", request_body(&reached.body, &body)));
    }
}

/// The body arrives with S3's own chunk framing, or without it: what counts is that it is all there.
fn request_body(reached: &[u8], body: &[u8]) -> usize {
    assert!(reached.windows(body.len()).any(|window| window == body), "the body is whole");
    reached.len()
}

/// White space around a value is no part of it: HTTP says so, and nobody can see it any more.
#[tokio::test(flavor = "multi_thread")]
async fn k01_white_space_around_the_coding_hides_nothing() {
    let app = TestApp::start().await;
    for value in ["\tchunked", "chunked\t", "  chunked  "] {
        let request = upload(&app, &[("Transfer-Encoding", value)], chunked(&hidden(&app)));
        let mut connection = app.connect().await;
        let response = connection.exchange(&request).await;
        app.is_refusal(&request, &response, 411, "MissingContentLength");
        connection.finish_sending().await;
        assert!(connection.is_closed().await, "the hidden request is not answered");
        app.nothing_reached().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k02_a_content_length_that_is_no_number_is_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    let lengths = [
        "+5",
        "-5",
        "5,5",
        "5, 5",
        "5 5",
        "0x5",
        "5.0",
        "5e0",
        "",
        "five",
        "5;",
        "\u{665}",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551621",
        "9223372036854775808",
        "99999999999999999999999999999999",
    ];
    for length in lengths {
        let request = upload(&app, &[("Content-Length", length)], hidden(&app));
        let response = refused_and_closed(&app, length, &request.bytes()).await;
        // The HTTP library calls the longest of all too large, and says nothing else.
        assert!(response.status == 431 && response.body.is_empty() || response.status == 400, "{length}: {response:?}");
    }
    for (first, second) in [("5", "6"), ("6", "5"), ("0", "5"), ("5", "05x")] {
        let what = format!("{first} and {second}");
        let request = upload(&app, &[("Content-Length", first), ("Content-Length", second)], hidden(&app));
        is_400(&what, &refused_and_closed(&app, &what, &request.bytes()).await);
    }
    // Space behind a value is no part of it, and the backend is told the number alone.
    for length in ["5", "5 ", "5\t"] {
        app.accepts(upload(&app, &[("Content-Length", length)], b"12345".to_vec())).await;
        assert_eq!(app.last_accepted().header("content-length"), Some("5"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k03_a_chunk_size_that_overflows_is_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    let request = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now());
    let in_chunks = request.clone().in_http_chunks(10_000);
    let usual = format!("{:x}\r\n", request.body.len());
    let body = String::from_utf8(in_chunks.body.clone()).unwrap();
    assert!(body.starts_with(&usual));
    let sixteen_more = format!("1000000000000000{:x}", request.body.len());
    for size in [
        &sixteen_more,
        "10000000000000000",
        "ffffffffffffffff",
        "fffffffffffffffff",
        "8000000000000000",
        "-1",
        "0x5",
        " 5",
        "",
    ] {
        let hostile = in_chunks.clone().tamper(|request| {
            request.body = body.replacen(&usual, &format!("{size}\r\n"), 1).into_bytes();
        });
        refused_and_closed(&app, size, &hostile.bytes()).await;
    }
    app.accepts(in_chunks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k04_chunks_with_bare_line_ends_are_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    let request = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now());
    let in_chunks = request.clone().in_http_chunks(10_000);
    let data = String::from_utf8(request.body.clone()).unwrap();
    let size = format!("{:x}", data.len());
    let smuggled = String::from_utf8(hidden(&app)).unwrap();
    let bodies = [
        ("LF in an extension", format!("{size};a\nb\r\n{data}\r\n0\r\n\r\n")),
        ("LF ends an extension", format!("{size};\n{data}\r\n0\r\n\r\n{smuggled}")),
        ("CR in an extension", format!("{size};a\rb\r\n{data}\r\n0\r\n\r\n")),
        ("LF ends a size", format!("{size}\n{data}\r\n0\r\n\r\n")),
        ("CR ends a size", format!("{size}\r{data}\r\n0\r\n\r\n")),
        ("LF ends the data", format!("{size}\r\n{data}\n0\r\n\r\n")),
        ("CR ends the data", format!("{size}\r\n{data}\r0\r\n\r\n")),
        ("nothing ends the data", format!("{size}\r\n{data}0\r\n\r\n")),
        ("LF ends the last size", format!("{size}\r\n{data}\r\n0\n\r\n{smuggled}")),
        ("a space in a size", format!("{size} 1\r\n{data}\r\n0\r\n\r\n")),
        ("an endless extension", format!("{size};{}\r\n{data}\r\n0\r\n\r\n", "a".repeat(100_000))),
    ];
    for (what, body) in bodies {
        let hostile = in_chunks.clone().tamper(|request| request.body = body.into_bytes());
        refused_and_closed(&app, what, &hostile.bytes()).await;
    }
    app.accepts(in_chunks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k05_an_http_1_0_body_without_a_length_is_refused_and_the_connection_closed() {
    let app = TestApp::start().await;
    let as_1_0 = |request: &Request| String::from_utf8(request.bytes()).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let chunks = ("Transfer-Encoding", "chunked");
    for framing in [
        &[chunks][..],
        &[chunks, ("Connection", "keep-alive")],
        &[("Content-Length", "4"), chunks],
        &[],
        &[("Connection", "keep-alive")],
    ] {
        let what = format!("{framing:?}");
        let request = upload(&app, framing, chunked(&hidden(&app)));
        let answer = only_answer(&app, &what, as_1_0(&request).as_bytes()).await;
        assert!(answer[8..].starts_with(" 400 Bad Request"), "{what}: {answer}");
        app.nothing_reached().await;
    }
    let good = upload(&app, &[("Content-Length", "5")], b"12345".to_vec());
    let answer = only_answer(&app, "with a length", as_1_0(&good).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
    assert_eq!(app.reached_once().await.body, b"12345");
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_an_upgrade_is_ignored_and_what_follows_is_a_request_of_its_own() {
    let app = TestApp::start().await;
    for upgrade in [
        &[("Upgrade", "foo")][..],
        &[("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")],
        &[("Upgrade", "websocket")],
    ] {
        let mut first = Request::get("/bucket/key").sign(&app.read, now()).header("Connection", "Upgrade");
        for (name, value) in upgrade {
            first = first.header(name, value);
        }
        let unsigned = Request::get(HIDDEN).bytes();
        let second = Request::get("/bucket/second").sign(&app.read, now()).bytes();
        let before = app.backend.requests().len();
        let mut connection = app.connect().await;
        connection.send([first.bytes(), unsigned, second].concat()).await;
        let response = connection.response("GET").await;
        assert_eq!((response.status, &response.informational[..]), (200, &[][..]), "{upgrade:?}: {response:?}");
        // Each is judged by itself.
        let refused = connection.response("GET").await;
        assert_eq!((refused.status, refused.code().as_deref()), (403, Some("AccessDenied")), "{refused:?}");
        assert_eq!(connection.response("GET").await.status, 200);
        let requests = app.backend.settle().await.split_off(before);
        assert_eq!(
            requests.iter().map(|request| &*request.target).collect::<Vec<_>>(),
            ["/bucket/key", "/bucket/second"]
        );
        assert!(requests.iter().all(|request| request.header("upgrade").is_none()), "{requests:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_connect_opens_no_tunnel() {
    let app = TestApp::start().await;
    for target in ["localhost:443", "/bucket/key"] {
        let connect = format!("CONNECT {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut connection = app.connect().await;
        connection.send([connect.as_bytes(), &Request::get(HIDDEN).bytes()].concat()).await;
        let response = connection.try_response("GET").await;
        assert!(response.is_ok_and(|response| (400..500).contains(&response.status)), "{target}");
        // What follows is a request without a signature, or nothing at all.
        if let Ok(response) = connection.try_response("GET").await {
            assert_eq!(response.status, 403, "{response:?}");
        }
        app.nothing_reached().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k09_a_body_that_a_method_does_not_take_is_refused_and_drained() {
    let app = TestApp::start().await;
    for method in ["GET", "HEAD", "DELETE"] {
        let plain = Request::new(method, "/bucket/key").body(hidden(&app)).sign(&app.admin, now());
        let unsigned =
            Request::new(method, "/bucket/key").body(hidden(&app)).unsigned_payload().sign(&app.admin, now());
        let in_chunks = Request::new(method, "/bucket/key").unsigned_payload().sign(&app.admin, now());
        let in_chunks = in_chunks.tamper(|request| request.body = hidden(&app)).in_http_chunks(50);
        for request in [plain, unsigned, in_chunks] {
            let mut connection = app.connect().await;
            connection
                .send([request.bytes(), Request::get("/bucket/next").sign(&app.read, now()).bytes()].concat())
                .await;
            let response = connection.response(method).await;
            assert!(matches!(response.status, 400 | 411), "{request:?}: {response:?}");
            let next = connection.try_response("GET").await;
            if next.is_ok_and(|next| next.status == 200) {
                assert_eq!(app.reached_once().await.target, "/bucket/next");
            }
            app.nothing_reached().await;
        }
        let empty = Request::new(method, "/bucket/key").sign(&app.admin, now()).header("Content-Length", "0");
        app.accepts(empty).await;
    }
}
