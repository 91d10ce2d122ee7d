//! Path style and virtual-hosted style, on either side, and which backend a bucket goes to.

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::RecordingBackend;
use crate::support::request::Request;
use crate::support::setup::BackendSetup;

#[tokio::test(flavor = "multi_thread")]
async fn both_client_styles_reach_the_same_object_in_path_style() {
    let app = TestApp::start().await;
    for request in [
        Request::get("/bucket/a/b%20c?versionId=v1"),
        Request::get("/a/b%20c?versionId=v1").host("bucket.s3.example.com"),
    ] {
        app.accepts(request.sign(&app.read, now())).await;
        let recorded = app.last_accepted();
        assert_eq!(recorded.target, "/bucket/a/b%20c?versionId=v1");
        assert_eq!(recorded.header("host"), Some(app.backend.address.to_string().as_str()));
    }
    for request in
        [Request::head("/bucket"), Request::head("/bucket/"), Request::head("/").host("bucket.s3.example.com")]
    {
        app.accepts(request.sign(&app.read, now())).await;
        let target = app.last_accepted().target;
        assert_eq!(target.trim_end_matches('/'), "/bucket");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_hosted_backend_gets_the_bucket_in_its_host() {
    let app = TestApp::with(|setup| {
        setup.backend().addressing = "virtual";
        // `*.localhost` is this machine, for resolvers and by RFC 6761.
        setup.backend().endpoint = setup.backend().endpoint.replace("127.0.0.1", "localhost");
    })
    .await;
    let port = app.backend.address.port();
    for request in
        [Request::get("/bucket/a/b?versionId=v1"), Request::get("/a/b?versionId=v1").host("bucket.s3.example.com")]
    {
        app.accepts(request.sign(&app.read, now())).await;
        let recorded = app.last_accepted();
        assert_eq!(recorded.target, "/a/b?versionId=v1");
        assert_eq!(recorded.header("host"), Some(format!("bucket.localhost:{port}").as_str()));
        recorded.assert_signed_by_us();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_backend_whose_pattern_matches_gets_the_bucket() {
    let logs = RecordingBackend::start().await;
    let endpoint = format!("http://{}", logs.address);
    let app = TestApp::with(|setup| {
        let mut backend = BackendSetup::new("logs", endpoint);
        backend.buckets = vec!["logs-*".into(), "audit".into()];
        setup.backends.insert(0, backend);
    })
    .await;
    for bucket in ["logs-", "logs-2026", "audit"] {
        let bucket = if bucket == "logs-" { "logs-a" } else { bucket };
        assert_eq!(app.send(&Request::get(&format!("/{bucket}/k")).sign(&app.read, now())).await.status, 200);
    }
    assert_eq!(logs.requests().len(), 3);
    app.nothing_reached().await;
    for bucket in ["logs", "audit2", "xlogs-1"] {
        app.accepts(Request::get(&format!("/{bucket}/k")).sign(&app.read, now())).await;
    }
    assert_eq!(logs.requests().len(), 3);
    // A copy from the one to the other is more than one backend can do.
    let copy = Request::put("/bucket/k").header("x-amz-copy-source", "/logs-2026/k").sign(&app.write, now());
    let refusal = app.refuses(&copy, 501, "NotImplemented").await;
    assert!(refusal.text().contains("logs-2026"), "the source is named: {refusal:?}");
    assert_eq!(logs.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_no_backend_holds_goes_nowhere() {
    let app = TestApp::with(|setup| setup.backend().buckets = vec!["mine".into()]).await;
    let response = app.send(&Request::get("/other/k").sign(&app.admin, now())).await;
    assert!(matches!(response.status, 403 | 404), "{response:?}");
    app.is_refusal(&Request::get("/other/k"), &response, response.status, &response.code().unwrap_or_default());
    app.nothing_reached().await;
    app.accepts(Request::get("/mine/k").sign(&app.admin, now())).await;
}
