//! Presigned URLs: the six parameters, their forms and their times.

use std::time::Duration;

use jiff::SignedDuration;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

const REFUSED: &str = "AuthorizationQueryParametersError";

#[tokio::test(flavor = "multi_thread")]
async fn b01_a_url_may_not_live_longer_than_a_week() {
    let app = TestApp::start().await;
    for expires in ["604801", "864000", "6307000000"] {
        app.refuses(&with_expires(&app, expires), 400, REFUSED).await;
    }
    app.accepts(with_expires(&app, "604800")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_life_that_is_no_plain_number_is_refused() {
    let app = TestApp::start().await;
    let two_to_the_63 = (1_u64 << 63).to_string();
    for expires in
        ["-1", "-7", "", "undefined", "1e3", "%2B60", "060", "00", "6%2E5", "%2060", "60%20", "0x3c", &two_to_the_63]
    {
        app.refuses(&with_expires(&app, expires), 400, REFUSED).await;
    }
    // 2^32 + 60 and 2^64 + 60 must not wrap around to a minute.
    for expires in ["4294967356", "18446744073709551676", &"9".repeat(400)] {
        app.refuses(&with_expires(&app, expires), 400, REFUSED).await;
    }
    let twice = Request::get("/bucket/key?X-Amz-Expires=600").presign_by_hand(&app.read, now(), |_| {});
    app.refuses(&twice, 400, REFUSED).await;
    for expires in ["1", "60", "600"] {
        app.accepts(with_expires(&app, expires)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_a_life_of_zero_is_over_at_once() {
    let app = TestApp::start().await;
    let refusal = app.refuses(&with_expires(&app, "0"), 403, "AccessDenied").await;
    assert!(refusal.text().contains("expired"), "{refusal:?}");
    app.accepts(with_expires(&app, "1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_an_expired_url_has_no_grace() {
    let app = TestApp::start().await;
    let get = Request::get("/bucket/key").presign(&app.read, now(), Duration::from_mins(1));
    let put = Request::put("/bucket/key").body("body").presign(&app.write, now(), Duration::from_mins(1));
    app.clock.set(now() + SignedDuration::from_secs(59));
    app.accepts(get.clone()).await;
    // One second later, and then for ever.
    for seconds in [60, 61, 3600, 30 * 24 * 3600] {
        app.clock.set(now() + SignedDuration::from_secs(seconds));
        for request in [&get, &put] {
            let refusal = app.refuses(request, 403, "AccessDenied").await;
            assert!(refusal.text().contains("expired"), "{refusal:?}");
        }
    }
    app.accepts(Request::get("/bucket/key").presign(&app.read, app_now(&app), Duration::from_mins(1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_a_clock_that_stood_still_and_then_moves_ends_the_url() {
    let app = TestApp::start().await;
    let get = Request::get("/bucket/key").presign(&app.read, now(), Duration::from_mins(1));
    // The same warm key, the same URL, the same connection.
    let mut connection = app.connect().await;
    assert_eq!(connection.exchange(&get).await.status, 200);
    app.reached_once().await;
    app.clock.advance(SignedDuration::from_secs(61));
    let refusal = connection.exchange(&get).await;
    app.is_refusal(&get, &refusal, 403, "AccessDenied");
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_url_of_the_future_is_not_valid_yet() {
    let app = TestApp::start().await;
    let starting_in = |seconds: i64| {
        let start = now() + SignedDuration::from_secs(seconds);
        Request::get("/bucket/key").presign(&app.read, start, Duration::from_hours(7 * 24))
    };
    for seconds in [901, 3600, 24 * 3600] {
        let refusal = app.refuses(&starting_in(seconds), 403, "AccessDenied").await;
        assert!(refusal.text().contains("not valid yet"), "{refusal:?}");
    }
    app.accepts(starting_in(900)).await;
    app.accepts(starting_in(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_a_parameter_stands_once_in_its_one_spelling_and_place() {
    let app = TestApp::start().await;
    let url = || Request::get("/bucket/key").presign(&app.read, now(), Duration::from_mins(10));
    for name in SIX {
        let value = parameter(&url().target, name);
        // The same value, or another: twice is twice.
        for second in [value.as_str(), "other"] {
            app.refuses(&url().append_query(&format!("{name}={second}")), 400, REFUSED).await;
        }
        // Another case beside it, and in its place.
        let lower = name.to_ascii_lowercase();
        app.refuses(&url().append_query(&format!("{lower}={value}")), 400, REFUSED).await;
        let respelled = url().tamper(|request| request.target = request.target.replacen(name, &lower, 1));
        app.refuses(&respelled, 400, REFUSED).await;
    }
    // In the query and in a header, signed or not.
    let date = url().header("x-amz-date", "20261120T100000Z");
    let response = app.send(&date).await;
    assert!(matches!(response.status, 400 | 403), "{response:?}");
    app.nothing_reached().await;
    let signed_date =
        Request::get("/bucket/key").header("x-amz-date", "20261120T100000Z").presign_by_hand(&app.read, now(), |_| {});
    app.refuses(&signed_date, 400, REFUSED).await;
    let token = Request::get("/bucket/key?X-Amz-Security-Token=a").header("x-amz-security-token", "a").presign_by_hand(
        &app.read,
        now(),
        |_| {},
    );
    app.refuses(&token, 400, REFUSED).await;
    app.accepts(url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_each_of_the_six_parameters_is_required() {
    let app = TestApp::start().await;
    let url = Request::get("/bucket/key").presign(&app.read, now(), Duration::from_mins(10));
    for name in SIX {
        let without = url.clone().tamper(|request| request.target = without_parameter(&request.target, name));
        app.refuses(&without, 400, REFUSED).await;
        let empty = without.append_query(&format!("{name}="));
        app.refuses(&empty, 400, REFUSED).await;
        let alone = Request::get(&format!("/bucket/key?{name}={}", parameter(&url.target, name)));
        app.refuses(&alone, 400, REFUSED).await;
    }
    for (name, value) in [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA512"),
        ("X-Amz-Credential", "nothing"),
        ("X-Amz-Date", "2026-11-20T10:00:00Z"),
        ("X-Amz-SignedHeaders", "Host"),
        ("X-Amz-Signature", "00"),
    ] {
        let wrong = url.clone().tamper(|request| request.target = without_parameter(&request.target, name));
        app.refuses(&wrong.append_query(&format!("{name}={value}")), 400, REFUSED).await;
    }
    app.accepts(url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_a_wrong_scope_in_the_query_is_refused() {
    let app = TestApp::start().await;
    let get = || Request::get("/bucket/key");
    let wrong_region = get().presign_by_hand(&app.read, now(), |recipe| recipe.region = "eu-west-9".into());
    let refusal = app.refuses(&wrong_region, 400, REFUSED).await;
    assert_eq!(refusal.element("Region").as_deref(), Some("us-east-1"));
    app.refuses(&get().presign_by_hand(&app.read, now(), |recipe| recipe.service = "sts".into()), 400, REFUSED).await;
    let yesterday = get().presign_by_hand(&app.read, now(), |recipe| recipe.scope_date = "20261119".into());
    app.refuses(&yesterday, 400, REFUSED).await;
    let without_host =
        Request::get("/bucket/key")
            .header("content-type", "text/plain")
            .presign_by_hand(&app.read, now(), |recipe| recipe.signed_headers = vec!["content-type".into()]);
    app.refuses(&without_host, 403, "AccessDenied").await;
    app.accepts(get().presign_by_hand(&app.read, now(), |_| {})).await;
}

/// The six required parameters.
pub(crate) const SIX: [&str; 6] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"];

fn with_expires(app: &TestApp, expires: &str) -> Request {
    let expires = expires.to_owned();
    Request::get("/bucket/key").presign_by_hand(&app.read, now(), |recipe| recipe.expires = expires)
}

fn parameter(target: &str, name: &str) -> String {
    let start = target.find(&format!("{name}=")).expect("the parameter is there") + name.len() + 1;
    target[start..].split('&').next().expect("split yields one piece").to_owned()
}

fn without_parameter(target: &str, name: &str) -> String {
    let (path, query) = target.split_once('?').expect("there is a query");
    let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
    format!("{path}?{}", kept.join("&"))
}

fn app_now(app: &TestApp) -> jiff::Timestamp {
    use portcullis::clock::Clock as _;
    app.clock.now()
}
