//! Where the CORS rules come from: this server's own first, then the bucket's, which are remembered, forgotten
//! when they change, and never asked for so often that strangers could make the backend work.

use std::time::{Duration, Instant};

use super::cors::{PAGE, RULES, app, assert_open_to, crossing, preflight, questions, rules_as_sent, with_rules};
use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_change_through_this_server_are_forgotten_at_once() {
    let app = app().await;
    let asked = preflight("/bucket/key", PAGE, "PUT");
    let mut questions = 0;
    for (request, body) in [
        (Request::put("/bucket?cors"), RULES),
        (Request::delete("/bucket?cors"), ""),
        (Request::put("/bucket"), ""),
        (Request::delete("/bucket"), ""),
    ] {
        for _ in 0..2 {
            assert_eq!(app.send(&asked).await.status, 200);
        }
        questions += 1;
        let changed = app.send(&request.body(body).sign(&app.admin, now())).await;
        assert!(changed.status < 300, "{changed:?}");
        let seen = app.backend.requests().iter().filter(|seen| seen.method == "GET").count();
        assert_eq!(seen, questions, "asked for once more after each change");
    }
    app.backend.answer_next(Answer::error(404, "NoSuchCORSConfiguration", "none"));
    assert_eq!(app.send(&asked).await.status, 403);
    assert_eq!(app.send(&asked).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_asked_for_before_a_change_are_not_used_after_it() {
    let app = app().await;
    let gate = Gate::closed();
    app.backend.answer_next(Answer::in_order().wait(&gate).write(rules_as_sent()));
    let (asked, mut waiting) = (preflight("/bucket/key", PAGE, "PUT"), app.connect().await);
    waiting.send(&asked.bytes()).await;
    app.backend.wait_for_requests(1).await;
    let delete = Request::delete("/bucket?cors").sign(&app.admin, now());
    assert!(app.send(&delete).await.status < 300);
    app.backend.answer_with(|_| Answer::error(404, "NoSuchCORSConfiguration", "none"));
    gate.open();
    assert_eq!(waiting.response("OPTIONS").await.status, 403, "the answer is from after the change");
    assert_eq!(app.send(&asked).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_end_after_their_life() {
    let app = TestApp::with(|setup| setup.s3 = vec!["cors_cache_life = \"1s\"".to_owned()]).await;
    app.backend.answer_with(with_rules);
    let asked = preflight("/bucket/key", PAGE, "PUT");
    assert_eq!(app.send(&asked).await.status, 200);
    app.backend.answer_with(|_| Answer::error(404, "NoSuchCORSConfiguration", "none"));
    let patience = Instant::now() + Duration::from_secs(20);
    while app.send(&asked).await.status == 200 {
        assert!(Instant::now() < patience, "the rules never end");
    }
    assert_eq!(questions(&app), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_that_is_stored_is_the_one_that_was_understood() {
    let app = app().await;
    let document =
        format!("<?xml version=\"1.0\"?><!-- hidden -->{}", RULES.replace("<CORSRule>", "<CORSRule a=\"b\">\n "));
    app.accepts(Request::put("/bucket?cors").body(document).sign(&app.admin, now())).await;
    let stored = app.last_accepted();
    let text = String::from_utf8(stored.body.clone()).unwrap();
    assert!(
        text.starts_with(
            "<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><CORSRule><AllowedHeader>"
        ),
        "{text}"
    );
    assert!(!text.contains("hidden") && !text.contains('\n') && !text.contains("a=\"b\""), "{text}");
    app.refuses(&Request::put("/bucket?cors").body(RULES).sign(&app.write, now()), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_say_is_503_for_a_preflight_and_nothing_for_a_request() {
    let app = app().await;
    for answer in [
        Answer::error(500, "InternalError", "no"),
        Answer::error(403, "SignatureDoesNotMatch", "no"),
        Answer::in_order().write("no HTTP\r\n\r\n").close(),
    ] {
        let bucket = format!("bucket-{}", app.backend.requests().len());
        app.backend.answer_next(answer);
        let asked = preflight(&format!("/{bucket}/key"), PAGE, "PUT");
        app.is_refusal(&asked, &app.send(&asked).await, 503, "ServiceUnavailable");
        let before = app.backend.requests().len();
        let put = Request::put(&format!("/{bucket}/key")).header("Origin", PAGE).body("x").sign(&app.write, now());
        let response = app.send(&put).await;
        assert_eq!((response.status, response.header("vary")), (200, Some("Origin")), "{response:?}");
        assert!(crossing(&response).is_empty(), "{response:?}");
        assert_eq!(app.backend.requests().len(), before + 1, "a failure is remembered for a moment, too");
    }
    app.backend.answer_next(Answer::error(403, "AccessDenied", "not yours"));
    let asked = preflight("/foreign/key", PAGE, "PUT");
    app.is_refusal(&asked, &app.send(&asked).await, 403, "AccessForbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_strangers_cannot_flood_the_backend() {
    let app = app().await;
    let gate = Gate::closed();
    let held = gate.clone();
    app.backend.answer_with(move |request| {
        let answer = if request.target.contains("?cors") { Answer::in_order().wait(&held) } else { Answer::in_order() };
        answer.write(rules_as_sent())
    });
    // Many about one bucket are one question.
    let mut same = Vec::new();
    for _ in 0..20 {
        let mut connection = app.connect().await;
        connection.send(&preflight("/bucket/key", PAGE, "PUT").bytes()).await;
        same.push(connection);
    }
    app.backend.wait_for_requests(1).await;
    // As many as may be about others, and not one more.
    let mut others = Vec::new();
    for number in 0..15 {
        let mut connection = app.connect().await;
        connection.send(&preflight(&format!("/random-{number}/key"), PAGE, "PUT").bytes()).await;
        others.push(connection);
    }
    app.backend.wait_for_requests(16).await;
    for number in 15..40 {
        let asked = preflight(&format!("/random-{number}/key"), PAGE, "PUT");
        app.is_refusal(&asked, &app.send(&asked).await, 503, "SlowDown");
        let stranger = Request::get(&format!("/random-{number}/key")).header("Origin", PAGE);
        app.is_refusal(&stranger, &app.send(&stranger).await, 403, "AccessDenied");
    }
    assert_eq!(questions(&app), 16);
    // Whoever has a key is not in their queue; nor is who comes from no page.
    let plain = Request::get("/random-50/key").sign(&app.read, now());
    assert_eq!(app.send(&plain).await.status, 200);
    let mut known = app.connect().await;
    known.send(&Request::get("/random-51/key").header("Origin", PAGE).sign(&app.read, now()).bytes()).await;
    app.backend.wait_for_requests(19).await;
    gate.open();
    assert_open_to(&known.response("GET").await, PAGE);
    for mut connection in same.into_iter().chain(others) {
        assert_eq!(connection.response("OPTIONS").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_this_server_come_first_and_need_no_backend() {
    let rule = "cors = [{ allowed_origins = [\"https://*.ours.example\"], allowed_methods = [\"GET\", \"HEAD\"], \
                allowed_headers = [\"authorization\", \"x-amz-*\"], expose_headers = [\"ETag\"], max_age = \"1h\" }]";
    let app = TestApp::with(|setup| setup.s3 = vec![rule.to_owned()]).await;
    app.backend.answer_with(with_rules);
    for target in ["/bucket/key", "/none", "/"] {
        let asked = preflight(target, "https://a.ours.example", "GET");
        let response = app.send(&asked.header("Access-Control-Request-Headers", "authorization,x-amz-date")).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_open_to(&response, "https://a.ours.example");
        assert_eq!(response.header("access-control-max-age"), Some("3600"));
    }
    assert_eq!(questions(&app), 0);
    let broken = Request::get("/UPPER/key").header("Origin", "https://a.ours.example");
    let response = app.send(&broken).await;
    app.is_refusal(&broken, &response, 400, "InvalidBucketName");
    assert_open_to(&response, "https://a.ours.example");
    let plain = app.send(&Request::get("/")).await;
    assert_eq!((plain.status, plain.header("vary")), (403, Some("Origin")));
    assert_eq!(questions(&app), 0);
    // What they do not say, the bucket may.
    assert_eq!(app.send(&preflight("/bucket/key", PAGE, "PUT")).await.status, 200);
    assert_eq!(app.send(&preflight("/bucket/key", "https://a.ours.example", "PUT")).await.status, 403);
    assert_eq!(app.send(&preflight("/", PAGE, "GET")).await.status, 403);
    assert_eq!(questions(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_invented_buckets_are_asked_about_so_many_a_second_and_others_all_the_same() {
    let app = app().await;
    let mut connection = app.connect().await;
    assert_eq!(connection.exchange(&preflight("/bucket/key", PAGE, "PUT")).await.status, 200);
    let begun = Instant::now();
    let mut refused = 0;
    for number in 0..1000 {
        let response = connection.exchange(&preflight(&format!("/invented-{number}/key"), PAGE, "PUT")).await;
        refused += usize::from(response.status == 503);
        assert!(matches!(response.status, 403 | 503), "{response:?}");
    }
    // What may come at once, and what the time brought.
    let most = 50 + 50 * (usize::try_from(begun.elapsed().as_secs()).unwrap_or_default() + 1);
    assert_eq!(questions(&app), 1 + 1000 - refused);
    assert!(1000 - refused <= most, "{refused} of 1000 were refused");
    // A bucket that has rules is asked about again when they may have changed.
    assert!(app.send(&Request::put("/bucket?cors").body(RULES).sign(&app.admin, now())).await.status < 300);
    let last = connection.exchange(&preflight("/invented-last/key", PAGE, "PUT")).await;
    assert!(matches!(last.status, 403 | 503), "{last:?}");
    assert_eq!(connection.exchange(&preflight("/bucket/key", PAGE, "PUT")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_a_key_that_may_do_nothing_there_makes_no_more_questions_than_a_stranger() {
    let app = app().await;
    let mut connection = app.connect().await;
    let begun = Instant::now();
    for number in 0..600 {
        let put = Request::put(&format!("/invented-{number}/key")).header("Origin", PAGE).sign(&app.read, now());
        let response = connection.exchange(&put).await;
        assert_eq!((response.status, response.code().as_deref()), (403, Some("AccessDenied")), "{response:?}");
    }
    let most = 50 + 50 * (usize::try_from(begun.elapsed().as_secs()).unwrap_or_default() + 1);
    assert!(questions(&app) <= most, "{} questions", questions(&app));
    assert!(questions(&app) > 0, "who is refused hears of the rules too");
}
