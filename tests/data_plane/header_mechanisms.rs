//! One request, one mechanism: two signatures, none, or one of another kind.

use std::time::Duration;

use crate::support::app::{TestApp, now};
use crate::support::chunks::UNSIGNED_TRAILER;
use crate::support::request::{Payload, Request};

#[tokio::test(flavor = "multi_thread")]
async fn a12_two_authorization_headers_are_refused() {
    let app = TestApp::start().await;
    let signed = Request::get("/bucket/key").sign(&app.read, now());
    let valid = signed.value("authorization").expect("it is signed");
    let invalid = valid.replace("Signature=", "Signature=00");
    let unsigned = signed.clone().without("authorization");
    for (first, second) in [(&valid, &invalid), (&invalid, &valid), (&valid, &valid)] {
        let both = unsigned.clone().header("Authorization", first).header("authorization", second);
        app.refuses(&both, 400, "InvalidArgument").await;
        let joined = unsigned.clone().header("Authorization", format!("{first}, {second}"));
        app.refuses(&joined, 400, "InvalidArgument").await;
    }
    for other in ["Basic dXNlcjpwYXNz", "Bearer token", ""] {
        let both = unsigned.clone().header("Authorization", &valid).header("Authorization", other);
        app.refuses(&both, 400, "InvalidArgument").await;
    }
    app.accepts(signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a14_a_header_and_a_query_signature_together_are_refused() {
    let app = TestApp::start().await;
    let url = |key| Request::get("/bucket/key").presign(key, now(), Duration::from_mins(10));
    let seconds = [&app.read, &app.write, &app.read.with_wrong_secret()].map(Clone::clone);
    for second in &seconds {
        app.refuses(&url(&app.read).sign(second, now()), 400, "InvalidArgument").await;
        app.refuses(&url(second).sign(&app.read, now()), 400, "InvalidArgument").await;
    }
    // One parameter is enough to show the intention.
    for parameter in ["X-Amz-Signature=00", "X-Amz-Credential=x", "X-Amz-SignedHeaders=host%3Bx-amz-acl"] {
        let request = Request::get("/bucket/key").append_query(parameter).sign(&app.read, now());
        app.refuses(&request, 400, "InvalidArgument").await;
    }
    app.accepts(url(&app.read)).await;
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_a_credential_alone_is_no_signature() {
    let app = TestApp::start().await;
    let scope = "20261120%2Fus-east-1%2Fs3%2Faws4_request";
    let sentinel = Request::put(&format!("/bucket/key?X-Amz-Credential={}%2F{scope}", app.write.id))
        .header("x-amz-content-sha256", UNSIGNED_TRAILER)
        .header("x-amz-date", "20261120T100000Z")
        .header("x-amz-decoded-content-length", "4")
        .body("4\r\nbody\r\n0\r\n\r\n");
    app.refuses(&sentinel, 400, "AuthorizationQueryParametersError").await;
    // No credential of any kind.
    let nothing = sentinel.tamper(|request| request.target = "/bucket/key".into());
    app.refuses(&nothing, 403, "AccessDenied").await;
    for request in [Request::get("/bucket/key"), Request::get("/"), Request::delete("/bucket/key")] {
        app.refuses(&request, 403, "AccessDenied").await;
    }
    app.refuses(&Request::head("/bucket/key"), 403, "").await;
    app.accepts(Request::put("/bucket/key").check_body_with_crc32().sign(&app.write, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_another_scheme_is_worthless_here() {
    let app = TestApp::start().await;
    let with = |value: &str| Request::get("/bucket/key").header("Authorization", value);
    app.refuses(&with(""), 403, "AccessDenied").await;
    app.refuses(&with("   "), 403, "AccessDenied").await;
    app.refuses(&with("AWS4-HMAC-SHA256"), 400, "AuthorizationHeaderMalformed").await;
    app.refuses(&with("AWS4-HMAC-SHA256 "), 400, "AuthorizationHeaderMalformed").await;
    let bearers = [
        "Bearer CW-SECRET-0123456789012345678901234567890123456789abc".to_owned(),
        format!("Bearer {}", app.admin.secret),
        "Bearer".to_owned(),
        "Basic dXNlcjpwYXNz".to_owned(),
        "Negotiate abc".to_owned(),
    ];
    for value in bearers {
        app.refuses(&with(&value), 400, "InvalidArgument").await;
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_a_payload_that_is_no_known_word_is_refused() {
    let app = TestApp::start().await;
    let signed = |value: &str| {
        Request::put("/bucket/key").body("body").payload(Payload::Value(value.into())).sign(&app.write, now())
    };
    for word in ["", "unsigned-payload", "UNSIGNED", "STREAMING-UNHEARD-OF", "abc", &"0".repeat(63), &"A".repeat(64)] {
        app.refuses(&signed(word), 400, "InvalidArgument").await;
    }
    // Known, and refused by name.
    for word in ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"] {
        let refusal = app.refuses(&signed(word), 501, "NotImplemented").await;
        assert!(refusal.text().contains(word), "{refusal:?}");
    }
    app.accepts(signed("UNSIGNED-PAYLOAD")).await;
}
