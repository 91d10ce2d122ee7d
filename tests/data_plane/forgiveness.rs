//! Signatures of requests that a proxy in front changed: what is forgiven, what never is, over real sockets.

use portcullis::sigv4::Forgiven;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::sign::TestKey;

async fn behind_a_proxy() -> TestApp {
    TestApp::with(|setup| setup.s3 = vec![r#"external_hosts = ["s3.example.com:8443", "files.example.org"]"#.into()])
        .await
}

/// Signed for one host, and sent to another.
fn rewritten(request: Request, key: &TestKey, signed: &str, sent: &str) -> Request {
    request.host(signed).sign(key, now()).host(sent)
}

fn counts(app: &TestApp) -> Vec<u64> {
    Forgiven::ALL.iter().map(|what| app.running().s3_forgiven.count(*what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_a_proxy_rewrote_is_forgiven_and_counted() {
    let app = behind_a_proxy().await;
    let get = || Request::get("/bucket/key");
    app.accepts(get().sign(&app.read, now())).await;
    assert_eq!(counts(&app), [0, 0, 0, 0], "nothing was to be forgiven");
    for (signed, sent) in [
        ("s3.example.com:8443", "127.0.0.1:8333"),
        ("s3.example.com:8443", "s3.example.com"),
        ("files.example.org", "localhost"),
        ("files.example.org:80", "localhost"),
    ] {
        app.accepts(rewritten(get(), &app.read, signed, sent)).await;
        assert_eq!(app.last_accepted().target, "/bucket/key");
    }
    assert_eq!(counts(&app), [0, 4, 0, 0]);
    for (signed, sent) in [("localhost:80", "localhost"), ("localhost", "localhost:8333")] {
        app.accepts(rewritten(get(), &app.read, signed, sent)).await;
    }
    assert_eq!(counts(&app), [0, 4, 0, 2]);
    let virtual_hosted =
        rewritten(Request::get("/key"), &app.read, "bucket.files.example.org", "bucket.s3.example.com");
    app.accepts(virtual_hosted).await;
    assert_eq!(app.last_accepted().target, "/bucket/key");
    // A body, and a presigned URL.
    let put = Request::put("/bucket/key").body("body");
    app.accepts(rewritten(put, &app.write, "s3.example.com:8443", "localhost")).await;
    let url = get().host("s3.example.com:8443").presign(&app.read, now(), std::time::Duration::from_mins(1));
    app.accepts(url.host("localhost")).await;
    assert_eq!(counts(&app), [0, 7, 0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accept_encoding_that_a_proxy_rewrote_is_forgiven() {
    let app = behind_a_proxy().await;
    let signed = |value: &str| {
        let request = Request::get("/bucket/key").host("s3.example.com").header("Accept-Encoding", value);
        // The library does not sign this header, as most clients do not.
        request.sign_by_hand(&app.read, now(), |_| {})
    };
    app.accepts(signed("identity")).await;
    app.accepts(signed("identity").replace("Accept-Encoding", "gzip, br")).await;
    app.accepts(signed("gzip").replace("Accept-Encoding", "br")).await;
    app.accepts(signed("").replace("Accept-Encoding", "gzip")).await;
    app.accepts(signed("identity").without("Accept-Encoding")).await;
    assert_eq!(counts(&app), [4, 0, 0, 0]);
    let both = Request::get("/bucket/key").header("Accept-Encoding", "identity").host("s3.example.com:8443");
    let both = both.sign_by_hand(&app.read, now(), |_| {}).host("localhost");
    app.accepts(both.clone().replace("Accept-Encoding", "gzip")).await;
    assert_eq!(counts(&app), [4, 0, 1, 0]);
    app.refuses(&both.clone().host("s3.example.com").replace("Accept-Encoding", "gzip"), 403, "SignatureDoesNotMatch")
        .await;
    app.refuses(&signed("br").replace("Accept-Encoding", "gzip"), 403, "SignatureDoesNotMatch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_forgiven() {
    let app = behind_a_proxy().await;
    let right = || {
        Request::put("/bucket/key?tagging")
            .header("x-amz-meta-a", "b")
            .header("Content-Type", "text/plain")
            .body("body")
    };
    let forgiven = || {
        rewritten(
            right().tamper(|request| request.target = "/bucket/key".into()),
            &app.write,
            "files.example.org",
            "localhost",
        )
    };
    app.accepts(forgiven()).await;
    let changes: [fn(&mut Request); 6] = [
        |request| request.target = "/bucket/other".into(),
        |request| request.target = "/other/key".into(),
        |request| request.target = "/bucket/key?versionId=v".into(),
        |request| request.method = "DELETE".into(),
        |request| *request = request.clone().replace("x-amz-meta-a", "c"),
        |request| *request = request.clone().replace("Content-Type", "text/html"),
    ];
    for change in changes {
        app.refuses(&forgiven().tamper(change), 403, "SignatureDoesNotMatch").await;
    }
    let get = || Request::get("/bucket/key");
    for (signed, sent) in [
        ("evil.example.net", "localhost"),
        ("bucket.files.example.org", "localhost"),
        ("other.files.example.org", "bucket.s3.example.com"),
        ("files.example.org", "bucket.s3.example.com"),
        ("files.example.org:81", "localhost"),
    ] {
        app.refuses(&rewritten(get(), &app.read, signed, sent), 403, "SignatureDoesNotMatch").await;
    }
    // What is told is the request as it came.
    let refusal =
        app.refuses(&rewritten(get(), &app.read, "evil.example.net", "localhost"), 403, "SignatureDoesNotMatch").await;
    let canonical = refusal.element("CanonicalRequest").unwrap();
    assert!(canonical.contains("host:localhost\n") && !canonical.contains("example"), "{canonical}");
    app.refuses(&rewritten(get(), &TestKey::nobodys(), "files.example.org", "localhost"), 403, "InvalidAccessKeyId")
        .await;
    assert_eq!(counts(&app), [0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_request_is_not_turned_to_another_bucket() {
    let app = TestApp::with(|setup| {
        setup.domains = vec!["abc.example.com".into()];
        setup.s3 = vec![r#"external_hosts = ["example.com"]"#.into()];
    })
    .await;
    let signed = || Request::get("/bucket/key").host("abc.example.com").sign(&app.read, now());
    app.accepts(signed()).await;
    // The bucket would be `abc` now.
    app.refuses(&signed().host("abc.abc.example.com"), 403, "SignatureDoesNotMatch").await;
    app.accepts(rewritten(Request::get("/key"), &app.read, "bucket.example.com", "bucket.abc.example.com")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_forgiven_where_the_configuration_says_so() {
    let app = TestApp::with(|setup| {
        setup.s3 = vec!["forgive_signatures = false".into(), r#"external_hosts = ["files.example.org"]"#.into()];
    })
    .await;
    for (signed, sent) in [("files.example.org", "localhost"), ("localhost:80", "localhost")] {
        app.refuses(&rewritten(Request::get("/bucket/key"), &app.read, signed, sent), 403, "SignatureDoesNotMatch")
            .await;
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}
