//! The Authorization header: signing time, credential scope, algorithm.

use jiff::{SignedDuration, Timestamp};

use crate::support::app::{TestApp, now};
use crate::support::hand_signer::Recipe;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a03_a_request_outside_fifteen_minutes_is_refused() {
    let app = TestApp::start().await;
    let signed_at = |offset: i64| Request::get("/bucket/key").sign(&app.read, after(offset));
    for offset in [-16 * 60, 16 * 60, -901, 901, -21 * 24 * 3600] {
        app.refuses(&signed_at(offset), 403, "RequestTimeTooSkewed").await;
    }
    // Time is judged before the key and the signature: nothing is told of either.
    let stale = Request::get("/bucket/key").sign(&app.read.with_wrong_secret(), after(-901));
    app.refuses(&stale, 403, "RequestTimeTooSkewed").await;
    // Exactly fifteen minutes are inside, both ways.
    for offset in [-900, 0, 900] {
        app.accepts(signed_at(offset)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a04_the_scope_names_the_day_of_the_request() {
    let app = TestApp::start().await;
    let with_day = |time: Timestamp, day: &str| {
        let day = day.to_owned();
        Request::get("/bucket/key").sign_by_hand(&app.read, time, |recipe| recipe.scope_date = day)
    };
    for day in ["20261119", "20261121", "20251120"] {
        app.refuses(&with_day(now(), day), 400, "AuthorizationHeaderMalformed").await;
    }
    for day in ["2026112", "20261320", "20261132", "2026-11-20", ""] {
        app.refuses(&with_day(now(), day), 400, "AuthorizationHeaderMalformed").await;
    }
    // Just across midnight: the request of 23:59:59 does not become one of the next day.
    let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
    let second_before = midnight - SignedDuration::from_secs(1);
    app.clock.set(midnight);
    app.refuses(&with_day(second_before, "20261121"), 400, "AuthorizationHeaderMalformed").await;
    app.refuses(&with_day(midnight, "20261120"), 400, "AuthorizationHeaderMalformed").await;
    app.accepts(with_day(second_before, "20261120")).await;
    app.accepts(with_day(midnight, "20261121")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a_wrong_scope_is_refused_and_only_a_wrong_region_is_corrected() {
    let app = TestApp::start().await;
    let with = |change: fn(&mut Recipe)| Request::get("/bucket/key").sign_by_hand(&app.read, now(), change);
    let wrong_region = with(|recipe| recipe.region = "eu-west-9".into());
    let refusal = app.refuses(&wrong_region, 400, "AuthorizationHeaderMalformed").await;
    assert_eq!(refusal.element("Region").as_deref(), Some("us-east-1"), "{refusal:?}");
    assert_eq!(refusal.header("x-amz-bucket-region"), Some("us-east-1"), "{refusal:?}");
    let head = Request::head("/bucket/key").sign_by_hand(&app.read, now(), |recipe| recipe.region = "eu-west-9".into());
    let refusal = app.refuses(&head, 400, "").await;
    assert_eq!(refusal.header("x-amz-bucket-region"), Some("us-east-1"), "{refusal:?}");

    let wrong: [fn(&mut Recipe); 9] = [
        |recipe| recipe.service = "sts".into(),
        |recipe| recipe.service = "S3".into(),
        |recipe| recipe.service = String::new(),
        |recipe| recipe.terminator = "aws4_reques".into(),
        |recipe| recipe.terminator = "AWS4_REQUEST".into(),
        |recipe| recipe.terminator = "aws4_request/extra".into(),
        |recipe| recipe.region = "us-east-1/s3".into(),
        |recipe| recipe.access_key_id = format!("{}/x", recipe.access_key_id),
        |recipe| recipe.access_key_id = format!("/{}", recipe.access_key_id),
    ];
    for change in wrong {
        let refusal = app.refuses(&with(change), 400, "AuthorizationHeaderMalformed").await;
        assert_eq!(refusal.element("Region"), None, "the region is not the fault: {refusal:?}");
    }
    // Four parts instead of five.
    let short = with(|_| {}).tamper(|request| {
        let value = request.value("authorization").expect("it is signed").replace("/s3/aws4_request", "/aws4_request");
        *request = request.clone().replace("authorization", value);
    });
    app.refuses(&short, 400, "AuthorizationHeaderMalformed").await;
    app.accepts(with(|_| {})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a06_another_algorithm_is_refused_by_name() {
    let app = TestApp::start().await;
    let with = |algorithm: &str| {
        let algorithm = algorithm.to_owned();
        Request::get("/bucket/key").sign_by_hand(&app.read, now(), |recipe| recipe.algorithm = algorithm)
    };
    // Each carries a signature that is right as an HMAC over its own string to sign.
    let refusal = app.refuses(&with("AWS4-ECDSA-P256-SHA256"), 501, "NotImplemented").await;
    assert!(refusal.text().contains("AWS4-ECDSA-P256-SHA256"), "{refusal:?}");
    for algorithm in ["AWS4-HMAC-SHA512", "aws4-hmac-sha256", "AWS4-HMAC-SHA1", "AWS5-HMAC-SHA256"] {
        app.refuses(&with(algorithm), 400, "InvalidArgument").await;
    }
    app.accepts(with("AWS4-HMAC-SHA256")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_signature_version_2_is_refused_by_name() {
    let app = TestApp::start().await;
    let header = Request::get("/bucket/key")
        .header("Date", "Fri, 20 Nov 2026 10:00:00 GMT")
        .header("Authorization", format!("AWS {}:frJIUN8DYpKDtOLCwo//yllqDzg=", app.read.id));
    let query = Request::get(&format!(
        "/bucket/key?AWSAccessKeyId={}&Expires=1795255200&Signature=frJIUN8DYpKDtOLCwo%2F%2FyllqDzg%3D",
        app.read.id
    ));
    for request in [header, query] {
        let refusal = app.refuses(&request, 400, "InvalidRequest").await;
        let message = refusal.element("Message").expect("a refusal has a message");
        assert!(message.contains("AWS4-HMAC-SHA256") && message.contains("s3v4"), "{message}");
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}
