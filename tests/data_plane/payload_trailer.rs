//! `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: the checksum behind the body is the only proof it has.

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, UNSIGNED_TRAILER, aws_chunked, crc32};
use crate::support::request::{Payload, Request};
use crate::support::sign::TestKey;

const CRC32: (&str, &str) = CHECKSUMS[0];

#[tokio::test(flavor = "multi_thread")]
async fn c06_the_decoded_length_is_the_length() {
    let app = TestApp::start().await;
    let with = |length: &str| {
        let request = Request::put("/bucket/key").check_body_with_crc32();
        request.replace("x-amz-decoded-content-length", length).sign(&app.write, now())
    };
    for wrong in ["0", "1", "8", "10", "100000", "4294967305"] {
        app.rejects_body(&with(wrong), 400, "IncompleteBody").await;
    }
    for malformed in ["-1", "+9", "9.0", "0x9", "nine", "", "9 9", "9,9", "9223372036854775808", "18446744073709551625"]
    {
        app.rejects_body_as(&with(malformed), 400).await;
    }
    let twice = Request::put("/bucket/key").check_body_with_crc32().header("x-amz-decoded-content-length", "9");
    app.rejects_body_as(&twice.sign_by_hand(&app.write, now(), |_| {}), 400).await;
    let absent = Request::put("/bucket/key").check_body_with_crc32().without("x-amz-decoded-content-length");
    app.refuses(&absent.sign(&app.write, now()), 411, "MissingContentLength").await;
    app.accepts(with("9")).await;
    assert_eq!(app.last_accepted().stored_bytes(), CHECK_BODY);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_body_without_its_final_chunk_is_incomplete() {
    let app = TestApp::start().await;
    let whole = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now());
    let text = String::from_utf8(whole.body.clone()).expect("the test's body is text");
    let end = text.find("0\r\n").expect("there is a final chunk");
    // Cut at the chunk boundary after all nine bytes, inside the trailer, before the last CRLF.
    for length in [0, 5, 8, 10, end, end + 3, end + 20, text.len() - 2, text.len() - 1] {
        let cut = whole.clone().tamper(|request| request.body.truncate(length));
        app.rejects_body(&cut, 400, "IncompleteBody").await;
        // The same with the connection closed in good order instead of a fitting Content-Length.
        let mut connection = app.connect().await;
        connection.send(whole.head_bytes()).await;
        connection.send(&cut.body).await;
        connection.finish_sending().await;
        if let Ok(response) = connection.try_response("PUT").await {
            app.is_refusal(&cut, &response, 400, "IncompleteBody");
        }
        app.nothing_could_commit().await;
    }
    app.accepts(whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_trailers_are_the_announced_ones_and_never_headers() {
    let app = TestApp::start().await;
    let with = |trailers: &[(&str, &str)]| {
        let request = Request::put("/bucket/key").check_body_with_crc32();
        request.body(aws_chunked(CHECK_BODY, 5, trailers)).sign(&app.write, now())
    };
    let sha1 = CHECKSUMS[3];
    let wrong: [&[(&str, &str)]; 11] = [
        &[],
        &[sha1],
        &[CRC32, sha1],
        &[CRC32, CRC32],
        &[CRC32, ("x-amz-acl", "public-read")],
        &[CRC32, ("x-amz-copy-source", "/bucket/other")],
        &[CRC32, ("authorization", "AWS4-HMAC-SHA256 x")],
        &[CRC32, ("content-length", "9")],
        &[CRC32, ("x-amz-meta-a", "1")],
        &[CRC32, ("", "empty")],
        &[("x amz checksum", "y/Q5Jg==")],
    ];
    for trailers in wrong {
        app.rejects_body(&with(trailers), 400, "MalformedTrailerError").await;
    }
    let no_colon = Request::put("/bucket/key").check_body_with_crc32();
    let no_colon = no_colon.body("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32\r\n\r\n").sign(&app.write, now());
    app.rejects_body(&no_colon, 400, "MalformedTrailerError").await;
    app.accepts(with(&[CRC32])).await;
    // Neither case nor a space behind the colon makes it another trailer.
    app.accepts(with(&[("X-Amz-Checksum-CRC32", " y/Q5Jg==")])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_wrong_trailing_checksum_is_refused_for_each_algorithm() {
    let app = TestApp::start().await;
    for (name, value) in CHECKSUMS {
        for target in ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"] {
            let with = |body: &[u8], value| {
                Request::put(target).unsigned_trailer(body, &[(name, value)]).sign(&app.write, now())
            };
            app.rejects_body(&with(b"123456780", value), 400, "BadDigest").await;
            app.rejects_body(&with(b"", value), 400, "BadDigest").await;
            app.rejects_body(&with(&vec![b'x'; 100_000], value), 400, "BadDigest").await;
            app.accepts(with(CHECK_BODY, value)).await;
            let request = app.last_accepted();
            assert_eq!(request.stored_bytes(), CHECK_BODY);
            assert_eq!(request.told_checksum(name).as_deref(), Some(value), "the checksum travels on");
            for malformed in ["", "AAAA", "not base64!"] {
                app.rejects_body_as(&with(CHECK_BODY, malformed), 400).await;
            }
        }
    }
    let long: Vec<u8> = (0..3_000_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    let crc = crc32(&long);
    let upload = |body: &[u8]| Request::put("/bucket/key").unsigned_trailer(body, &[(CRC32.0, &crc)]);
    let mut altered = long.clone();
    altered[2_999_999] ^= 1;
    app.rejects_body(&upload(&altered).sign(&app.write, now()), 400, "BadDigest").await;
    app.accepts(upload(&long).sign(&app.write, now())).await;
    let request = app.last_accepted();
    assert!(request.stored_bytes() == long);
    assert_eq!(request.aws_trailers(), [(CRC32.0.to_owned(), crc.clone())], "a body that streams has it behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_backend_without_trailers_gets_the_plain_body_or_nothing() {
    let app = TestApp::with(|setup| setup.backend().payload = "plain").await;
    for (name, value) in CHECKSUMS {
        let with = |body: &[u8]| Request::put("/bucket/key").unsigned_trailer(body, &[(name, value)]);
        app.rejects_body(&with(b"123456780").sign(&app.write, now()), 400, "BadDigest").await;
        app.rejects_body(&with(&vec![b'x'; 100_000]).sign(&app.write, now()), 400, "BadDigest").await;
        let response = app.accepts(with(CHECK_BODY).sign(&app.write, now())).await;
        assert_eq!(response.header(name), Some(value), "the verified checksum is in our answer");
        let request = app.last_accepted();
        assert_eq!(request.body, CHECK_BODY);
        assert_eq!(request.header("content-length"), Some("9"));
        assert_eq!(request.header("content-encoding"), None);
        for gone in ["x-amz-trailer", "x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm"] {
            assert_eq!(request.header(gone), None, "{request:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_a_sentinel_without_an_announced_trailer_is_refused() {
    let app = TestApp::start().await;
    let upload = || Request::put("/bucket/key").check_body_with_crc32();
    app.refuses(&upload().without("x-amz-trailer").sign(&app.write, now()), 400, "InvalidRequest").await;
    for names in ["", "x-amz-meta-a", "content-length", "x-amz-checksum-unheard-of", "x-amz-checksum-crc32,x-amz-acl"] {
        let request = upload().replace("x-amz-trailer", names).sign(&app.write, now());
        let refusal = app.send(&request).await;
        assert!(matches!(refusal.status, 400 | 501), "{names}: {refusal:?}");
        app.nothing_reached().await;
    }
    app.accepts(upload().sign(&app.write, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_the_sentinel_needs_a_right_signature_on_every_route() {
    let app = TestApp::start().await;
    let requests = [
        Request::put("/bucket/key"),
        Request::put("/bucket/key?partNumber=1&uploadId=u"),
        Request::put("/bucket/archive.zip").header("x-amz-meta-snowball-auto-extract", "true"),
        Request::put("/bucket/key?tagging"),
        Request::put("/bucket"),
        Request::put("/bucket?policy"),
        Request::post("/bucket?delete"),
        Request::post("/bucket/key?uploads"),
        Request::post("/bucket/key?uploadId=u"),
        Request::get("/bucket/key"),
        Request::head("/bucket/key"),
        Request::delete("/bucket/key"),
    ];
    for request in requests {
        let signed = request.check_body_with_crc32().sign(&app.admin.with_wrong_secret(), now());
        app.refuses(&signed, 403, "SignatureDoesNotMatch").await;
    }
    app.accepts(Request::put("/bucket/key").check_body_with_crc32().sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c15_the_sentinel_is_for_uploads_only() {
    let app = TestApp::start().await;
    for request in [
        Request::put("/bucket/key?tagging"),
        Request::put("/bucket?versioning"),
        Request::put("/bucket"),
        Request::post("/bucket?delete"),
        Request::post("/bucket/key?uploadId=u"),
        Request::delete("/bucket/key"),
        Request::get("/bucket/key"),
    ] {
        app.refuses(&request.check_body_with_crc32().sign(&app.admin, now()), 400, "InvalidRequest").await;
    }
    for target in ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"] {
        app.accepts(Request::put(target).check_body_with_crc32().sign(&app.admin, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c16_the_sentinel_stands_for_no_signature() {
    let app = TestApp::start().await;
    let signed = Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now());
    app.refuses(&signed.clone().without("authorization"), 403, "AccessDenied").await;
    let unknown = Request::put("/bucket/key").check_body_with_crc32().sign(&TestKey::nobodys(), now());
    app.refuses(&unknown, 403, "InvalidAccessKeyId").await;
    let empty = signed.clone().replace("authorization", "");
    app.refuses(&empty, 403, "AccessDenied").await;
    let read_only = Request::put("/bucket/key").check_body_with_crc32().sign(&app.read, now());
    app.refuses(&read_only, 403, "AccessDenied").await;
    // A sentinel that replaces the signed hash.
    let plain = Request::put("/bucket/key").body(CHECK_BODY).sign(&app.write, now());
    let replaced = plain.replace("x-amz-content-sha256", UNSIGNED_TRAILER);
    let response = app.send(&replaced).await;
    assert!(matches!(response.status, 400 | 403 | 411), "{response:?}");
    app.nothing_reached().await;
    app.accepts(signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_only_the_signed_payload_header_decides_the_framing() {
    let app = TestApp::start().await;
    let plain = || Request::put("/bucket/key").body("4\r\nbody\r\n0\r\n\r\n");
    // Claimed to be framed, signed or not: the bytes are what the hash says they are.
    let claimed = [
        plain().header("content-encoding", "aws-chunked").sign(&app.write, now()),
        plain().sign(&app.write, now()).header("content-encoding", "aws-chunked"),
        plain().unsigned_payload().sign(&app.write, now()).header("content-encoding", "aws-chunked"),
    ];
    for request in claimed {
        let response = app.send(&request).await;
        if response.status == 200 {
            assert_eq!(app.reached_once().await.body, request.body);
        } else {
            app.is_refusal(&request, &response, 400, "InvalidRequest");
            app.nothing_reached().await;
        }
    }
    // Framed, but the unsigned header that says so is gone.
    let framed = Request::put("/bucket/key").check_body_with_crc32().without("content-encoding");
    app.accepts(framed.sign(&app.write, now())).await;
    let stored = app.last_accepted();
    assert_eq!(stored.stored_bytes(), CHECK_BODY, "no framing in the object");
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_only_the_aws_chunked_token_is_taken_from_content_encoding() {
    let plain = TestApp::with(|setup| setup.backend().payload = "plain").await;
    let trailer = TestApp::start().await;
    let body = vec![b'x'; 100_000];
    let crc = crc32(&body);
    for (sent, stored) in [
        ("aws-chunked, gzip", Some("gzip")),
        ("gzip, aws-chunked", Some("gzip")),
        ("gzip,aws-chunked", Some("gzip")),
        ("aws-chunked, aws-chunked", None),
        ("AWS-Chunked", None),
        ("aws-chunked, zstd, gzip", Some("zstd,gzip")),
        ("gzip", Some("gzip")),
    ] {
        let request = Request::put("/bucket/key").check_body_with_crc32().replace("content-encoding", sent);
        plain.accepts(request.sign(&plain.write, now())).await;
        let recorded = plain.last_accepted();
        assert_eq!(
            recorded.header("content-encoding").map(|value| value.replace(", ", ",")).as_deref(),
            stored,
            "{sent}"
        );
        assert_eq!(recorded.body, CHECK_BODY);

        // Long enough to be sent on framed.
        let long = Request::put("/bucket/key").unsigned_trailer(&body, &[(CRC32.0, &crc)]);
        trailer.accepts(long.replace("content-encoding", sent).sign(&trailer.write, now())).await;
        let recorded = trailer.last_accepted();
        let value = recorded.header("content-encoding").map(|value| value.replace(", ", ","));
        assert_eq!(value.as_deref(), stored, "{sent}");
        assert!(recorded.stored_bytes() == body);
    }
    // Without framing there is no token to take.
    let gzip = Request::put("/bucket/key").header("content-encoding", "gzip").body("not really gzip");
    plain.accepts(gzip.sign(&plain.write, now())).await;
    let recorded = plain.last_accepted();
    assert_eq!(
        (recorded.header("content-encoding"), recorded.body.as_slice()),
        (Some("gzip"), &b"not really gzip"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_value_is_no_sentinel_in_another_case() {
    let app = TestApp::start().await;
    for word in
        ["streaming-unsigned-payload-trailer", "STREAMING-UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER "]
    {
        let request = Request::put("/bucket/key").check_body_with_crc32().payload(Payload::Value(word.into()));
        let response = app.send(&request.sign_by_hand(&app.write, now(), |_| {})).await;
        if word.ends_with(' ') {
            // A space at the end of a header value is no part of it.
            assert!(matches!(response.status, 200 | 403), "{response:?}");
        } else {
            assert_eq!((response.status, response.code().as_deref()), (400, Some("InvalidArgument")), "{response:?}");
            app.nothing_reached().await;
        }
    }
}
