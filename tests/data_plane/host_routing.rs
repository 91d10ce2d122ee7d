//! The bucket is named once, by Host and path: what else speaks of hosts does not matter.

use std::time::Duration;

use crate::support::app::{TestApp, now};
use crate::support::http2::Http2;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn d09_the_bucket_stands_before_a_configured_domain_or_in_the_path() {
    let app = TestApp::start().await;
    for host in [
        "evil.example",
        "evils3.example.com",
        "s3.example.com.evil.example",
        "xs3.example.com",
        "s3.example.comx",
        "example.com",
        "user@s3.example.com",
        "s3.example.com:port",
        "s3.example.com:99999",
        "s3..example.com",
        ".s3.example.com",
        "s3.example.com..",
        "[::1",
        "[zz]",
        "bücher.s3.example.com",
        "s3.example.com/bucket",
        "s3 example.com",
        "",
    ] {
        let request = Request::get("/bucket/key").host(host).sign_by_hand(&app.read, now(), |_| {});
        let Ok(response) = app.connect().await.try_exchange(&request.bytes(), "GET").await else {
            app.nothing_reached().await;
            continue;
        };
        assert_eq!(response.status, 400, "{host}: {response:?}");
        if let Some(code) = response.code() {
            assert!(
                ["InvalidHostHeader", "InvalidArgument", "InvalidBucketName"].contains(&code.as_str()),
                "{host}: {code}"
            );
        }
        app.nothing_reached().await;
    }
    // The path cannot name another bucket than the host.
    for (host, path, target) in [
        ("victim.s3.example.com", "/mine/key", "/victim/mine/key"),
        ("VICTIM.S3.Example.COM", "/key", "/victim/key"),
        ("victim.s3.example.com.", "/key", "/victim/key"),
        ("victim.s3.example.com:8443", "/key", "/victim/key"),
        ("a.b.s3.example.com", "/key", "/a.b/key"),
        ("s3.example.com", "/mine/key", "/mine/key"),
        ("s3.example.com:443", "/mine/key", "/mine/key"),
        ("127.0.0.1:9000", "/mine/key", "/mine/key"),
        ("[::1]:9000", "/mine/key", "/mine/key"),
        ("localhost", "/mine/key", "/mine/key"),
    ] {
        app.accepts(Request::get(path).host(host).sign_by_hand(&app.read, now(), |_| {})).await;
        let request = app.backend.requests().into_iter().last().expect("it was accepted");
        assert_eq!(request.target, target, "{host}{path}");
        assert_eq!(request.header("host"), Some(app.backend.address.to_string().as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_a_target_that_names_another_host_is_refused() {
    let app = TestApp::start().await;
    let signed = Request::get("/bucket/key").host("s3.example.com").sign(&app.read, now());
    for target in [
        "http://evil.example/bucket/key",
        "http://victim.s3.example.com/bucket/key",
        "http://s3.example.com:81/bucket/key",
        "https://localhost/bucket/key",
        "http://s3.example.com@evil.example/bucket/key",
    ] {
        let absolute = signed.clone().tamper(|request| request.target = target.into());
        let response = app.send(&absolute).await;
        assert_eq!(response.status, 400, "{target}: {response:?}");
        app.nothing_reached().await;
    }
    for target in ["bucket/key", "*", "evil.example:443", "//evil.example/bucket/key", "\\\\evil.example\\bucket"] {
        let odd = signed.clone().tamper(|request| request.target = target.into());
        if let Ok(response) = app.connect().await.try_exchange(&odd.bytes(), "GET").await {
            assert!((400..500).contains(&response.status), "{target}: {response:?}");
        }
        app.nothing_reached().await;
    }
    // The absolute form with the same authority is the same request.
    let same = signed.clone().tamper(|request| request.target = "http://s3.example.com/bucket/key".into());
    app.accepts(same).await;
    assert_eq!(app.backend.only_request().target, "/bucket/key");
    app.accepts(signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_an_authority_that_differs_from_host_is_refused_over_http2() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let mut connection = Http2::open(app.address, &ca, "s3.example.com").await;
    let signed = Request::get("/bucket/key").host("s3.example.com").sign(&app.read, now());
    for other in ["evil.example", "victim.s3.example.com", "s3.example.com:444", "localhost"] {
        // The signed name as :authority and the other as host, and the other way round.
        let behind = signed.clone().header("host", other);
        let before = signed.clone().tamper(|request| request.headers.insert(0, ("host".into(), other.into())));
        for request in [behind, before] {
            let response = connection.exchange(&request).await;
            assert_eq!(response.status, 400, "{other}: {response:?}");
            app.nothing_reached().await;
        }
    }
    for right in [signed.clone(), signed.header("host", "s3.example.com")] {
        let response = connection.exchange(&right).await;
        assert_eq!((response.status, response.body.as_slice()), (200, &b"stored bytes"[..]), "{response:?}");
        assert_eq!(app.reached_once().await.target, "/bucket/key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_a_reused_http2_connection_is_judged_by_each_authority() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let mut connection = Http2::open(app.address, &ca, "victim.s3.example.com").await;
    for bucket in ["mine", "other", "mine"] {
        let request = Request::get("/key").host(&format!("{bucket}.s3.example.com")).sign(&app.read, now());
        assert_eq!(connection.exchange(&request).await.status, 200);
        assert_eq!(app.reached_once().await.target, format!("/{bucket}/key"));
        let tampered = request.host("victim.s3.example.com");
        let refusal = connection.exchange(&tampered).await;
        app.is_refusal(&tampered, &refusal, 403, "SignatureDoesNotMatch");
        app.nothing_reached().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_the_server_name_of_tls_decides_nothing() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let open = async |name: &str| crate::support::wire::Connection::open_tls(app.address, &ca, name).await;
    // The handshake named one bucket's domain; the request of the same connection names another.
    let request = Request::get("/key").host("mine.s3.example.com").sign(&app.read, now());
    let mut connection = open("victim.s3.example.com").await;
    assert_eq!(connection.exchange(&request).await.status, 200);
    assert_eq!(app.reached_once().await.target, "/mine/key");
    // And the name of the handshake signs for nothing.
    let tampered = request.clone().host("victim.s3.example.com");
    let refusal = connection.exchange(&tampered).await;
    app.is_refusal(&tampered, &refusal, 403, "SignatureDoesNotMatch");
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_forwarding_headers_are_ignored_and_go_no_further() {
    let app = TestApp::start().await;
    let headers = [
        ("X-Forwarded-Host", "victim.s3.example.com"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Prefix", "/victim"),
        ("X-Original-URL", "/victim/secret"),
        ("X-Rewrite-URL", "/victim/secret"),
        ("X-Original-Host", "victim.s3.example.com"),
        ("Forwarded", "host=victim.s3.example.com;for=10.0.0.1"),
        ("X-Real-IP", "10.0.0.1"),
        ("X-HTTP-Host-Override", "victim.s3.example.com"),
    ];
    for (name, value) in headers {
        let with = |request: Request| request.header(name, value);
        // Unsigned and signed, in the header form and the presigned form.
        let requests = [
            with(Request::get("/bucket/key").sign(&app.read, now())),
            with(Request::get("/bucket/key")).sign(&app.read, now()),
            with(Request::get("/bucket/key").presign(&app.read, now(), Duration::from_mins(1))),
        ];
        for request in requests {
            app.accepts(request).await;
            let recorded = app.backend.requests().into_iter().last().expect("it was accepted");
            assert_eq!(recorded.target, "/bucket/key");
            assert_eq!(recorded.header("host"), Some(app.backend.address.to_string().as_str()));
            assert_eq!(recorded.header(name), None, "{recorded:?}");
        }
    }
    // Nor do they stand in for a Host that does not fit.
    let request = Request::get("/bucket/key").host("evil.example").header("X-Forwarded-Host", "s3.example.com");
    app.refuses(&request.sign(&app.read, now()), 400, "InvalidHostHeader").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d14_reserved_names_are_no_buckets_by_path_or_by_host() {
    let app = TestApp::start().await;
    for name in [
        ".portcullis",
        "_portcullis",
        ".well-known",
        "xn--secret",
        "sthree-config",
        "data-s3alias",
        "data--ol-s3",
        ".minio.sys",
    ] {
        let by_path = Request::get(&format!("/{name}/key")).sign_by_hand(&app.admin, now(), |_| {});
        app.refuses(&by_path, 400, "InvalidBucketName").await;
        let encoded = name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let by_encoded_path = Request::get(&format!("/{encoded}/key")).sign_by_hand(&app.admin, now(), |_| {});
        app.refuses(&by_encoded_path, 400, "InvalidBucketName").await;
        let by_host = Request::get("/key").host(&format!("{name}.s3.example.com"));
        let response = app.send(&by_host.sign_by_hand(&app.admin, now(), |_| {})).await;
        let code = response.code().unwrap_or_default();
        assert!(
            response.status == 400 && ["InvalidBucketName", "InvalidHostHeader"].contains(&code.as_str()),
            "{response:?}"
        );
        app.nothing_reached().await;
    }
    app.accepts(Request::get("/portcullis/key").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_bucket_names_follow_the_published_rules() {
    let app = TestApp::start().await;
    let too_long = "a".repeat(64);
    for name in [
        "..",
        ".",
        "ab",
        "Bucket",
        "BUCKET",
        &too_long,
        "192.168.5.4",
        "-abc",
        "abc-",
        "a..b",
        ".abc",
        "abc.",
        "a_b",
        "a%20b",
        "a%2Fb%2Fc",
        "b%C3%A4r",
        "a-.b",
    ] {
        for method in ["GET", "PUT"] {
            let request = Request::new(method, &format!("/{name}")).sign_by_hand(&app.admin, now(), |_| {});
            app.refuses(&request, 400, "InvalidBucketName").await;
        }
    }
    let longest = "a".repeat(63);
    for name in ["abc", "a.b.c", "1-2-3", &longest] {
        app.accepts(Request::head(&format!("/{name}")).sign(&app.admin, now())).await;
    }
}
