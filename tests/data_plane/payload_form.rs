//! How verified uploads are sent on: `payload = "signed"`, and what `payload = "auto"` finds out.

use std::time::{Duration, Instant};

use crate::support::app::{TestApp, now};
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, UNSIGNED_TRAILER, crc32};
use crate::support::recording_backend::{Answer, RecordedRequest};
use crate::support::request::{Request, sha256_hex};

const CRC32: (&str, &str) = CHECKSUMS[0];
const TARGETS: [&str; 2] = ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"];

fn long() -> Vec<u8> {
    (0..300_000_u32).map(|index| index.to_le_bytes()[1]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_wants_signatures_gets_every_body_signed() {
    let app = TestApp::with(|setup| setup.backend().payload = "signed").await;
    let body = long();
    let crc = crc32(&body);
    for target in TARGETS {
        let put = || Request::put(target).header("content-encoding", "gzip");
        let uploads = [
            put().body(body.clone()).unsigned_payload().sign(&app.write, now()),
            put().unsigned_trailer(&body, &[(CRC32.0, &crc)]).sign(&app.write, now()),
            put().in_signed_chunks(&body, 50_000, &[], &app.write, now()).request(),
            put().in_signed_chunks(&body, 70_000, &[(CRC32.0, &crc)], &app.write, now()).request(),
        ];
        for (index, upload) in uploads.into_iter().enumerate() {
            let response = app.accepts(upload).await;
            let request = app.last_accepted();
            assert!(request.bytes_in_our_signed_chunks() == body);
            assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
            // Some storage would keep `aws-chunked` with the object.
            assert_eq!(request.header("content-encoding"), Some("gzip"));
            assert_eq!(request.header("x-amz-trailer"), None);
            let has_trailer = index % 2 == 1;
            assert_eq!(response.header(CRC32.0), has_trailer.then_some(crc.as_str()), "the verified checksum");
        }
        // A hash says it all, and what is short is hashed here.
        app.accepts(put().body(body.clone()).sign(&app.write, now())).await;
        assert_eq!(app.last_accepted().header("x-amz-content-sha256"), Some(sha256_hex(&body).as_str()));
        for short in [
            put().body(CHECK_BODY).unsigned_payload().sign(&app.write, now()),
            put().check_body_with_crc32().replace("content-encoding", "aws-chunked").sign(&app.write, now()),
            put().in_signed_chunks(CHECK_BODY, 4, &[], &app.write, now()).request(),
            Request::put("/bucket?versioning").body(CHECK_BODY).unsigned_payload().sign(&app.admin, now()),
        ] {
            app.accepts(short).await;
            assert_eq!(app.last_accepted().header("x-amz-content-sha256"), Some(sha256_hex(CHECK_BODY).as_str()));
        }
    }
    let empty = Request::put(TARGETS[0]).body("").unsigned_payload().sign(&app.write, now());
    app.accepts(empty).await;
    assert_eq!(app.last_accepted().header("x-amz-content-sha256"), Some(sha256_hex(b"").as_str()));
    let begin = Request::post("/bucket/key?uploads").header("x-amz-checksum-algorithm", "CRC32");
    app.accepts(begin.sign(&app.write, now())).await;
    assert_eq!(app.last_accepted().header("x-amz-checksum-algorithm"), None, "its parts come without checksums");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_signed_anew_has_no_final_chunk_before_the_proof() {
    let app = TestApp::with(|setup| setup.backend().payload = "signed").await;
    let body = long();
    for target in TARGETS {
        let mut wrong = body.clone();
        wrong[299_999] ^= 1;
        let trailer = Request::put(target).unsigned_trailer(&wrong, &[(CRC32.0, &crc32(&body))]);
        app.rejects_body(&trailer.sign(&app.write, now()), 400, "BadDigest").await;
        let upload = Request::put(target).in_signed_chunks(&body, 65536, &[], &app.write, now());
        let cut = upload.changed(|upload| drop(upload.chunks.pop()));
        let response = app.send(&cut).await;
        assert!(matches!(response.status, 400), "{response:?}");
        app.nothing_could_commit().await;
        let flipped = upload.changed(|upload| upload.chunks[4][100] ^= 1);
        app.rejects_body(&flipped, 403, "SignatureDoesNotMatch").await;
        for request in app.backend.requests().iter().filter(|request| !request.could_commit()) {
            let is_final = |window: &[u8]| window == b"\r\n0;chunk-signature=";
            assert!(!request.body.windows(20).any(is_final), "the final chunk is never signed");
        }
    }
    app.accepts(Request::put(TARGETS[0]).in_signed_chunks(&body, 65536, &[], &app.write, now()).request()).await;
}

/// Some storage takes a request that is cut off before its first byte for an empty object.
#[tokio::test(flavor = "multi_thread")]
async fn a_framed_body_that_breaks_off_before_its_first_chunk_is_never_begun_upstream() {
    for (payload, sent) in [("trailer", 8000), ("signed", 60_000)] {
        let app = TestApp::with(|setup| setup.backend().payload = payload).await;
        let body = long();
        let whole = Request::put(TARGETS[0]).unsigned_trailer(&body, &[(CRC32.0, &crc32(&body))]);
        let whole = whole.sign(&app.write, now());
        let mut connection = app.connect().await;
        connection.send(whole.head_bytes()).await;
        connection.send_in_pieces(&whole.body[..sent], 1000).await;
        connection.finish_sending().await;
        if let Ok(response) = connection.try_response("PUT").await {
            app.is_refusal(&whole, &response, 400, "IncompleteBody");
        }
        assert_eq!(app.backend.settle().await.len(), 0, "{payload}");
        app.accepts(whole).await;
    }
}

/// A backend that answers what a probe asks: `status` and `ETag` for the part with the wrong checksum and for
/// the one with the right one.
fn answers(request: &RecordedRequest, wrong: (u16, &str), right: (u16, &str)) -> Answer {
    let buckets =
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>bucket</Name></Bucket></Buckets></ListAllMyBucketsResult>";
    let upload = "<InitiateMultipartUploadResult><UploadId>probe-1</UploadId></InitiateMultipartUploadResult>";
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", _) => Answer::of(200, &[], buckets),
        ("POST", _) => Answer::of(200, &[], upload),
        ("PUT", target) if target.contains("probe-1") && target.contains("partNumber=1") => part(wrong),
        ("PUT", target) if target.contains("probe-1") => part(right),
        ("DELETE", _) => Answer::of(204, &[], ""),
        _ => Answer::of(200, &[("etag", "\"25f9\"")], ""),
    }
}

fn part((status, etag): (u16, &str)) -> Answer {
    let quoted = format!("\"{etag}\"");
    if status == 200 { Answer::of(200, &[("etag", &quoted)], "") } else { Answer::error(status, "BadDigest", "no") }
}

/// The MD5 of what the probe sends, without its framing.
const RIGHT: &str = "1ce8597f5325e34a150d3927d30c2c38";

/// Uploads a body of many bytes with a trailer, and returns what the backend got of it.
async fn upload(app: &TestApp) -> RecordedRequest {
    let body = long();
    let request = Request::put("/bucket/upload").unsigned_trailer(&body, &[(CRC32.0, &crc32(&body))]);
    let response = app.send(&request.sign(&app.write, now())).await;
    assert_eq!(response.status, 200, "{response:?}");
    let recorded = app.backend.settle().await.into_iter().rfind(|request| request.target == "/bucket/upload");
    let recorded = recorded.expect("the upload arrived");
    assert!(recorded.stored_bytes() == body);
    recorded
}

fn has_trailer(request: &RecordedRequest) -> bool {
    request.header("x-amz-content-sha256") == Some(UNSIGNED_TRAILER)
}

/// An app whose probe meets such a backend, once the backend has seen `requests` of it.
async fn probing(
    requests: usize,
    answer: impl Fn(&RecordedRequest) -> Answer + Clone + Send + Sync + 'static,
) -> TestApp {
    let app = TestApp::with_backend(
        move |backend| backend.answer_with(answer),
        |setup| {
            setup.backend().payload = "auto";
        },
    )
    .await;
    app.backend.wait_for_requests(requests).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_sends_trailers_to_a_backend_that_proved_it_takes_them() {
    let app = probing(5, |request| answers(request, (400, ""), (200, RIGHT))).await;
    let probe = app.backend.requests();
    let begun = Instant::now();
    while !has_trailer(&upload(&app).await) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the answers are in, and trailers are still not sent");
    }
    // The probe begins an upload, sends two parts of it, and aborts it: there never is an object.
    let lines: Vec<String> = probe.iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    let key = "/bucket/portcullis-payload-probe";
    assert_eq!(lines[1], format!("POST {key}?uploads"));
    assert_eq!(lines[2], format!("PUT {key}?partNumber=1&uploadId=probe-1"));
    assert_eq!(lines[3], format!("PUT {key}?partNumber=2&uploadId=probe-1"));
    assert_eq!(lines[4], format!("DELETE {key}?uploadId=probe-1"));
    let parts: Vec<_> =
        app.backend.settle().await.into_iter().filter(|part| part.target.contains("partNumber")).collect();
    let data = parts[1].stored_bytes();
    assert_eq!(parts[0].told_checksum(CRC32.0).as_deref(), Some("AAAAAA=="));
    assert_eq!(parts[1].told_checksum(CRC32.0), Some(crc32(&data)));
    for request in &probe {
        request.assert_signed_by_us();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_stays_plain_wherever_the_proof_is_missing() {
    let framed = "0123456789abcdef0123456789abcdef";
    for (wrong, right, requests) in [
        // It stores the framing and the trailer as data, or anything else than the data.
        ((200, framed), (200, framed), 4),
        ((400, ""), (200, framed), 5),
        ((400, ""), (200, ""), 5),
        // It takes the framing off and believes every checksum.
        ((200, RIGHT), (200, RIGHT), 4),
        // It refuses trailers altogether.
        ((400, ""), (400, ""), 5),
        ((501, ""), (501, ""), 5),
        ((403, ""), (403, ""), 5),
        // It was in trouble: nothing is known yet.
        ((503, ""), (200, RIGHT), 5),
        ((400, ""), (500, ""), 5),
    ] {
        let app = probing(requests, move |request| answers(request, wrong, right)).await;
        for _ in 0..10 {
            assert!(!has_trailer(&upload(&app).await), "{wrong:?} {right:?}");
        }
        let probe =
            app.backend.requests().into_iter().filter(|request| request.target.contains("portcullis-payload-probe"));
        assert!(probe.clone().any(|request| request.method == "DELETE"), "the upload is aborted");
        assert!(probe.clone().all(|request| request.method != "PUT" || request.target.contains("uploadId")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_without_an_answer_is_aborted_too() {
    let app = TestApp::with_backend(
        |backend| {
            backend.answer_with(|request| match request.method.as_str() {
                "PUT" => Answer::never(),
                _ => answers(request, (400, ""), (200, RIGHT)),
            });
        },
        |setup| {
            setup.backend().payload = "auto";
            setup.limits.push("backend_response_timeout = \"1s\"".into());
        },
    )
    .await;
    app.backend.wait_for_requests(4).await;
    let probe = app.backend.requests();
    let last = probe.iter().find(|request| request.method == "DELETE").expect("the upload is aborted");
    assert_eq!(last.target, "/bucket/portcullis-payload-probe?uploadId=probe-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_stays_plain_without_an_upload_to_try_it_with() {
    let empty = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>";
    let denied = |method: &'static str, status| {
        move |request: &RecordedRequest| {
            if request.method == method {
                Answer::error(status, "AccessDenied", "no")
            } else {
                answers(request, (400, ""), (200, RIGHT))
            }
        }
    };
    let no_bucket = move |request: &RecordedRequest| {
        if request.method == "GET" { Answer::of(200, &[], empty) } else { answers(request, (400, ""), (200, RIGHT)) }
    };
    let apps = [
        probing(1, no_bucket).await,
        probing(1, denied("GET", 403)).await,
        probing(2, denied("POST", 403)).await,
        probing(2, denied("POST", 501)).await,
    ];
    for app in apps {
        for _ in 0..10 {
            assert!(!has_trailer(&upload(&app).await));
        }
        assert!(app.backend.requests().iter().all(|request| !request.target.contains("partNumber")));
    }
}
