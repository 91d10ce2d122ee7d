//! `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` and `-TRAILER`: nothing of a chunk is sent on before its signature
//! has been verified, and nothing is whole at the backend before every signature has been.

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, UNSIGNED_TRAILER, crc32};
use crate::support::http2::Http2;
use crate::support::request::{Payload, Request};
use crate::support::sign::TestKey;
use crate::support::signed_chunks::{SIGNED, SIGNED_TRAILER, SignedUpload};

const CRC32: (&str, &str) = CHECKSUMS[0];
const TARGETS: [&str; 2] = ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"];
const CHUNK: usize = 64 * 1024;

/// [`CHECK_BODY`] in chunks of 4, 4 and 1 bytes.
fn short(app: &TestApp, target: &str, trailers: &[(&str, &str)]) -> SignedUpload {
    Request::put(target).in_signed_chunks(CHECK_BODY, 4, trailers, &app.write, now())
}

/// Chunks that each have one letter of their own; the last is short.
fn letters() -> Vec<u8> {
    [vec![b'p'; CHUNK], vec![b'q'; CHUNK], vec![b'r'; CHUNK], vec![b's'; 1000]].concat()
}

fn long(app: &TestApp, target: &str) -> SignedUpload {
    Request::put(target).in_signed_chunks(&letters(), CHUNK, &[], &app.write, now())
}

