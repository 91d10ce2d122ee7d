//! Browsers: preflights are answered here from the rules of the bucket, and every other answer says which page
//! may read it.

use std::time::Duration;

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, RecordedRequest};
use crate::support::request::Request;
use crate::support::wire::Response;

pub(crate) const PAGE: &str = "https://app.example.com";

pub(crate) const RULES: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example.com</AllowedOrigin>\
    <AllowedOrigin>null</AllowedOrigin>\
    <AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>content-type</AllowedHeader>\
    <AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>\
    </CORSRule></CORSConfiguration>";

/// What a backend says that has rules for the bucket `bucket`, none for `bare`, and no other bucket.
pub(crate) fn with_rules(request: &RecordedRequest) -> Answer {
    match request.target.as_str() {
        "/bucket?cors" | "/bucket?cors=" => Answer::of(200, &[("content-type", "application/xml")], RULES),
        "/bare?cors" | "/bare?cors=" => Answer::error(404, "NoSuchCORSConfiguration", "none"),
        target if target.contains("?cors") => Answer::error(404, "NoSuchBucket", "none"),
        _ if request.method == "HEAD" => Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"),
        _ => Answer::of(200, &[("access-control-allow-origin", "*"), ("access-control-expose-headers", "a")], "x"),
    }
}

pub(crate) async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.backend.answer_with(with_rules);
    app
}

pub(crate) fn preflight(target: &str, origin: &str, method: &str) -> Request {
    Request::new("OPTIONS", target).header("Origin", origin).header("Access-Control-Request-Method", method)
}

/// How often the backend was asked for rules; it must have been asked for nothing else.
pub(crate) fn questions(app: &TestApp) -> usize {
    let requests = app.backend.requests();
    for request in &requests {
        let asks = request.method == "GET" && request.target.trim_end_matches('=').ends_with("?cors");
        assert!(asks && request.body.is_empty(), "only rules are asked for: {request:?}");
        assert!(request.header("authorization").is_some(), "with our own signature: {request:?}");
        assert_eq!(request.header("origin"), None);
    }
    requests.len()
}

/// An answer with the rules, as it is sent.
pub(crate) fn rules_as_sent() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{RULES}", RULES.len())
}

pub(crate) fn crossing(response: &Response) -> Vec<&str> {
    let names = response.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.to_ascii_lowercase().starts_with("access-control-")).collect()
}

