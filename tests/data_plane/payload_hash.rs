//! Bodies that are proved by one value: a SHA-256, a Content-MD5, a checksum header, or being empty.

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECK_MD5, CHECKSUMS};
use crate::support::http2::Http2;
use crate::support::recording_backend::BodyState;
use crate::support::request::{Payload, Request, sha256_hex};

#[tokio::test(flavor = "multi_thread")]
async fn c01_a_body_other_than_its_sha256_can_never_be_committed() {
    let app = TestApp::start().await;
    // Around the sizes where buffers begin and end, and one that streams for a while.
    for size in [1, 2, 1000, 16 * 1024, 64 * 1024, 64 * 1024 + 1, 1 << 20, 8 << 20] {
        let body: Vec<u8> = (0..size).map(|index: usize| u8::try_from(index % 251).expect("below 251")).collect();
        let signed = Request::put("/bucket/key").body(body.clone()).sign(&app.write, now());
        for position in [0, size / 2, size - 1] {
            let altered = signed.clone().tamper(|request| request.body[position] ^= 1);
            app.rejects_body(&altered, 400, "XAmzContentSHA256Mismatch").await;
        }
        app.accepts(signed).await;
        let stored = app.backend.requests().into_iter().last().expect("it was accepted");
        assert!(stored.body == body, "the stored bytes are the sent ones, {size} bytes");
        assert_eq!(stored.header("x-amz-content-sha256"), Some(sha256_hex(&body).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_a_shorter_or_a_longer_body_is_refused_too() {
    let app = TestApp::start().await;
    let signed = Request::put("/bucket/key").body(vec![b'x'; 100_000]).sign(&app.write, now());
    for length in [0, 1, 99_999, 100_001, 200_000] {
        let other = signed.clone().tamper(|request| request.body.resize(length, b'x'));
        app.rejects_body(&other, 400, "XAmzContentSHA256Mismatch").await;
    }
    app.accepts(signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_the_hash_holds_over_http2_too() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let mut connection = Http2::open(app.address, &ca, "localhost").await;
    for size in [1, 100_000] {
        let signed = Request::put("/bucket/key").body(vec![b'x'; size]).sign(&app.write, now());
        let altered = signed.clone().tamper(|request| request.body[size / 2] ^= 1);
        let refusal = connection.exchange(&altered).await;
        app.is_refusal(&altered, &refusal, 400, "XAmzContentSHA256Mismatch");
        app.nothing_could_commit().await;
        assert_eq!(connection.exchange(&signed).await.status, 200);
        assert_eq!(app.reached_once().await.body, signed.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_the_last_bytes_wait_until_the_hash_is_proved() {
    let app = TestApp::start().await;
    let signed = Request::put("/bucket/key").body(vec![b'x'; 1 << 20]).sign(&app.write, now());
    let mut connection = app.connect().await;
    let bytes = signed.bytes();
    let (most, last) = bytes.split_at(bytes.len() - 1);
    connection.send(most).await;
    // It streams: most of the body is at the backend before the client has sent all of it.
    app.backend.wait_for_body(0, (1 << 20) - (256 << 10)).await;
    let request = app.backend.only_request();
    assert_eq!(request.body_state, BodyState::Arriving);
    assert!(request.body.len() < 1 << 20);
    connection.send(last).await;
    assert_eq!(connection.response("PUT").await.status, 200);
    assert_eq!(app.reached_once().await.body.len(), 1 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_every_operation_with_a_body_is_held_to_its_hash() {
    let app = TestApp::start().await;
    let tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let delete = "<Delete><Object><Key>a</Key></Object></Delete>";
    for request in [
        Request::put("/bucket/key?partNumber=1&uploadId=u").body("a part"),
        Request::put("/bucket/key?tagging").body(tagging),
        Request::post("/bucket?delete").body(delete),
    ] {
        let signed = request.sign(&app.admin, now());
        let altered = signed.clone().tamper(|request| {
            let last = request.body.len() - 3;
            request.body[last] ^= 1;
        });
        app.rejects_body(&altered, 400, "XAmzContentSHA256Mismatch").await;
        app.accepts(signed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_body_that_ends_early_is_cut_off_upstream() {
    let app = TestApp::start().await;
    for request in [
        Request::put("/bucket/key").body(vec![b'x'; 300_000]),
        Request::put("/bucket/key").body(vec![b'x'; 300_000]).unsigned_payload(),
        Request::put("/bucket/key").body("short"),
    ] {
        let signed = request.sign(&app.write, now());
        let bytes = signed.bytes();
        // Everything but the last byte, then the end: the framing says that something is missing.
        let mut connection = app.connect().await;
        connection.send(&bytes[..bytes.len() - 1]).await;
        connection.finish_sending().await;
        if let Ok(response) = connection.try_response("PUT").await {
            app.is_refusal(&signed, &response, 400, "IncompleteBody");
        }
        app.nothing_could_commit().await;
        app.accepts(signed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c21_a_content_md5_that_does_not_fit_is_refused() {
    let app = TestApp::start().await;
    let put = || Request::put("/bucket/key").body(CHECK_BODY);
    for payload in [Payload::Hashed, Payload::Value("UNSIGNED-PAYLOAD".into())] {
        let with = |md5: &str| put().payload(payload.clone()).header("Content-MD5", md5).sign(&app.write, now());
        app.rejects_body(&with("1B2M2Y8AsgTpgAmY7PhCfg=="), 400, "BadDigest").await;
        // The right value with one letter in the other case is another value.
        app.rejects_body(&with("jfnnlDI7RTiF9RgfG2JNCw=="), 400, "BadDigest").await;
        for malformed in ["", "JfnnlDI7RTiF9RgfG2JN", "JfnnlDI7RTiF9RgfG2JNCw", "not base64!", &"A".repeat(2000)] {
            app.refuses(&with(malformed), 400, "InvalidDigest").await;
        }
        // As hex, which some clients send by mistake.
        app.refuses(&with("25f9e794323b453885f5181f1b624d0b"), 400, "InvalidDigest").await;
        app.accepts(with(CHECK_MD5)).await;
    }
    // Unsigned, it is checked all the same.
    let signed = put().sign(&app.write, now());
    app.rejects_body(&signed.clone().header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), 400, "BadDigest").await;
    app.accepts(signed.header("Content-MD5", CHECK_MD5)).await;
    // With a body that streams.
    let long = Request::put("/bucket/key").body(vec![b'x'; 500_000]).unsigned_payload();
    app.rejects_body(&long.header("Content-MD5", CHECK_MD5).sign(&app.write, now()), 400, "BadDigest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_checksum_header_holds_for_every_payload_kind() {
    let app = TestApp::start().await;
    for (name, value) in CHECKSUMS {
        for payload in [Payload::Hashed, Payload::Value("UNSIGNED-PAYLOAD".into())] {
            let with = |body: &[u8], value: &str| {
                let request = Request::put("/bucket/key").payload(payload.clone()).header(name, value);
                request.body(body).sign(&app.write, now())
            };
            app.rejects_body(&with(b"123456780", value), 400, "BadDigest").await;
            app.rejects_body(&with(b"", value), 400, "BadDigest").await;
            app.rejects_body(&with(&vec![b'x'; 200_000], value), 400, "BadDigest").await;
            for malformed in ["", "AAAA", "not base64!", "y/Q5Jg"] {
                let response = app.rejects_body_as(&with(CHECK_BODY, malformed), 400).await;
                let code = response.code().unwrap_or_default();
                assert!(["InvalidRequest", "BadDigest", "InvalidDigest"].contains(&code.as_str()), "{response:?}");
            }
            app.accepts(with(CHECK_BODY, value)).await;
            let request = app.backend.requests().into_iter().last().expect("it was accepted");
            assert_eq!(request.header(name), Some(value), "the checksum reaches the backend");
        }
    }
    // An algorithm that is not verified here is refused by name.
    let unknown = Request::put("/bucket/key").header("x-amz-checksum-xxhash64", "AAAAAAAAAAA=").body(CHECK_BODY);
    let response = app.rejects_body_as(&unknown.sign(&app.write, now()), 0).await;
    assert!(matches!(response.status, 400 | 501), "{response:?}");
    assert!(response.text().contains("xxhash64"), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_an_algorithm_without_its_checksum_is_refused() {
    let app = TestApp::start().await;
    for payload in [Payload::Hashed, Payload::Value("UNSIGNED-PAYLOAD".into())] {
        let named = Request::put("/bucket/key")
            .payload(payload)
            .header("x-amz-sdk-checksum-algorithm", "CRC32")
            .body(CHECK_BODY);
        app.refuses(&named.clone().sign(&app.write, now()), 400, "InvalidRequest").await;
        app.accepts(named.header(CHECKSUMS[0].0, CHECKSUMS[0].1).sign(&app.write, now())).await;
    }
    // A trailer is announced, but the payload says that none comes.
    let announced = Request::put("/bucket/key").header("x-amz-trailer", "x-amz-checksum-crc32").body(CHECK_BODY);
    app.refuses(&announced.clone().sign(&app.write, now()), 400, "InvalidRequest").await;
    app.refuses(&announced.unsigned_payload().sign(&app.write, now()), 400, "InvalidRequest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_payload_header_the_body_has_to_be_empty() {
    let app = TestApp::start().await;
    let put = |body: &str| Request::put("/bucket/key").body(body).payload(Payload::Absent).sign(&app.write, now());
    for body in ["x", "body", &"x".repeat(100_000)] {
        let refusal = app.rejects_body(&put(body), 400, "InvalidRequest").await;
        assert!(refusal.text().contains("x-amz-content-sha256"), "the header is named: {refusal:?}");
        let chunked = put(body).in_http_chunks(10);
        app.rejects_body(&chunked, 400, "InvalidRequest").await;
    }
    app.accepts(put("")).await;
    app.accepts(Request::get("/bucket/key").payload(Payload::Absent).sign(&app.write, now())).await;
}
