//! A listener that clients have filled: health and the control plane are not behind it.

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
}