/// Every request that the backend saw, as far as it came.
fn seen(app: &TestApp) -> Vec<u8> {
    app.backend.requests().into_iter().flat_map(|request| request.body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_chunks_arrive_as_they_were_signed() {
    for payload in ["trailer", "plain"] {
        let app = TestApp::with(|setup| setup.backend().payload = payload).await;
        for target in TARGETS {
            app.accepts(short(&app, target, &[]).request()).await;
            assert_eq!(app.last_accepted().body, CHECK_BODY);
            app.accepts(long(&app, target).request()).await;
            let request = app.last_accepted();
            assert!(request.body == letters());
            assert_eq!(request.header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
            assert_eq!(request.header("content-encoding"), None);
            request.assert_signed_by_us();
            for (name, value) in CHECKSUMS {
                let response = app.accepts(short(&app, target, &[(name, value)]).request()).await;
                let request = app.last_accepted();
                assert_eq!(request.stored_bytes(), CHECK_BODY);
                if payload == "trailer" {
                    assert_eq!(request.told_checksum(name).as_deref(), Some(value));
                } else {
                    assert_eq!(response.header(name), Some(value), "the verified checksum is in our answer");
                }
            }
            let crc = crc32(&letters());
            let upload =
                Request::put(target).in_signed_chunks(&letters(), CHUNK, &[(CRC32.0, &crc)], &app.write, now());
            let response = app.accepts(upload.request()).await;
            let request = app.last_accepted();
            assert!(request.stored_bytes() == letters());
            if payload == "trailer" {
                assert_eq!(request.aws_trailers(), [(CRC32.0.to_owned(), crc)]);
            } else {
                assert_eq!(response.header(CRC32.0), Some(crc.as_str()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_chunks_come_over_http_2_too() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let mut connection = Http2::open(app.address, &ca, "localhost").await;
    for target in TARGETS {
        for trailers in [&[][..], &[CRC32]] {
            let upload = short(&app, target, trailers);
            let response = connection.exchange(&upload.request()).await;
            assert_eq!(response.status, 200, "{response:?}");
            assert_eq!(app.reached_once().await.stored_bytes(), CHECK_BODY);
            let wrong = upload.changed(|upload| *upload.chunks[1].last_mut().expect("a line end") ^= 1);
            let response = connection.exchange(&wrong).await;
            app.is_refusal(&wrong, &response, 400, "InvalidRequest");
            let wrong = upload.changed(|upload| upload.chunks.swap(0, 1));
            let response = connection.exchange(&wrong).await;
            app.is_refusal(&wrong, &response, 403, "SignatureDoesNotMatch");
        }
    }
    let response = connection.exchange(&long(&app, TARGETS[0]).request()).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert!(app.reached_once().await.body == letters());
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_a_flipped_byte_ends_the_upload_before_its_chunk_is_sent_on() {
    for target in TARGETS {
        // What it saw of the chunks before is on record, so each target has its own.
        let app = TestApp::with(|setup| setup.backend().payload = "plain").await;
        let upload = long(&app, target);
        for (chunk, letter) in [(0, b'p'), (1, b'q'), (2, b'r'), (3, b's')] {
            let header = upload.chunks[chunk].iter().position(|&byte| byte == b'\n').expect("a header") + 1;
            for at in [header, upload.chunks[chunk].len() - 3] {
                let flipped = upload.changed(|upload| upload.chunks[chunk][at] ^= 1);
                app.rejects_body(&flipped, 403, "SignatureDoesNotMatch").await;
                assert!(!seen(&app).contains(&letter), "nothing of chunk {chunk} was sent on");
            }
            // Its signature, too.
            let flipped = upload.changed(|upload| {
                let digit = &mut upload.chunks[chunk][header - 3];
                *digit = if *digit == b'0' { b'1' } else { b'0' };
            });
            app.rejects_body(&flipped, 403, "SignatureDoesNotMatch").await;
            assert!(!seen(&app).contains(&letter), "nothing of chunk {chunk} was sent on");
        }
        let last = upload.chunks.len() - 1;
        let flipped = upload.changed(|upload| {
            let digit = &mut upload.chunks[last][80];
            *digit = if *digit == b'0' { b'1' } else { b'0' };
        });
        app.rejects_body(&flipped, 403, "SignatureDoesNotMatch").await;
        let short = short(&app, target, &[]);
        let last = short.chunks[0].len() - 3;
        app.rejects_body(&short.changed(|upload| upload.chunks[0][last] ^= 1), 403, "SignatureDoesNotMatch").await;
        app.accepts(upload.request()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_chunks_cannot_change_places_repeat_or_be_left_out() {
    let app = TestApp::start().await;
    for target in TARGETS {
        for upload in [short(&app, target, &[]), short(&app, target, &[CRC32]), long(&app, target)] {
            let swapped = upload.changed(|upload| upload.chunks.swap(0, 1));
            let repeated = upload.changed(|upload| upload.chunks.insert(1, upload.chunks[0].clone()));
            let dropped = upload.changed(|upload| drop(upload.chunks.remove(1)));
            let first_dropped = upload.changed(|upload| drop(upload.chunks.remove(0)));
            let last_dropped = upload.changed(|upload| drop(upload.chunks.remove(upload.chunks.len() - 2)));
            // The chunk of another upload, signed by the same key at the same time.
            let other = short(&app, "/bucket/other", &[]).chunks[0].clone();
            let foreign = upload.changed(|upload| upload.chunks[0] = other);
            for wrong in [swapped, repeated, dropped, first_dropped, last_dropped, foreign] {
                app.rejects_body(&wrong, 403, "SignatureDoesNotMatch").await;
            }
            app.accepts(upload.request()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_signed_body_without_its_final_chunk_is_incomplete() {
    let app = TestApp::start().await;
    for (target, trailers) in [(TARGETS[0], &[][..]), (TARGETS[1], &[]), (TARGETS[0], &[CRC32]), (TARGETS[1], &[CRC32])]
    {
        let upload = short(&app, target, trailers);
        let whole = upload.request();
        let boundary = upload.chunks[..upload.chunks.len() - 1].concat().len();
        let final_chunk = upload.chunks.last().expect("a final chunk").len();
        for length in
            [0, 40, upload.chunks[0].len(), boundary, boundary + 30, boundary + final_chunk, whole.body.len() - 1]
        {
            let cut = whole.clone().tamper(|request| request.body.truncate(length));
            app.rejects_body(&cut, 400, "IncompleteBody").await;
            let chunked = cut.clone().in_http_chunks(50);
            app.rejects_body(&chunked, 400, "IncompleteBody").await;
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
    let upload = long(&app, TARGETS[0]);
    let boundary = upload.chunks[..upload.chunks.len() - 1].concat().len();
    let cut = upload.request().tamper(|request| request.body.truncate(boundary));
    app.rejects_body(&cut, 400, "IncompleteBody").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_the_decoded_length_of_signed_chunks_is_their_length() {
    let app = TestApp::start().await;
    let chunks: Vec<&[u8]> = CHECK_BODY.chunks(4).collect();
    for (target, trailers) in [(TARGETS[0], &[][..]), (TARGETS[1], &[CRC32])] {
        let with = |length: &str| {
            let head = Request::put(target).announce_signed_chunks(CHECK_BODY, trailers);
            let head = head.replace("x-amz-decoded-content-length", length).sign(&app.write, now());
            SignedUpload::of(head, &chunks, trailers, &app.write, now()).request()
        };
        for wrong in ["0", "1", "8", "10", "100000", "4294967305"] {
            app.rejects_body(&with(wrong), 400, "IncompleteBody").await;
        }
        for malformed in ["-1", "+9", "9.0", "0x9", "", "9 9", "9,9", "9223372036854775808", "18446744073709551625"] {
            app.rejects_body_as(&with(malformed), 400).await;
        }
        let announced = || Request::put(target).announce_signed_chunks(CHECK_BODY, trailers);
        let twice = announced().header("x-amz-decoded-content-length", "9").sign_by_hand(&app.write, now(), |_| {});
        app.rejects_body_as(&SignedUpload::of(twice, &chunks, trailers, &app.write, now()).request(), 400).await;
        let absent = announced().without("x-amz-decoded-content-length").sign(&app.write, now());
        let absent = SignedUpload::of(absent, &chunks, trailers, &app.write, now()).request();
        app.refuses(&absent, 411, "MissingContentLength").await;
        app.accepts(with("9")).await;
        assert_eq!(app.last_accepted().stored_bytes(), CHECK_BODY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_no_byte_of_a_chunk_leaves_before_the_chunk_is_verified() {
    let app = TestApp::with(|setup| setup.backend().payload = "plain").await;
    for (index, target) in TARGETS.into_iter().enumerate() {
        let body = [vec![b'p'; CHUNK], vec![b'q'; 1 << 20], vec![b'r'; CHUNK]].concat();
        let head = Request::put(target).announce_signed_chunks(&body, &[]).sign(&app.write, now());
        let chunks = [&body[..CHUNK], &body[CHUNK..CHUNK + (1 << 20)], &body[CHUNK + (1 << 20)..]];
        let upload = SignedUpload::of(head, &chunks, &[], &app.write, now());
        let mut connection = app.connect().await;
        connection.send(upload.request().head_bytes()).await;
        connection.send(&upload.chunks[0]).await;
        let (most, rest) = upload.chunks[1].split_at(upload.chunks[1].len() - 1000);
        connection.send_in_pieces(most, 100_000).await;
        // What was verified has arrived, but for the end that is held back.
        app.backend.wait_for_body(index, CHUNK - 4096).await;
        connection.send(rest.to_ascii_uppercase()).await;
        let response = connection.response("PUT").await;
        app.is_refusal(&upload.request(), &response, 403, "SignatureDoesNotMatch");
        app.nothing_could_commit().await;
        let seen = app.backend.requests().into_iter().nth(index).expect("it began").body;
        assert!(seen.iter().all(|byte| *byte == b'p'), "nothing of the second chunk was sent on");
    }
    // A header that claims more than there is, in either direction, and chunks that are too large.
    for target in TARGETS {
        let upload = short(&app, target, &[]);
        for (claimed, status) in [("5", 403), ("3", 403), ("100", 400)] {
            let wrong = upload.changed(|upload| drop(upload.chunks[0].splice(..1, claimed.bytes())));
            let response = app.send(&wrong).await;
            assert!([status, 403].contains(&response.status), "{claimed}: {response:?}");
            app.nothing_could_commit().await;
        }
        let large = vec![b'x'; (1 << 20) + 1];
        let over = Request::put(target).in_signed_chunks(&large, large.len(), &[], &app.write, now());
        app.rejects_body(&over.request(), 400, "InvalidChunkSizeError").await;
        // Said at its header, before a byte of it is there.
        let mut connection = app.connect().await;
        connection.send(over.request().head_bytes()).await;
        connection.send(&over.chunks[0][..90]).await;
        let response = connection.response("PUT").await;
        app.is_refusal(&over.request(), &response, 400, "InvalidChunkSizeError");
        app.nothing_could_commit().await;
        let most = &large[1..];
        app.accepts(Request::put(target).in_signed_chunks(most, most.len(), &[], &app.write, now()).request()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_signed_sentinels_need_a_right_signature_on_every_route() {
    let app = TestApp::start().await;
    for sentinel in [SIGNED, SIGNED_TRAILER] {
        for request in [
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
        ] {
            let request = request.announce_signed_chunks(CHECK_BODY, &[]).payload(Payload::Value(sentinel.into()));
            let request = request.sign(&app.admin.with_wrong_secret(), now());
            app.refuses(&request, 403, "SignatureDoesNotMatch").await;
        }
    }
    // The head is signed rightly, and the chunks by somebody else.
    for target in TARGETS {
        let head = Request::put(target).announce_signed_chunks(CHECK_BODY, &[]).sign(&app.write, now());
        let chunks = SignedUpload::of(head, &[CHECK_BODY], &[], &app.write.with_wrong_secret(), now());
        app.rejects_body(&chunks.request(), 403, "SignatureDoesNotMatch").await;
        app.accepts(short(&app, target, &[]).request()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c15_signed_sentinels_are_for_uploads_only() {
    let app = TestApp::start().await;
    for trailers in [&[][..], &[CRC32]] {
        for request in [
            Request::put("/bucket/key?tagging"),
            Request::put("/bucket?versioning"),
            Request::put("/bucket"),
            Request::put("/bucket?policy"),
            Request::post("/bucket?delete"),
            Request::post("/bucket/key?uploadId=u"),
            Request::delete("/bucket/key"),
            Request::get("/bucket/key"),
        ] {
            let upload = request.in_signed_chunks(CHECK_BODY, 4, trailers, &app.admin, now());
            app.refuses(&upload.request(), 400, "InvalidRequest").await;
        }
        for target in TARGETS {
            app.accepts(short(&app, target, trailers).request()).await;
        }
    }
    for version_4a in ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"] {
        let request = Request::put(TARGETS[0]).body(CHECK_BODY).payload(Payload::Value(version_4a.into()));
        let refusal = app.refuses(&request.sign(&app.write, now()), 501, "NotImplemented").await;
        assert!(refusal.text().contains(version_4a), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c16_a_signed_sentinel_stands_for_no_signature() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let upload = short(&app, target, &[]).request();
        app.refuses(&upload.clone().without("authorization"), 403, "AccessDenied").await;
        app.refuses(&upload.clone().replace("authorization", ""), 403, "AccessDenied").await;
        let unknown = Request::put(target).in_signed_chunks(CHECK_BODY, 4, &[], &TestKey::nobodys(), now());
        app.refuses(&unknown.request(), 403, "InvalidAccessKeyId").await;
        let read_only = Request::put(target).in_signed_chunks(CHECK_BODY, 4, &[], &app.read, now());
        app.refuses(&read_only.request(), 403, "AccessDenied").await;
        app.accepts(upload).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_another_payload_form_than_the_signed_one_is_refused() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let upload = short(&app, target, &[CRC32]).request();
        for form in [SIGNED, UNSIGNED_TRAILER, "UNSIGNED-PAYLOAD"] {
            app.refuses(&upload.clone().replace("x-amz-content-sha256", form), 403, "SignatureDoesNotMatch").await;
        }
        // Signed for one framing, sent in the other.
        let unsigned = Request::put(target).unsigned_trailer(CHECK_BODY, &[CRC32]).sign(&app.write, now());
        app.rejects_body(&unsigned.tamper(|request| request.body.clone_from(&upload.body)), 400, "InvalidRequest")
            .await;
        let framed = Request::put(target).check_body_with_crc32().sign(&app.write, now()).body;
        app.rejects_body(&upload.clone().tamper(|request| request.body = framed), 400, "InvalidRequest").await;
        // Without the header that says it is framed: it is, all the same.
        for trailers in [&[][..], &[CRC32]] {
            let head = Request::put(target).announce_signed_chunks(CHECK_BODY, trailers).without("content-encoding");
            let upload = SignedUpload::of(head.sign(&app.write, now()), &[CHECK_BODY], trailers, &app.write, now());
            app.accepts(upload.request()).await;
            assert_eq!(app.last_accepted().stored_bytes(), CHECK_BODY, "no framing in the object");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_of_signed_chunks_only_the_aws_chunked_token_goes() {
    let app = TestApp::with(|setup| setup.backend().payload = "plain").await;
    for (sent, stored) in [
        ("aws-chunked, gzip", Some("gzip")),
        ("gzip, aws-chunked", Some("gzip")),
        ("aws-chunked, aws-chunked", None),
        ("aws-chunked", None),
    ] {
        let head =
            Request::put("/bucket/key").announce_signed_chunks(CHECK_BODY, &[]).replace("content-encoding", sent);
        let upload = SignedUpload::of(head.sign(&app.write, now()), &[CHECK_BODY], &[], &app.write, now());
        app.accepts(upload.request()).await;
        let recorded = app.last_accepted();
        assert_eq!((recorded.header("content-encoding"), recorded.body.as_slice()), (stored, CHECK_BODY), "{sent}");
    }
}
