//! The key that is judged is the key that is sent on: dots, slashes, encodings and unicode.

use crate::support::app::{TestApp, now};
use crate::support::hand_signer::{canonical_path, encode};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn d01_dot_segments_are_refused_in_every_spelling() {
    let app = TestApp::start().await;
    for path in [
        "/bucket/public/../private.txt",
        "/bucket/public/%2e%2e/private.txt",
        "/bucket/public/%2E%2E/private.txt",
        "/bucket/public/.%2e/private.txt",
        "/bucket/public/..%2fprivate.txt",
        "/bucket/public%2F..%2Fprivate.txt",
        "/bucket/../other/private.txt",
        "/bucket/..",
        "/bucket/.",
        "/bucket/a/./b",
        "/bucket/./a",
        "/bucket/a/..",
        "/bucket/%2e",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let request = Request::new(method, path).sign_by_hand(&app.write, now(), |_| {});
            app.refuses(&request, 400, "InvalidURI").await;
        }
    }
    // Encoded twice, it is a key that happens to hold a percent sign: sent on as just that.
    app.accepts(Request::get("/bucket/public/%252e%252e/private.txt").sign_by_hand(&app.read, now(), |_| {})).await;
    assert_eq!(app.backend.only_request().target, "/bucket/public/%252e%252e/private.txt");
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_an_exact_backend_gets_dot_segments_as_they_are() {
    let app = TestApp::with(|setup| setup.backend().exact_keys = true).await;
    for key in ["public/../private.txt", "./a", "a/./b", "..", "a/.."] {
        app.accepts(Request::put(&format!("/bucket/{key}")).body("x").sign_by_hand(&app.write, now(), |_| {})).await;
        let target = app.last_accepted().target;
        assert_eq!(target, format!("/bucket/{key}"), "byte for byte");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d02_empty_segments_are_refused_unless_the_backend_keeps_them() {
    let app = TestApp::start().await;
    let exact = TestApp::with(|setup| setup.backend().exact_keys = true).await;
    for key in ["x//y", "/x", "//", "x//", "/", "x///y/", "%2Fx", "x%2F%2Fy"] {
        let put = Request::put(&format!("/bucket/{key}")).body("x");
        app.refuses(&put.clone().sign_by_hand(&app.write, now(), |_| {}), 400, "InvalidURI").await;
        exact.accepts(put.sign_by_hand(&exact.write, now(), |_| {})).await;
        let request = exact.last_accepted();
        assert_eq!(canonical_path(&request.target), canonical_path(&format!("/bucket/{key}")));
    }
    // A double slash in front of the bucket names none.
    let response = app.send(&Request::get("//bucket/key").sign_by_hand(&app.read, now(), |_| {})).await;
    assert_eq!(response.status, 400, "{response:?}");
    app.nothing_reached().await;
    // One trailing slash is a key of its own.
    for key in ["folder/", "a/b/"] {
        app.accepts(Request::put(&format!("/bucket/{key}")).body("").sign(&app.write, now())).await;
        let request = app.last_accepted();
        assert_eq!(request.target, format!("/bucket/{key}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_a_path_is_decoded_once_and_encoded_once() {
    let app = TestApp::start().await;
    // What is sent, and the key it names.
    for (sent, key) in [
        ("/bucket/a%2Fb", "a/b"),
        ("/bucket/a/b", "a/b"),
        ("/bucket/a%2fb", "a/b"),
        ("/bucket/a%252Fb", "a%2Fb"),
        ("/bucket/%41%42", "AB"),
        ("/bucket/%7Etilde", "~tilde"),
        ("/bucket/%c3%a4", "ä"),
        ("/bucket/%C3%A4", "ä"),
        ("/bucket/a%3Fb%23c", "a?b#c"),
        ("/bucket/a%26b%3Dc", "a&b=c"),
        ("/bucket/a:b@c!$'()*,;=", "a:b@c!$'()*,;="),
    ] {
        app.accepts(Request::get(sent).sign_by_hand(&app.read, now(), |_| {})).await;
        let target = app.last_accepted().target;
        assert_eq!(
            canonical_path(&target),
            format!("/bucket/{}", encode(key.as_bytes(), true)),
            "{sent} became {target}"
        );
    }
    // A signature over any other spelling than the canonical one is no signature over this request.
    for (sent, signed) in
        [("/bucket/%41", "/bucket/%41"), ("/bucket/a%2Fb", "/bucket/a%2Fb"), ("/bucket/a+b", "/bucket/a+b")]
    {
        let request = Request::get(sent).sign_by_hand(&app.read, now(), |recipe| recipe.canonical_path = signed.into());
        app.refuses(&request, 403, "SignatureDoesNotMatch").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_a_plus_is_a_plus_in_path_and_query() {
    let app = TestApp::start().await;
    for (sent, key) in [("/bucket/a+b", "a+b"), ("/bucket/a%2Bb", "a+b"), ("/bucket/a%20b", "a b")] {
        app.accepts(Request::get(sent).sign_by_hand(&app.read, now(), |_| {})).await;
        let target = app.last_accepted().target;
        assert_eq!(canonical_path(&target), format!("/bucket/{}", encode(key.as_bytes(), true)), "{sent}");
    }
    for (sent, value) in [("a+b", "a%2Bb"), ("a%2Bb", "a%2Bb"), ("a%20b", "a%20b")] {
        let list = Request::get(&format!("/bucket?list-type=2&prefix={sent}")).sign_by_hand(&app.read, now(), |_| {});
        app.accepts(list).await;
        let target = app.last_accepted().target;
        assert!(target.contains(&format!("prefix={value}")), "{sent} became {target}");
    }
    // The published signer agrees where it can express the request.
    app.accepts(Request::get("/bucket/a%2Bb%20c?versionId=a%2Bb%20c").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_keys_are_bytes_of_utf8_and_never_normalised() {
    let app = TestApp::start().await;
    for path in [
        "/bucket/%ff",
        "/bucket/%c0%af",
        "/bucket/%e0%80%af",
        "/bucket/%ed%a0%80",
        "/bucket/%f4%90%80%80",
        "/bucket/a%00b",
        "/bucket/a%0db",
        "/bucket/a%0ab",
        "/bucket/%",
        "/bucket/%4",
        "/bucket/%zz",
    ] {
        let request = Request::put(path).body("x").sign_by_hand(&app.write, now(), |_| {});
        app.refuses(&request, 400, "InvalidURI").await;
    }
    let exact_limit = "k".repeat(1024);
    let too_long = [
        format!("/bucket/{}", "k".repeat(1025)),
        // 1,025 bytes of fewer characters.
        format!("/bucket/{}k", "%C3%A4".repeat(512)),
    ];
    for path in too_long {
        app.refuses(&Request::put(&path).body("x").sign(&app.write, now()), 400, "KeyTooLongError").await;
    }
    app.accepts(Request::put(&format!("/bucket/{exact_limit}")).body("x").sign(&app.write, now())).await;
    app.accepts(Request::put(&format!("/bucket/{}", "%C3%A4".repeat(512))).body("x").sign(&app.write, now())).await;
    // Composed and decomposed: two keys.
    let mut targets = Vec::new();
    for key in ["\u{e4}", "a\u{308}"] {
        let path = format!("/bucket/{}", encode(key.as_bytes(), true));
        app.accepts(Request::put(&path).body("x").sign(&app.write, now())).await;
        targets.push(app.last_accepted().target);
    }
    assert_eq!(targets, ["/bucket/%C3%A4", "/bucket/a%CC%88"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_in_a_target_are_refused_or_sent_on_encoded() {
    let app = TestApp::start().await;
    let signed = Request::get("/bucket/%C3%A4").sign(&app.read, now());
    let mut bytes = b"GET /bucket/\xc3\xa4".to_vec();
    bytes.extend_from_slice(&signed.bytes()["GET /bucket/%C3%A4".len()..]);
    if let Ok(response) = app.connect().await.try_exchange(&bytes, "GET").await
        && response.status == 200
    {
        assert_eq!(app.reached_once().await.target, "/bucket/%C3%A4");
    }
    let mut bytes = b"GET /bucket/\xff".to_vec();
    bytes.extend_from_slice(&signed.bytes()["GET /bucket/%C3%A4".len()..]);
    let before = app.backend.requests().len();
    if let Ok(response) = app.connect().await.try_exchange(&bytes, "GET").await {
        assert_eq!(response.status, 400, "{response:?}");
    }
    assert_eq!(app.backend.requests().len(), before);
}
