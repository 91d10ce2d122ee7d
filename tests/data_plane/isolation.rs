//! The two sides of the proxy stay apart: no credential, header or address of a client acts on the
//! backend's side, and nothing of the backend's side acts or shows on the client's.

use std::time::Duration;

use portcullis::identity::Permission;

use crate::support::app::{BACKEND_KEY_ID, BACKEND_SECRET, TestApp, now};
use crate::support::recording_backend::{Answer, RecordingBackend};
use crate::support::request::Request;
use crate::support::sign::TestKey;

#[tokio::test(flavor = "multi_thread")]
async fn l01_what_authenticates_a_client_never_goes_upstream() {
    let app = TestApp::with(|setup| setup.identities.push(("coreweave/".into(), "write".into()))).await;
    let holder = app.new_holder(Permission::Write, None).await;
    let (key, token) = app.session_of(&holder).await;
    let minutes = Duration::from_mins(1);
    for request in [
        Request::put("/bucket/key").header("x-amz-security-token", &token).body("body").sign(&key, now()),
        Request::get("/bucket/key").header("x-amz-security-token", &token).sign(&key, now()),
        Request::get(&format!("/bucket/key?X-Amz-Security-Token={token}")).presign(&key, now(), minutes),
        Request::put("/bucket/key").body("body").sign(&app.write, now()),
        Request::put("/bucket/key").presign(&app.write, now(), minutes).body("body"),
    ] {
        app.accepts(request.clone()).await;
        let recorded = app.last_accepted();
        recorded.assert_signed_by_us();
        assert_eq!(recorded.header("x-amz-security-token"), None, "{recorded:?}");
        for own in [&token, &key.id, &key.secret, &app.write.id, &app.write.secret] {
            assert!(!recorded.mentions(own), "{own} travels on: {recorded:?}");
        }
        assert!(!recorded.target.to_ascii_lowercase().contains("x-amz-"), "no parameter of a signature: {recorded:?}");
        let sent = request.value("authorization").unwrap_or_default();
        assert_ne!(recorded.header("authorization"), Some(sent.as_str()), "it is our own");
    }
    // What a client may not sign with here is not relayed for the backend to judge either.
    for (name, value) in [("x-amz-security-token", "stolen"), ("authorization", "AWS4-HMAC-SHA256 Credential=x")] {
        let twice = Request::get("/bucket/key").sign(&app.read, now()).header(name, value);
        let response = app.send(&twice).await;
        assert!(matches!(response.status, 400 | 403), "{name}: {response:?}");
        app.nothing_reached().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_the_credential_of_the_backend_opens_nothing_at_the_front() {
    let app = TestApp::start().await;
    let of_backend = TestKey { id: BACKEND_KEY_ID.into(), secret: BACKEND_SECRET.into() };
    let wrong = of_backend.with_wrong_secret();
    for request in
        [Request::get("/bucket/key"), Request::put("/bucket/key").body("body"), Request::delete("/bucket/key")]
    {
        let url = request.clone().presign(&of_backend, now(), Duration::from_mins(1));
        let by_header = [&of_backend, &wrong].map(|key| request.clone().sign(key, now()));
        for refused in by_header.iter().chain([&url]) {
            let response = app.send(refused).await;
            let code = response.code().unwrap_or_default();
            assert_eq!((response.status, code.as_str()), (403, "InvalidAccessKeyId"), "{refused:?}: {response:?}");
            assert!(!response.text().contains(BACKEND_SECRET), "{response:?}");
            app.nothing_reached().await;
        }
        for key in [&of_backend, &wrong] {
            let in_our_region = request.clone().sign_for_region(key, now(), "eu-backend-1");
            let response = app.send(&in_our_region).await;
            assert!(matches!(response.status, 400 | 403), "{response:?}");
            app.nothing_reached().await;
        }
        app.accepts(request.sign(&app.admin, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l03_headers_about_owners_payers_and_replication_take_no_effect() {
    let app = TestApp::start().await;
    let refused = [
        ("x-amz-expected-bucket-owner", "111122223333"),
        ("x-amz-source-expected-bucket-owner", "111122223333"),
        ("x-amz-request-payer", "requester"),
        ("x-amz-source-account", "111122223333"),
        ("x-amz-source-arn", "arn:aws:s3:::bucket"),
        ("x-amz-replication-status", "REPLICA"),
        ("x-amz-replica-status", "REPLICA"),
        ("x-amz-restore", "ongoing-request=\"false\""),
        ("x-amz-delete-marker", "true"),
        ("x-amz-version-id", "v1"),
        ("x-amz-mfa", "1 123456"),
    ];
    for (name, value) in refused {
        for request in [
            Request::get("/bucket/key"),
            Request::put("/bucket/key").body("body"),
            Request::delete("/bucket/key"),
            Request::get("/bucket?list-type=2"),
        ] {
            let signed = request.clone().header(name, value).sign(&app.admin, now());
            let response = app.refuses(&signed, 501, "NotImplemented").await;
            assert!(response.text().contains(name), "it is named: {response:?}");
            app.refuses(&request.sign(&app.admin, now()).header(name, value), 403, "AccessDenied").await;
        }
    }
    // Those of other servers' replication and of gateways: they are nobody's here, signed or not.
    let dropped = [
        ("x-minio-source-etag", "0"),
        ("x-minio-source-mtime", "2020-01-01T00:00:00Z"),
        ("x-minio-source-replication-request", "true"),
        ("x-minio-replication-server-side-encryption-iv", "0"),
        ("x-rustfs-source-etag", "0"),
        ("x-rgw-cksum", "0"),
        ("seaweed-owner", "somebody"),
        ("x-seaweedfs-identity", "gate"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "other.example"),
        ("x-forwarded-prefix", "/other"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-original-url", "/other/key"),
        ("x-rewrite-url", "/other/key"),
        ("x-http-method-override", "DELETE"),
    ];
    for (name, value) in dropped {
        let put = Request::put("/bucket/key").body("body");
        app.accepts(put.clone().header(name, value).sign(&app.write, now())).await;
        let signed = app.last_accepted();
        app.accepts(put.sign(&app.write, now()).header(name, value)).await;
        for recorded in [signed, app.last_accepted()] {
            assert_eq!(recorded.header(name), None, "{recorded:?}");
            assert_eq!((recorded.method.as_str(), recorded.target.as_str()), ("PUT", "/bucket/key"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l04_no_path_and_no_host_leads_to_another_server() {
    let elsewhere = RecordingBackend::start().await;
    let other = elsewhere.address.to_string();
    for addressing in ["path", "virtual"] {
        let app = TestApp::with(|setup| {
            let backend = setup.backend();
            backend.addressing = addressing;
            backend.endpoint = backend.endpoint.replace("127.0.0.1", "localhost");
        })
        .await;
        let own = format!("localhost:{}", app.backend.address.port());
        let targets = [
            format!("//{other}/bucket/key"),
            format!("/bucket/@{other}/key"),
            format!("/@{other}/key"),
            format!("/bucket@{other}/key"),
            format!("/bucket:80@{other}/key"),
            format!("/bucket%40{other}/key"),
            format!("/bucket/key%40{other}"),
            format!("/bucket%23{other}/key"),
            format!("/bucket/%23@{other}/"),
            format!("/bucket%2F%2F{other}/key"),
            format!("/bucket%2e{other}/key"),
            format!("/{other}/key"),
            format!("/{other}%2Fkey"),
            format!("/bucket/http://{other}/key"),
            format!("/bucket/..%2f..%2f{other}"),
            format!("/bucket\\@{other}/key"),
            format!("/\\{other}/key"),
            format!("/bucket%5C@{other}/key"),
            format!("/bucket/key?redirect=http://{other}"),
            format!("/bucket%00.{other}/key"),
            format!("/bucket%0d%0aHost:%20{other}/key"),
            format!("http://{other}/bucket/key"),
            format!("@{other}/bucket/key"),
        ];
        let hosts = [
            other.clone(),
            format!("s3.example.com@{other}"),
            format!("{other}#.s3.example.com"),
            format!("{other}/.s3.example.com"),
            format!("{other}\\.s3.example.com"),
            format!("{other}%2f.s3.example.com"),
            format!("bucket@{other}.s3.example.com"),
        ];
        let requests = targets.iter().map(|target| Request::get(target));
        let by_host = hosts.iter().map(|host| Request::get("/bucket/key").host(host));
        for request in requests.chain(by_host) {
            let signed = request.sign_by_hand(&app.admin, now(), |_| {});
            // Answered or closed: either way the question is only where it went.
            let _ = app.connect().await.try_exchange(&signed.bytes(), "GET").await;
            let copy = Request::put("/bucket/key").header("x-amz-copy-source", &signed.target).body("");
            let _ = app.send(&copy.sign(&app.admin, now())).await;
        }
        for recorded in app.backend.settle().await {
            let host = recorded.header("host").expect("every request of ours names the host");
            let ours = host == own || addressing == "virtual" && host.ends_with(&format!(".{own}"));
            assert!(ours, "{host} is no name of the backend: {recorded:?}");
            let bucket = host.strip_suffix(&own).unwrap_or_default().trim_end_matches('.');
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
            assert!(bucket.bytes().all(plain), "{host}");
            assert!(recorded.target.starts_with('/'), "{recorded:?}");
            assert!(!recorded.target.contains(['#', '\\']), "{recorded:?}");
        }
        let before = app.backend.requests().len();
        assert_eq!(app.send(&Request::get("/bucket/key").sign(&app.read, now())).await.status, 200);
        assert_eq!(app.backend.requests().len(), before + 1, "a usual request does arrive");
    }
    assert_eq!(elsewhere.connections().await, 0, "nobody was led there");
}

#[tokio::test(flavor = "multi_thread")]
async fn l05_redirects_are_not_followed_and_not_passed_on() {
    let elsewhere = RecordingBackend::start().await;
    let app = TestApp::start().await;
    let location = format!("http://{}/bucket/key?X-Amz-Credential={BACKEND_KEY_ID}", elsewhere.address);
    let xml =
        format!("<Error><Code>TemporaryRedirect</Code><Message>Go.</Message><Endpoint>{location}</Endpoint></Error>");
    let mut asked = 0;
    for status in [300, 301, 302, 303, 305, 307, 308, 399] {
        for request in [
            Request::get("/bucket/key"),
            Request::head("/bucket/key"),
            Request::put("/bucket/key").body("body"),
            Request::put("/bucket/key").body(vec![b'x'; 100_000]),
            Request::delete("/bucket/key"),
            Request::get("/bucket?list-type=2"),
        ] {
            let headers =
                [("Location", location.as_str()), ("Refresh", "0; url=/x"), ("x-amz-bucket-region", "eu-backend-1")];
            let body = if request.method == "HEAD" { "" } else { xml.as_str() };
            app.backend.answer_next(Answer::of(status, &headers, body));
            let request = request.sign(&app.admin, now());
            let response = app.send(&request).await;
            assert!(matches!(response.status, 502 | 503), "{request:?}: {response:?}");
            app.is_refusal(&request, &response, response.status, &response.code().unwrap_or_default());
            for name in ["location", "refresh", "x-amz-bucket-region"] {
                assert_eq!(response.header(name), None, "{response:?}");
            }
            assert!(!response.text().contains(&elsewhere.address.to_string()), "{response:?}");
            asked += 1;
        }
    }
    assert_eq!(app.backend.settle().await.len(), asked, "each was asked once");
    assert_eq!(elsewhere.connections().await, 0);
    // 304 is no redirect.
    app.backend.answer_next(Answer::of(304, &[("ETag", "\"a\"")], ""));
    assert_eq!(app.send(&Request::get("/bucket/key").sign(&app.read, now())).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_no_line_of_ours_is_made_by_stored_metadata_or_overrides() {
    let app = TestApp::start().await;
    for parameter in [
        "response-content-type",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-cache-control",
        "response-expires",
    ] {
        for value in
            ["a%0D%0AX-Injected:%201", "a%0AX-Injected:%201", "a%0DX-Injected:%201", "a%00b", "%0D%0A%0D%0Abody"]
        {
            let target = format!("/bucket/key?{parameter}={value}");
            for request in [
                Request::get(&target).sign(&app.read, now()),
                Request::head(&target).sign(&app.read, now()),
                Request::get(&target).presign(&app.read, now(), Duration::from_mins(1)),
            ] {
                let response = app.send(&request).await;
                assert_eq!((response.status, response.header("x-injected")), (400, None), "{request:?}: {response:?}");
                app.nothing_reached().await;
            }
        }
        app.accepts(Request::get(&format!("/bucket/key?{parameter}=plain")).sign(&app.read, now())).await;
        // An override that the signature does not know of is none.
        let unsigned = Request::get("/bucket/key").sign(&app.read, now()).append_query(&format!("{parameter}=plain"));
        app.refuses(&unsigned, 403, "SignatureDoesNotMatch").await;
    }
    // Stored metadata that a backend gives back with breaks in it.
    for stored in ["a\r\nX-Injected: 1", "a\nX-Injected: 1", "a\rX-Injected: 1", "a\0b", "a\r\n X-Folded: 1"] {
        let head = format!("HTTP/1.1 200 OK\r\nx-amz-meta-a: {stored}\r\nContent-Length: 2\r\n\r\nok");
        app.backend.answer_with(move |_| Answer::in_order().write(head.clone()).close());
        let mut connection = app.connect().await;
        let request = Request::get("/bucket/key").sign(&app.read, now());
        let response = connection.exchange(&request).await;
        assert_eq!(response.header("x-injected"), None, "{stored:?} is no header of ours: {response:?}");
        let value = response.header("x-amz-meta-a").unwrap_or_default();
        assert!(!value.contains(['\r', '\n', '\0']), "{response:?}");
        assert!(response.status == 200 || response.status == 502, "{stored:?}: {response:?}");
        app.backend.answer_with(|_| Answer::of(200, &[], "next"));
        if response.header("connection") != Some("close") {
            assert_eq!(connection.exchange(&request).await.body, b"next", "the connection is in step");
        }
    }
    // And metadata that would be stored with them.
    for value in [&b"a\rX-Injected: 1"[..], b"a\nX-Injected: 1", b"a\0b"] {
        let put = Request::put("/bucket/key").body("body").sign(&app.write, now());
        let mut connection = app.connect().await;
        let bytes = put.header("x-amz-meta-a", value).bytes();
        if let Ok(response) = connection.try_exchange(&bytes, "PUT").await {
            assert!((400..500).contains(&response.status), "{response:?}");
        }
        let last = app.backend.settle().await;
        assert!(last.iter().all(|recorded| recorded.header("x-injected").is_none()), "nothing of it went on");
    }
}
