//! The framing of signed chunks and their trailer: each line strictly as the specification writes it, within
//! its limits, however the stream is cut into pieces.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, crc32};
use crate::support::request::Request;
use crate::support::signed_chunks::{SIGNED, SIGNED_TRAILER, SignedUpload};

const CRC32: (&str, &str) = CHECKSUMS[0];
const TARGETS: [&str; 2] = ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"];

fn upload(app: &TestApp, target: &str, trailers: &[(&str, &str)]) -> SignedUpload {
    Request::put(target).in_signed_chunks(CHECK_BODY, 4, trailers, &app.write, now())
}

#[tokio::test(flavor = "multi_thread")]
async fn c08_nothing_may_follow_the_end_of_a_signed_body() {
    let app = TestApp::start().await;
    for (target, trailers) in [(TARGETS[0], &[][..]), (TARGETS[1], &[]), (TARGETS[0], &[CRC32]), (TARGETS[1], &[CRC32])]
    {
        let right = upload(&app, target, trailers);
        let mut wrong: Vec<Request> = ["x", "\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]
            .map(|more| right.request().tamper(|request| request.body.extend_from_slice(more.as_bytes())))
            .to_vec();
        // A second final chunk, before the end and behind it.
        let end = right.chunks.last().expect("a final chunk").clone();
        wrong.push(right.changed(|upload| upload.chunks.push(end.clone())));
        wrong.push(right.request().tamper(|request| request.body.extend_from_slice(&end)));
        // A chunk that is longer than it says.
        wrong.push(right.changed(|upload| {
            let at = upload.chunks[0].len() - 2;
            upload.chunks[0].insert(at, b'x');
        }));
        for request in wrong {
            let mut connection = app.connect().await;
            let response = connection.exchange(&request).await;
            app.is_refusal(&request, &response, 400, &response.code().unwrap_or_default());
            app.nothing_could_commit().await;
            assert_eq!(response.header("connection"), Some("close"), "{response:?}");
            let next = Request::get("/bucket/next").sign(&app.read, now());
            assert!(connection.try_exchange(&next.bytes(), "GET").await.is_err(), "nothing more is answered");
        }
        let without_end = right.request().tamper(|request| request.body.truncate(request.body.len() - 2));
        app.rejects_body(&without_end, 400, "IncompleteBody").await;
        app.accepts(right.request()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c09_a_signed_chunk_header_is_a_length_and_one_signature() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let right = upload(&app, target, &[]);
        let text = String::from_utf8(right.chunks[0].clone()).expect("the chunk is text");
        let signature = text[1..text.find('\r').expect("a line end")].to_owned();
        let huge = format!("4;x={}{signature}", "y".repeat(1 << 20));
        let long = format!("4;x={}{signature}", "y".repeat(1000));
        let (upper, digits) = (signature.to_ascii_uppercase(), &signature[17..]);
        let wrong = [
            format!("0x4{signature}"),
            format!(" 4{signature}"),
            format!("+4{signature}"),
            format!("-4{signature}"),
            format!("4 {signature}"),
            format!("4{signature} "),
            format!("00000000000000004{signature}"),
            format!("10000000000000004{signature}"),
            format!("4{signature}{signature}"),
            format!("4;a=b{signature}"),
            format!("4{signature};a=b"),
            "4".to_owned(),
            "4;".to_owned(),
            format!("4; chunk-signature={digits}"),
            format!("4;chunk-signature={}", &digits[1..]),
            format!("4;chunk-signature={digits}0"),
            format!("4;chunk-signature=\"{digits}\""),
            format!("4{upper}"),
            signature.clone(),
            String::new(),
            huge,
            long,
        ];
        for header in wrong {
            let chunk = format!("{header}\r\n1234\r\n").into_bytes();
            app.rejects_body(&right.changed(|upload| upload.chunks[0] = chunk), 400, "InvalidRequest").await;
        }
        for chunk in [
            format!("4{signature}\n1234\r\n"),
            format!("4{signature}\r1234\r\n"),
            format!("4{signature}\r\n1234\n"),
            format!("4{signature}\r\r\n1234\r\n"),
        ] {
            let request = right.changed(|upload| upload.chunks[0] = chunk.into_bytes());
            app.rejects_body(&request, 400, "InvalidRequest").await;
        }
        for size in ["100001", "FFFFFFFFFFFFFFFF", "8000000000000000"] {
            let chunk = format!("{size}{signature}\r\n1234\r\n").into_bytes();
            app.rejects_body(&right.changed(|upload| upload.chunks[0] = chunk), 400, "InvalidChunkSizeError").await;
        }
        for size in ["4", "04", "0004"] {
            let chunk = format!("{size}{signature}\r\n1234\r\n").into_bytes();
            app.accepts(right.changed(|upload| upload.chunks[0] = chunk)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_the_trailer_needs_the_signature_over_itself() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let right = upload(&app, target, &[CRC32]);
        let line = |text: &str| text.find("x-amz-trailer-signature").expect("there is one");
        let app = &app;
        let rejected = async |request: Request| {
            app.rejects_body(&request, 403, "SignatureDoesNotMatch").await;
        };
        rejected(right.with_trailer(|text| text[..line(&text)].to_owned())).await;
        rejected(right.changed(|upload| upload.trailer.clear())).await;
        for value in ["", "short", &"0".repeat(64), &"g".repeat(64), &"0".repeat(65)] {
            let wrong = |text: String| format!("{}x-amz-trailer-signature:{value}\r\n", &text[..line(&text)]);
            rejected(right.with_trailer(wrong)).await;
        }
        rejected(right.with_trailer(|text| text.replace("signature:", "signature: x"))).await;
        // Over another value, over more, and of another upload.
        let (_, sha1) = CHECKSUMS[3];
        rejected(right.with_trailer(|text| text.replace(CRC32.1, "AAAAAA=="))).await;
        rejected(right.with_trailer(|text| format!("x-amz-checksum-sha1:{sha1}\r\n{text}"))).await;
        rejected(right.with_trailer(|text| format!("x-amz-acl:public-read\r\n{text}"))).await;
        let other = upload(app, "/bucket/other", &[CRC32]).trailer;
        rejected(right.changed(|upload| upload.trailer = other)).await;
        // The signature of the last chunk is none of the trailer.
        let last = String::from_utf8(right.chunks.last().expect("a final chunk").clone()).expect("text");
        let digits = last.trim_end()[18..].to_owned();
        rejected(right.with_trailer(|text| format!("{}x-amz-trailer-signature:{digits}\r\n", &text[..line(&text)])))
            .await;
        app.accepts(right.request()).await;
        app.accepts(right.with_trailer(|text| text.replace("signature:", "Signature: "))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_signed_trailers_are_the_announced_ones_and_never_headers() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let head = || Request::put(target).announce_signed_chunks(CHECK_BODY, &[CRC32]).sign(&app.write, now());
        let with =
            |trailers: &[(&str, &str)]| SignedUpload::of(head(), &[CHECK_BODY], trailers, &app.write, now()).request();
        for trailers in [
            &[CHECKSUMS[3]][..],
            &[CRC32, CHECKSUMS[3]],
            &[CRC32, ("x-amz-acl", "public-read")],
            &[CRC32, ("x-amz-copy-source", "/bucket/other")],
            &[CRC32, ("authorization", "AWS4-HMAC-SHA256 x")],
            &[CRC32, ("content-length", "9")],
            &[CRC32, ("x-amz-meta-a", "1")],
        ] {
            app.rejects_body(&with(trailers), 400, "MalformedTrailerError").await;
        }
        let right = upload(&app, target, &[CRC32]);
        for rewrite in [
            |text: String| format!("{text}x-amz-meta-a:1\r\n"),
            |text: String| format!("{text}{text}"),
            |text: String| format!("x-amz-checksum-crc32\r\n{text}"),
            |text: String| format!(":empty\r\n{text}"),
            |text: String| format!("x-amz-checksum-crc32:y/Q5Jg==\r\n{text}"),
        ] {
            app.rejects_body(&right.with_trailer(rewrite), 400, "MalformedTrailerError").await;
        }
        // The form without trailers has none, signed or not.
        let none = upload(&app, target, &[]);
        for trailer in [&b"x-amz-checksum-crc32:y/Q5Jg==\r\n"[..], b"x-amz-acl:private\r\n", &right.trailer] {
            let request = none.changed(|upload| upload.trailer = trailer.to_vec());
            app.rejects_body(&request, 400, "MalformedTrailerError").await;
        }
        app.accepts(with(&[CRC32])).await;
        assert_eq!(app.last_accepted().header("x-amz-acl"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_signed_trailer_with_a_wrong_checksum_is_refused_for_each_algorithm() {
    let app = TestApp::start().await;
    let long = vec![b'x'; 200_000];
    for (name, value) in CHECKSUMS {
        for target in TARGETS {
            let with = |body: &[u8], value: &str| {
                Request::put(target).in_signed_chunks(body, 65536, &[(name, value)], &app.write, now()).request()
            };
            app.rejects_body(&with(b"123456780", value), 400, "BadDigest").await;
            app.rejects_body(&with(b"", value), 400, "BadDigest").await;
            app.rejects_body(&with(&long, value), 400, "BadDigest").await;
            for malformed in ["", "AAAA", "not base64!"] {
                app.rejects_body_as(&with(CHECK_BODY, malformed), 400).await;
            }
            app.accepts(with(CHECK_BODY, value)).await;
        }
    }
    // A checksum in a header holds for signed chunks, too.
    for (name, value) in CHECKSUMS {
        let with = |body: &[u8]| {
            Request::put(TARGETS[0]).header(name, value).in_signed_chunks(body, 4, &[], &app.write, now()).request()
        };
        app.rejects_body(&with(b"123456780"), 400, "BadDigest").await;
        app.accepts(with(CHECK_BODY)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_a_signed_sentinel_and_the_announced_trailer_belong_together() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let announced = || Request::put(target).announce_signed_chunks(CHECK_BODY, &[CRC32]);
        let send = |head: Request| SignedUpload::of(head, &[CHECK_BODY], &[CRC32], &app.write, now()).request();
        let without = announced().without("x-amz-trailer").sign(&app.write, now());
        app.refuses(&send(without), 400, "InvalidRequest").await;
        for names in ["", "x-amz-meta-a", "x-amz-checksum-unheard-of", "x-amz-checksum-crc32,x-amz-acl"] {
            let head = announced().replace("x-amz-trailer", names).sign(&app.write, now());
            let refusal = app.send(&send(head)).await;
            assert!(matches!(refusal.status, 400 | 501), "{names}: {refusal:?}");
            app.nothing_reached().await;
        }
        let none = Request::put(target).announce_signed_chunks(CHECK_BODY, &[]);
        let named = none.header("x-amz-trailer", CRC32.0).sign(&app.write, now());
        app.refuses(&send(named), 400, "InvalidRequest").await;
        let algorithm = Request::put(target)
            .announce_signed_chunks(CHECK_BODY, &[])
            .header("x-amz-sdk-checksum-algorithm", "CRC32")
            .sign(&app.write, now());
        app.refuses(&send(algorithm), 400, "InvalidRequest").await;
        app.accepts(send(announced().sign(&app.write, now()))).await;
    }
    assert_ne!(SIGNED, SIGNED_TRAILER);
}

#[tokio::test(flavor = "multi_thread")]
async fn c19_every_split_of_signed_chunks_gives_the_same_body() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    for (target, trailers) in [(TARGETS[0], &[][..]), (TARGETS[1], &[CRC32])] {
        let right = upload(&app, target, trailers);
        for split in 1..right.request().body.len() {
            let chunked = right.request().in_http_chunks(split);
            assert_eq!(connection.exchange(&chunked).await.status, 200, "split {split}");
            assert_eq!(app.reached_once().await.stored_bytes(), CHECK_BODY, "split {split}");
            if split % 7 == 1 {
                let plain = right.request();
                connection.send(plain.head_bytes()).await;
                connection.send_in_pieces(&plain.body, split).await;
                assert_eq!(connection.response("PUT").await.status, 200, "split {split}");
                assert_eq!(app.reached_once().await.stored_bytes(), CHECK_BODY, "split {split}");
                let wrong = right.changed(|upload| upload.chunks.swap(0, 1)).in_http_chunks(split);
                app.rejects_body(&wrong, 403, "SignatureDoesNotMatch").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_signed_trailers_have_a_limit() {
    let app = TestApp::start().await;
    for target in TARGETS {
        let right = upload(&app, target, &[CRC32]);
        let many = (0..101).fold(String::new(), |text, number| text + &format!("x-amz-t-{number}:v\r\n"));
        let wide = (0..15).fold(String::new(), |text, number| text + &format!("x-{number}:{}\r\n", "y".repeat(1100)));
        let endless = format!("{}:{}", CRC32.0, "y".repeat(1 << 20));
        for more in [many, wide, endless] {
            app.rejects_body_as(&right.with_trailer(|text| format!("{more}{text}")), 400).await;
        }
        app.accepts(right.request()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_a_storm_of_tiny_signed_chunks_is_refused_early() {
    let app = TestApp::start().await;
    let body = vec![b'x'; 1_000_000];
    for target in TARGETS {
        let head = Request::put(target).announce_signed_chunks(&body, &[]).sign(&app.write, now());
        // Two hundred of the million are enough to see where it ends.
        let storm: Vec<&[u8]> = body[..200].chunks(1).collect();
        let begun = Instant::now();
        let upload = SignedUpload::of(head, &storm, &[], &app.write, now());
        app.rejects_body(&upload.request(), 400, "InvalidChunkSizeError").await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        // What a client reads in small pieces still comes through.
        let crc = crc32(&body[..100_000]);
        let trailers = [(CRC32.0, crc.as_str())];
        let small = Request::put(target).in_signed_chunks(&body[..100_000], 1024, &trailers, &app.write, now());
        app.accepts(small.request()).await;
    }
}