pub(crate) fn assert_open_to(response: &Response, origin: &str) {
    assert_eq!(response.header("access-control-allow-origin"), Some(origin), "{response:?}");
    assert_eq!(response.header("access-control-expose-headers"), Some("etag"), "{response:?}");
    assert!(response.header("vary").is_some_and(|vary| vary.contains("Origin")), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_a_preflight_is_answered_without_a_signature_and_goes_nowhere() {
    let app = app().await;
    for target in ["/bucket/key", "/bucket/some/other%20key?uploads", "/bucket", "/bucket/key?X-Amz-Signature=0"] {
        let asked =
            preflight(target, PAGE, "PUT").header("Access-Control-Request-Headers", "Content-Type,x-amz-meta-a");
        let response = app.send(&asked).await;
        assert_eq!(response.status, 200, "{target}: {response:?}");
        assert_open_to(&response, PAGE);
        assert_eq!(response.header("access-control-allow-methods"), Some("PUT, GET"));
        assert_eq!(response.header("access-control-allow-headers"), Some("content-type, x-amz-meta-a"));
        assert_eq!(response.header("access-control-max-age"), Some("3000"));
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
        let vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
        assert_eq!(response.header("vary"), Some(vary));
        assert!(response.body.is_empty() && response.header("x-amz-request-id").is_some());
    }
    assert_eq!(questions(&app), 1, "the rules are asked for once");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_options_with_a_valid_signature_is_a_question_all_the_same() {
    let app = app().await;
    let url = Request::get("/bucket/key").presign(&app.admin, now(), Duration::from_hours(1));
    let response = app.send(&url.clone().method("OPTIONS")).await;
    app.is_refusal(&url, &response, 400, "BadRequest");
    assert_eq!(questions(&app), 0);
    let asked = url.method("OPTIONS").header("Origin", PAGE).header("Access-Control-Request-Method", "GET");
    assert_eq!(app.send(&asked).await.status, 200);
    let signed = preflight("/bucket/key", PAGE, "DELETE").sign(&app.admin, now());
    app.is_refusal(&signed, &app.send(&signed).await, 403, "AccessForbidden");
    assert_eq!(questions(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_a_preflight_that_is_none_is_refused_unread() {
    let app = app().await;
    let plain = || Request::new("OPTIONS", "/bucket/key");
    let method = "Access-Control-Request-Method";
    for (request, status, code) in [
        (plain(), 400, "BadRequest"),
        (plain().header(method, "GET"), 400, "BadRequest"),
        (plain().header("Origin", PAGE), 400, "BadRequest"),
        (preflight("/bucket/key", PAGE, "PATCH"), 400, "BadRequest"),
        (preflight("/bucket/key", PAGE, "get"), 400, "BadRequest"),
        (preflight("/bucket/key", "*", "GET"), 400, "BadRequest"),
        (preflight("/bucket/key", "a b", "GET"), 400, "BadRequest"),
        (preflight("/bucket/key", "", "GET"), 400, "BadRequest"),
        (preflight("/bucket/key", PAGE, "GET").header("Origin", PAGE), 400, "InvalidArgument"),
        (preflight("/bucket/key", PAGE, "GET").header(method, "PUT"), 400, "InvalidArgument"),
        (preflight("/bucket/key", PAGE, "GET").header("Access-Control-Request-Headers", "a b"), 400, "BadRequest"),
        (preflight("/bucket/key", PAGE, "GET").body("some"), 400, "BadRequest"),
        (preflight("/bucket/key", PAGE, "GET").body("some").in_http_chunks(2), 400, "BadRequest"),
        (preflight("/Bucket/key", PAGE, "GET"), 400, "InvalidBucketName"),
        (preflight("/bucket/key", PAGE, "GET").host("evil.example"), 400, "InvalidHostHeader"),
        (preflight("/bucket/key", PAGE, "GET").method("TRACE"), 405, "MethodNotAllowed"),
    ] {
        let response = app.send(&request).await;
        app.is_refusal(&request, &response, status, code);
        assert!(crossing(&response).is_empty(), "{request:?}: {response:?}");
    }
    app.nothing_reached().await;
    // The body need not come for the refusal to come.
    let mut connection = app.connect().await;
    connection.send(&preflight("/bucket/key", PAGE, "GET").header("Content-Length", "1000000").bytes()).await;
    assert_eq!(connection.response("OPTIONS").await.status, 400);
    app.nothing_reached().await;
    assert_eq!(app.send(&preflight("/bucket/key", PAGE, "GET")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_no_rule_no_document_and_no_bucket_are_one_answer() {
    let app = TestApp::with(|setup| setup.backend().buckets = vec!["b*".to_owned()]).await;
    app.backend.answer_with(with_rules);
    let mut seen = Vec::new();
    for target in ["/bucket/key", "/bare/key", "/bnone/key", "/elsewhere/key", "/"] {
        for _ in 0..2 {
            let request = preflight(target, "https://evil.example", "GET");
            let response = app.send(&request).await;
            app.is_refusal(&request, &response, 403, "AccessForbidden");
            assert!(crossing(&response).is_empty(), "{response:?}");
            let id = response.header("x-amz-request-id").unwrap().to_owned();
            let resource = format!("<Resource>{target}</Resource>");
            assert!(response.text().contains(&resource), "{response:?}");
            let headers: Vec<_> = response
                .headers
                .iter()
                .filter(|(name, _)| {
                    !["date", "x-amz-request-id", "content-length"].contains(&&*name.to_ascii_lowercase())
                })
                .cloned()
                .collect();
            seen.push((headers, response.text().replace(&id, "").replace(&resource, "")));
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
    assert_eq!(questions(&app), 3, "each bucket once, also those that are not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_which_page_may_read_it() {
    let app = app().await;
    let from = |origin: &str, request: Request| request.header("Origin", origin);
    let put = |origin: &str| from(origin, Request::put("/bucket/key").body("x"));
    let signed = put(PAGE).sign(&app.write, now());
    for (request, status) in [
        (signed.clone(), 200),
        (put(PAGE), 403),
        (signed.clone().tamper(|request| request.body = b"y".to_vec()), 400),
        (put(PAGE).sign(&app.read, now()), 403),
        (from(PAGE, Request::get("/bucket/key")).sign(&app.read, now()), 200),
        (from(PAGE, Request::get("/bucket/key?unknown")).sign(&app.read, now()), 501),
        (from(PAGE, Request::get("/bucket/key?acl&policy")).sign(&app.read, now()), 400),
        (put("null").sign(&app.write, now()), 200),
    ] {
        let response = app.send(&request).await;
        assert_eq!(response.status, status, "{request:?}: {response:?}");
        assert_open_to(&response, &request.value("origin").unwrap());
        assert_eq!(response.header("vary"), Some("Origin"));
    }
    // No rule: the request is carried out as ever, and no page reads the answer.
    let others = [
        put("https://evil.example").sign(&app.write, now()),
        put("https://app.example.com.evil.example").sign(&app.write, now()),
        put("http://app.example.com").sign(&app.write, now()),
        from(PAGE, Request::head("/bucket/key")).sign(&app.write, now()),
        put(PAGE).header("Origin", "https://evil.example").sign(&app.write, now()),
        Request::put("/bucket/key").body("x").sign(&app.write, now()),
    ];
    for request in others {
        let response = app.send(&request).await;
        assert_eq!(response.status, 200, "{request:?}: {response:?}");
        assert!(crossing(&response).is_empty(), "{request:?}: {response:?}");
        assert_eq!(response.header("vary"), Some("Origin"));
    }
    assert!(app.backend.requests().iter().all(|request| request.header("origin").is_none()), "it stays here");
    let asked = app.backend.requests().iter().filter(|request| request.target.contains("?cors")).count();
    assert_eq!(asked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_from_no_page_never_waits_for_rules() {
    let app = app().await;
    let get = |bucket: &str| Request::get(&format!("/{bucket}/key")).sign(&app.read, now());
    let response = app.send(&get("bare")).await;
    assert_eq!(response.header("vary"), Some("Origin"), "rules that are not known may be there");
    assert_eq!(app.backend.only_request().target, "/bare/key");
    // Known to have none: nothing depends on the origin.
    assert_eq!(app.send(&preflight("/bare/key", PAGE, "GET")).await.status, 403);
    let response = app.send(&get("bare")).await;
    assert_eq!((response.status, response.header("vary")), (200, None));
    assert!(crossing(&response).is_empty(), "the backend's own are not passed on: {response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vary_of_the_backend_is_kept_and_not_doubled() {
    let app = app().await;
    let get = || Request::get("/bucket/key").header("Origin", PAGE).sign(&app.read, now());
    assert_eq!(app.send(&get()).await.status, 200);
    for (theirs, ours) in
        [("Accept-Encoding", vec!["Accept-Encoding", "Origin"]), ("accept, origin", vec!["accept, origin"])]
    {
        app.backend.answer_next(Answer::of(200, &[("vary", theirs)], "x"));
        let response = app.send(&get()).await;
        let vary: Vec<_> = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("vary")).collect();
        assert_eq!(vary.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ours);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_a_document_that_cannot_be_read_allows_nothing() {
    let rule = |more: &str| RULES.replace("<ExposeHeader>ETag", &format!("<ExposeHeader>{more}"));
    let long = RULES.replace("<CORSRule>", &format!("<!--{}--><CORSRule>", "a".repeat(64 * 1024)));
    for document in
        [rule("x-a&#13;&#10;set-cookie: a=b"), rule("a\nb"), "<CORSConfiguration>".to_owned(), String::new()]
    {
        let app = app().await;
        app.backend.answer_next(Answer::of(200, &[], document.as_bytes()));
        let response = app.send(&preflight("/bucket/key", PAGE, "PUT")).await;
        assert_eq!(response.status, 403, "{document}: {response:?}");
        assert!(crossing(&response).is_empty() && response.header("set-cookie").is_none(), "{response:?}");
        let put = Request::put("/bucket/key").header("Origin", PAGE).body("x").sign(&app.write, now());
        let response = app.send(&put).await;
        assert_eq!(response.status, 200);
        assert!(crossing(&response).is_empty() && response.header("set-cookie").is_none(), "{response:?}");
    }
    let app = app().await;
    app.backend.answer_next(Answer::of(200, &[], long));
    assert_eq!(app.send(&preflight("/bucket/key", PAGE, "PUT")).await.status, 503, "too long is no answer");
    // And none is stored through us.
    for (document, code) in [(rule("x-a&#10;b"), "InvalidRequest"), ("<CORSConfiguration/>".to_owned(), "MalformedXML")]
    {
        let put = Request::put("/bucket?cors").body(document).sign(&app.admin, now());
        app.is_refusal(&put, &app.send(&put).await, 400, code);
    }
    assert_eq!(questions(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_preflights_and_answers_are_the_same_over_http2() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    app.backend.answer_with(with_rules);
    let ca = app.ca.clone().unwrap();
    let mut connection = crate::support::http2::Http2::open(app.address, &ca, "localhost").await;
    let response = connection.exchange(&preflight("/bucket/key", PAGE, "PUT")).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_open_to(&response, PAGE);
    let response = connection.exchange(&preflight("/bucket/key", "https://evil.example", "PUT")).await;
    assert_eq!((response.status, response.code().as_deref()), (403, Some("AccessForbidden")));
    let response = connection.exchange(&preflight("/bucket/key", PAGE, "PUT").body("some")).await;
    assert_eq!((response.status, response.code().as_deref()), (400, Some("BadRequest")));
    let response = connection.exchange(&Request::get("/bucket/key").header("Origin", PAGE)).await;
    assert_eq!(response.status, 403);
    assert_open_to(&response, PAGE);
    assert_eq!(questions(&app), 1);
}
