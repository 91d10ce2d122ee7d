//! Presigned URLs: what the holder of a URL adds to it does not act.

use std::time::Duration;

use crate::support::app::{TestApp, now};
use crate::support::chunks::UNSIGNED_TRAILER;
use crate::support::request::{Payload, Request, sha256_hex};

const TEN_MINUTES: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
async fn b06_an_unsigned_copy_source_makes_no_copy() {
    let app = TestApp::start().await;
    let url = Request::put("/bucket/key").presign(&app.write, now(), TEN_MINUTES);
    for name in ["x-amz-copy-source", "X-Amz-Copy-Source"] {
        let refusal = app.refuses(&url.clone().header(name, "/secrets/key"), 403, "AccessDenied").await;
        assert!(refusal.text().contains("x-amz-copy-source"), "{refusal:?}");
    }
    app.accepts(url.body("body")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_unsigned_amz_headers_are_refused_for_put_and_get() {
    let app = TestApp::start().await;
    let put = Request::put("/bucket/key").presign(&app.admin, now(), TEN_MINUTES).body("body");
    let get = Request::get("/bucket/key").presign(&app.admin, now(), TEN_MINUTES);
    for (name, value) in UNSIGNED {
        for url in [&put, &get] {
            let refusal = app.refuses(&url.clone().header(name, value), 403, "AccessDenied").await;
            assert!(refusal.text().contains(&name.to_ascii_lowercase()), "{name} is named: {refusal:?}");
        }
    }
    // A header that the URL does sign acts.
    let signed = Request::put("/bucket/key").header("x-amz-meta-a", "1").presign(&app.admin, now(), TEN_MINUTES);
    app.accepts(signed.body("body")).await;
    assert_eq!(app.backend.only_request().header("x-amz-meta-a"), Some("1"));
    app.accepts(put).await;
    app.accepts(get).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_an_unsigned_sentinel_chooses_no_verifier() {
    let app = TestApp::start().await;
    let url = Request::put("/bucket/key").presign(&app.write, now(), TEN_MINUTES);
    for sentinel in SENTINELS {
        let request = url
            .clone()
            .header("x-amz-content-sha256", sentinel)
            .header("x-amz-decoded-content-length", "4")
            .body("4\r\nbody\r\n0\r\n\r\n");
        app.refuses(&request, 400, "InvalidRequest").await;
    }
    app.accepts(url.body("body")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_a_presigned_url_takes_no_streaming_sentinel() {
    let app = TestApp::start().await;
    for target in ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"] {
        for sentinel in SENTINELS {
            // As a signed header.
            let request = Request::put(target)
                .header("x-amz-content-sha256", sentinel)
                .header("x-amz-decoded-content-length", "4")
                .header("x-amz-trailer", "x-amz-checksum-crc32")
                .payload(Payload::Value(sentinel.into()))
                .presign(&app.write, now(), TEN_MINUTES);
            app.refuses(&request.body("4\r\nbody\r\n0\r\n\r\n"), 400, "InvalidRequest").await;
            // As a signed parameter.
            let request = Request::put(target)
                .append_query(&format!("X-Amz-Content-Sha256={sentinel}"))
                .payload(Payload::Value(sentinel.into()))
                .presign(&app.write, now(), TEN_MINUTES);
            app.refuses(&request.body("4\r\nbody\r\n0\r\n\r\n"), 400, "InvalidRequest").await;
        }
        app.accepts(Request::put(target).presign(&app.write, now(), TEN_MINUTES).body("body")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_parameter_added_after_signing_breaks_the_signature() {
    let app = TestApp::start().await;
    let url = Request::get("/bucket/key").presign(&app.admin, now(), TEN_MINUTES);
    for added in [
        "versionId=v1",
        "uploadId=u",
        "uploadId=u&partNumber=1",
        "partNumber=2",
        "acl",
        "acl=",
        "tagging",
        "delete",
        "response-content-type=text/html",
        "response-content-disposition=attachment",
        "x-id=GetObject",
        "anything=else",
        "X-Amz-Acl=public-read",
        "x-amz-meta-a=1",
        "=",
    ] {
        let response = app.send(&url.clone().append_query(added)).await;
        app.is_refusal(&url, &response, 403, "SignatureDoesNotMatch");
        app.nothing_reached().await;
        // At the front as well as at the end.
        let front =
            url.clone().tamper(|request| request.target = request.target.replacen('?', &format!("?{added}&"), 1));
        app.refuses(&front, 403, "SignatureDoesNotMatch").await;
    }
    app.accepts(url.clone()).await;
    // Signed, they act.
    let signed = Request::get("/bucket/key?response-content-type=text%2Fhtml&versionId=v1");
    app.accepts(signed.presign(&app.admin, now(), TEN_MINUTES)).await;
    let target = app.backend.requests()[1].target.clone();
    assert!(target.contains("versionId=v1") && target.contains("response-content-type=text%2Fhtml"), "{target}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_security_token_that_nobody_issued_is_never_ignored() {
    let app = TestApp::start().await;
    // Added afterwards, it breaks the signature or is refused for itself; signed, it is refused for itself.
    let url = Request::get("/bucket/key").presign(&app.read, now(), TEN_MINUTES);
    let response = app.send(&url.clone().append_query("X-Amz-Security-Token=garbage")).await;
    assert!(matches!(response.status, 400 | 403), "{response:?}");
    app.nothing_reached().await;
    for token in ["garbage", "", "AQoDYXdzEJr%2F%2F"] {
        let signed = Request::get(&format!("/bucket/key?X-Amz-Security-Token={token}")).presign_by_hand(
            &app.read,
            now(),
            |_| {},
        );
        app.refuses(&signed, 400, "InvalidToken").await;
    }
    let header = Request::get("/bucket/key").header("x-amz-security-token", "garbage").sign(&app.read, now());
    app.refuses(&header, 400, "InvalidToken").await;
    app.accepts(url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_a_body_other_than_the_hash_in_the_url_is_refused() {
    let app = TestApp::start().await;
    let hash = sha256_hex(b"body");
    let by_parameter = Request::put(&format!("/bucket/key?X-Amz-Content-Sha256={hash}"))
        .payload(Payload::Value(hash.clone()))
        .presign(&app.write, now(), TEN_MINUTES);
    let by_header = Request::put("/bucket/key")
        .header("x-amz-content-sha256", &hash)
        .payload(Payload::Value(hash.clone()))
        .presign(&app.write, now(), TEN_MINUTES);
    let long = sha256_hex(&vec![b'x'; 300_000]);
    let by_header_long = Request::put("/bucket/key")
        .header("x-amz-content-sha256", &long)
        .payload(Payload::Value(long.clone()))
        .presign(&app.write, now(), TEN_MINUTES);
    for url in [&by_parameter, &by_header] {
        for body in ["bodY", "", "body and more"] {
            app.rejects_body(&url.clone().body(body), 400, "XAmzContentSHA256Mismatch").await;
        }
    }
    let mut wrong = vec![b'x'; 300_000];
    wrong[150_000] = b'y';
    app.rejects_body(&by_header_long.clone().body(wrong), 400, "XAmzContentSHA256Mismatch").await;
    app.accepts(by_parameter.body("body")).await;
    app.accepts(by_header.body("body")).await;
    app.accepts(by_header_long.body(vec![b'x'; 300_000])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hoisted_parameters_are_headers_and_x_id_is_dropped() {
    let app = TestApp::start().await;
    // As the AWS SDK for JavaScript presigns: headers as parameters, and the operation's name.
    let url = Request::put("/bucket/key?x-id=PutObject&x-amz-meta-a=b%20c&x-amz-storage-class=STANDARD_IA").presign(
        &app.write,
        now(),
        TEN_MINUTES,
    );
    let twice = url.clone().header("x-amz-meta-a", "b c");
    let response = app.send(&twice).await;
    assert!(matches!(response.status, 400 | 403), "{response:?}");
    app.nothing_reached().await;
    app.accepts(url.body("body")).await;
    let request = app.backend.only_request();
    assert_eq!(request.header("x-amz-meta-a"), Some("b c"));
    assert_eq!(request.header("x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(request.target, "/bucket/key");
    // A hoisted copy source is a copy: judged as one, and no plain upload.
    let copy = Request::put("/bucket/key?x-amz-copy-source=%2Fbucket%2Fother").presign(&app.write, now(), TEN_MINUTES);
    app.accepts(copy).await;
    let requests = app.backend.requests();
    assert_eq!(
        requests[1].header("x-amz-copy-source").map(|source| source.trim_start_matches('/')),
        Some("bucket/other")
    );
}

const SENTINELS: [&str; 3] =
    [UNSIGNED_TRAILER, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"];

const UNSIGNED: [(&str, &str); 9] = [
    ("x-amz-acl", "public-read"),
    ("X-Amz-Tagging", "public=yes"),
    ("x-amz-object-lock-mode", "COMPLIANCE"),
    ("x-amz-object-lock-legal-hold", "ON"),
    ("x-amz-meta-a", "1"),
    ("x-amz-server-side-encryption", "AES256"),
    ("x-amz-storage-class", "GLACIER"),
    ("x-amz-website-redirect-location", "https://evil.example/"),
    ("x-amz-expected-bucket-owner", "111122223333"),
];
