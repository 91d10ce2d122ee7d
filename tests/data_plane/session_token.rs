//! Session tokens: a key that has one works only with it, a key that has none only without, in both forms.

use std::time::Duration;

use portcullis::identity::Permission;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::sign::TestKey;

const MINUTE: Duration = Duration::from_mins(1);

async fn start() -> TestApp {
    TestApp::with(|setup| setup.identities.push(("coreweave/".into(), "admin".into()))).await
}

async fn session(app: &TestApp) -> (TestKey, String) {
    app.session_of(&app.new_holder(Permission::Write, None).await).await
}

fn get(token: &str) -> Request {
    Request::get("/bucket/key").header("x-amz-security-token", token)
}

fn url(token: &str) -> Request {
    Request::get(&format!("/bucket/key?X-Amz-Security-Token={token}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_works_with_its_token_in_the_header_and_in_a_url() {
    let app = start().await;
    let (key, token) = session(&app).await;
    app.accepts(get(&token).sign(&key, now())).await;
    assert_eq!(app.last_accepted().header("x-amz-security-token"), None, "it stays here");
    let put = Request::put("/bucket/key").header("x-amz-security-token", &token).body("body");
    app.accepts(put.sign(&key, now())).await;
    app.accepts(url(&token).presign(&key, now(), MINUTE)).await;
    let seen = app.last_accepted();
    assert!(!format!("{seen:?}").contains(&token), "nor does it travel on in the query: {seen:?}");
    // A URL may ask for the token as a signed header, too.
    app.accepts(get(&token).presign(&key, now(), MINUTE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_its_token_is_refused() {
    let app = start().await;
    let (key, token) = session(&app).await;
    let bare = || Request::get("/bucket/key");
    for request in [bare().sign(&key, now()), bare().presign(&key, now(), MINUTE)] {
        let refusal = app.refuses(&request, 403, "InvalidAccessKeyId").await;
        assert!(refusal.text().contains("x-amz-security-token"), "it says what to send: {refusal:?}");
    }
    // Only the holder of the secret is told that there is one.
    let forged = app.refuses(&bare().sign(&key.with_wrong_secret(), now()), 403, "SignatureDoesNotMatch").await;
    assert!(!forged.text().contains("security-token"), "{forged:?}");
    app.accepts(get(&token).sign(&key, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_session_token_is_refused() {
    let app = start().await;
    let (key, token) = session(&app).await;
    let (_, of_another) = session(&app).await;
    let spaced = format!("{token} {token}");
    for wrong in [of_another.as_str(), "x", &token[..46], &token.to_uppercase(), &spaced, &"a".repeat(2000)] {
        app.refuses(&get(wrong).sign(&key, now()), 400, "InvalidToken").await;
    }
    for wrong in [of_another.as_str(), "x", "", "%C3%A9"] {
        app.refuses(&url(wrong).presign(&key, now(), MINUTE), 400, "InvalidToken").await;
    }
    app.refuses(&get("").sign(&key, now()), 400, "InvalidToken").await;
    // The signature comes first: without the secret, a right token and a wrong one look the same.
    for either in [token.as_str(), "x"] {
        app.refuses(&get(either).sign(&key.with_wrong_secret(), now()), 403, "SignatureDoesNotMatch").await;
    }
    app.accepts(get(&token).sign(&key, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_a_session_token_with_a_key_that_has_none_is_refused() {
    let app = start().await;
    let (_, token) = session(&app).await;
    let holder = app.new_holder(Permission::Write, None).await;
    let of_token = app.key_of(&holder, portcullis::keys::KeyLife::Permanent).await;
    for key in [&of_token, &app.write] {
        for sent in [token.as_str(), "x", ""] {
            app.refuses(&get(sent).sign(key, now()), 400, "InvalidToken").await;
            app.refuses(&url(sent).presign(key, now(), MINUTE), 400, "InvalidToken").await;
        }
        app.accepts(Request::get("/bucket/key").sign(key, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_session_token_that_is_not_signed_is_refused() {
    let app = start().await;
    let (key, token) = session(&app).await;
    for request in [
        Request::get("/bucket/key").sign(&key, now()),
        Request::get("/bucket/key").presign(&key, now(), MINUTE),
        Request::get("/bucket/key").sign(&app.read, now()),
    ] {
        let refusal = app.refuses(&request.header("x-amz-security-token", &token), 403, "AccessDenied").await;
        assert!(refusal.text().contains("x-amz-security-token"), "{refusal:?}");
    }
    // Nor is a token that is put into a URL after it was signed.
    let late = Request::get("/bucket/key").presign(&key, now(), MINUTE);
    let late = late.append_query(&format!("X-Amz-Security-Token={token}"));
    app.refuses(&late, 403, "SignatureDoesNotMatch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_session_token_stands_once_in_one_place_in_one_spelling() {
    let app = start().await;
    let (key, token) = session(&app).await;
    let malformed = "AuthorizationQueryParametersError";
    let twice = url(&token).append_query(&format!("X-Amz-Security-Token={token}"));
    app.refuses(&twice.presign(&key, now(), MINUTE), 400, malformed).await;
    for spelling in ["x-amz-security-token", "X-AMZ-SECURITY-TOKEN", "X-Amz-Security-token"] {
        let other = Request::get(&format!("/bucket/key?{spelling}={token}"));
        app.refuses(&other.clone().presign(&key, now(), MINUTE), 400, malformed).await;
        let both = other.append_query(&format!("X-Amz-Security-Token={token}"));
        app.refuses(&both.presign(&key, now(), MINUTE), 400, malformed).await;
    }
    // In the header and in the URL, whichever of them is right.
    for (in_url, in_header) in [(token.as_str(), token.as_str()), ("x", &token), (&token, "x")] {
        let both = url(in_url).header("x-amz-security-token", in_header);
        app.refuses(&both.presign(&key, now(), MINUTE), 400, malformed).await;
    }
    // Two headers of that name.
    let twice = get(&token).header("x-amz-security-token", &token);
    app.refuses(&twice.sign_by_hand(&key, now(), |_| {}), 400, "InvalidArgument").await;
    // In the URL of a request that is signed in the header.
    app.refuses(&url(&token).sign(&key, now()), 400, "InvalidArgument").await;
    app.accepts(url(&token).presign(&key, now(), MINUTE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j03_a_session_ends_with_its_key_and_its_token_is_judged_before() {
    let app = start().await;
    let (key, token) = session(&app).await;
    let later = now() + jiff::SignedDuration::from_secs(3600);
    let just_before = later - jiff::SignedDuration::from_secs(1);
    app.clock.set(just_before);
    app.accepts(get(&token).sign(&key, just_before)).await;
    app.clock.set(later);
    app.refuses(&get(&token).sign(&key, later), 400, "ExpiredToken").await;
    app.refuses(&get("x").sign(&key, later), 400, "InvalidToken").await;
    app.refuses(&Request::get("/bucket/key").sign(&key, later), 403, "InvalidAccessKeyId").await;
}
