//! The aws-chunked framing: each line strictly as the specification writes it, within its limits.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, aws_chunked, crc32};
use crate::support::request::Request;

const CRC32: (&str, &str) = CHECKSUMS[0];

#[tokio::test(flavor = "multi_thread")]
async fn c08_nothing_may_follow_the_end_of_the_body() {
    let app = TestApp::start().await;
    let whole = aws_chunked(CHECK_BODY, 5, &[CRC32]);
    let mut wrong: Vec<Vec<u8>> = ["x", "\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]
        .map(|more| [&whole[..], more.as_bytes()].concat())
        .to_vec();
    // A second zero chunk in front of the trailer, and one more chunk behind the first.
    wrong.push(b"9\r\n123456789\r\n0\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n".to_vec());
    wrong.push(b"5\r\n12345\r\n0\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n".to_vec());
    // A chunk that is longer than it says, and a last line that is not empty.
    wrong.push(b"9\r\n123456789x\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n".to_vec());
    wrong.push(b"9\r\n1234567890\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n".to_vec());
    for body in wrong {
        let request = upload(&app, &body);
        let mut connection = app.connect().await;
        let response = connection.exchange(&request).await;
        app.is_refusal(&request, &response, 400, &response.code().unwrap_or_default());
        app.nothing_could_commit().await;
        // The connection is closed: what followed is never taken for a request.
        assert_eq!(response.header("connection"), Some("close"), "{response:?}");
        let next = Request::get("/bucket/next").sign(&app.read, now());
        assert!(connection.try_exchange(&next.bytes(), "GET").await.is_err(), "nothing more is answered");
    }
    app.accepts(upload(&app, &whole)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c09_a_chunk_size_is_hexadecimal_digits_and_crlf() {
    let app = TestApp::start().await;
    let long_extension = format!("9;x={}", "y".repeat(2000));
    let huge_extension = format!("9;x={}", "y".repeat(1 << 20));
    let wrong = [
        "0x9",
        " 9",
        "+9",
        "9 ",
        "\t9",
        "-9",
        "9h",
        "",
        "00000000000000009",
        "FFFFFFFFFFFFFFFF",
        "8000000000000000",
        "10000000000000009",
        "9\n",
        "9\r",
        "٩",
        "9;\n",
        &long_extension,
        &huge_extension,
    ];
    for size in wrong {
        let body = format!("{size}\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
        let response = app.rejects_body_as(&upload(&app, body.as_bytes()), 400).await;
        let code = response.code().unwrap_or_default();
        assert!(["InvalidRequest", "IncompleteBody"].contains(&code.as_str()), "{size:?}: {response:?}");
    }
    // Line ends other than CRLF, everywhere.
    for body in [
        "9\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
        "9\r\n123456789\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
        "9\r\n123456789\r\n0\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\n\r\n",
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\n",
        "9\r\n1234567890\r\n\r\n",
    ] {
        app.rejects_body_as(&upload(&app, body.as_bytes()), 400).await;
    }
    // minio-go ends its trailer so, and the body after it.
    app.accepts(upload(&app, b"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\n\r\n\r\n")).await;
    for right in ["9", "09", "0009"] {
        let body = format!("{right}\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
        app.accepts(upload(&app, body.as_bytes())).await;
    }
    let lower_case_digits = aws_chunked(&[b'x'; 0xAB], 0xAB, &[(CRC32.0, &crc32(&[b'x'; 0xAB]))]);
    let request = Request::put("/bucket/key").unsigned_trailer(&[b'x'; 0xAB], &[CRC32]).body(lower_case_digits);
    app.accepts(request.sign(&app.write, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c19_every_split_of_the_stream_gives_the_same_body() {
    let app = TestApp::start().await;
    let framed = aws_chunked(CHECK_BODY, 4, &[CRC32]);
    let wrong = aws_chunked(b"123456780", 4, &[CRC32]);
    let head = || Request::put("/bucket/key").unsigned_trailer(CHECK_BODY, &[CRC32]);
    let mut connection = app.connect().await;
    for split in 1..framed.len() {
        // Inside HTTP chunks of every size, and with Content-Length cut into pieces of every size.
        let chunked = head().body(framed.clone()).sign(&app.write, now()).in_http_chunks(split);
        assert_eq!(connection.exchange(&chunked).await.status, 200, "split {split}");
        assert_eq!(app.reached_once().await.stored_bytes(), CHECK_BODY, "split {split}");
        let plain = head().body(framed.clone()).sign(&app.write, now());
        connection.send(plain.head_bytes()).await;
        connection.send_in_pieces(&plain.body, split).await;
        assert_eq!(connection.response("PUT").await.status, 200, "split {split}");
        assert_eq!(app.reached_once().await.stored_bytes(), CHECK_BODY, "split {split}");
    }
    for split in 1..wrong.len() {
        let chunked = head().body(wrong.clone()).sign(&app.write, now()).in_http_chunks(split);
        app.rejects_body(&chunked, 400, "BadDigest").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_trailers_have_a_limit() {
    let app = TestApp::start().await;
    let many: Vec<(String, String)> = (0..101).map(|number| (format!("x-amz-t-{number}"), "v".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let huge_value = "y".repeat(17 * 1024);
    let huge: [(&str, &str); 1] = [(CRC32.0, &huge_value)];
    let endless_line = [&b"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:"[..], &vec![b'y'; 1 << 20]].concat();
    for body in [aws_chunked(CHECK_BODY, 9, &many), aws_chunked(CHECK_BODY, 9, &huge), endless_line] {
        let response = app.rejects_body_as(&upload(&app, &body), 400).await;
        assert!(response.code().is_some(), "{response:?}");
    }
    app.accepts(upload(&app, &aws_chunked(CHECK_BODY, 9, &[CRC32]))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_a_million_chunks_of_one_byte_cost_a_bounded_time() {
    let app = TestApp::start().await;
    let body = vec![b'x'; 1_000_000];
    let framed = aws_chunked(&body, 1, &[(CRC32.0, &crc32(&body))]);
    let request = Request::put("/bucket/key").unsigned_trailer(&body, &[CRC32]).body(framed).sign(&app.write, now());
    let begun = Instant::now();
    let response = app.send(&request).await;
    // Generous for an unoptimised build; a quadratic reader would need hours.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    if response.status == 200 {
        assert!(app.reached_once().await.stored_bytes() == body);
    } else {
        app.is_refusal(&request, &response, 400, "InvalidRequest");
        app.nothing_could_commit().await;
    }
}

/// An upload that announces [`CHECK_BODY`] and its CRC32, and sends `body`.
fn upload(app: &TestApp, body: &[u8]) -> Request {
    let request = Request::put("/bucket/key").unsigned_trailer(CHECK_BODY, &[CRC32]);
    request.body(body).sign(&app.write, now())
}
