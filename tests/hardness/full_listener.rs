//! A listener that clients have filled: health, the control plane and the control socket are not behind it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::wire::Connection;

#[tokio::test(flavor = "multi_thread")]
async fn k16_health_and_control_answer_while_the_data_plane_is_full() {
    let app = TestApp::with(|setup| {
        setup.limits = vec!["max_connections = 20".into()];
        setup.admin = true;
        setup.api = Some(Vec::new());
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(app.connect().await);
    }
    // One of those that are in.
    let served = held[0].exchange(&Request::get("/bucket/key").sign(&app.read, now())).await;
    assert_eq!(served.status, 200);
    app.reached_once().await;
    let refused = app.connect().await.try_exchange(&Request::get("/bucket/key").bytes(), "GET").await;
    assert!(refused.is_err(), "the data plane is full");
    assert_eq!(app.running().s3_connections.open(), 20);

    let admin = app.running().admin_address.unwrap();
    for path in ["/livez", "/readyz"] {
        assert_eq!(Connection::open(admin).await.exchange(&Request::get(path)).await.status, 200, "{path}");
    }
    let api =
        Connection::open(app.running().api_address.unwrap()).await.exchange(&Request::get("/v1/admin/keys")).await;
    assert_eq!(api.status, 401, "{api:?}");
    let folder = app.folder.path().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut control = UnixStream::connect(folder.join("control.sock")).unwrap();
        control.write_all(b"GET /v1/admin/keys HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        control.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
