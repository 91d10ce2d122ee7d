//! What keys from API tokens may do where they are used.

use serde_json::json;

use crate::client::{Plane, STATUS};
use crate::support::app::now;
use crate::support::request::Request;
use crate::support::wire::Connection;

#[tokio::test]
async fn a_key_of_a_read_token_reads_and_a_key_of_a_write_token_writes() {
    let plane = Plane::start().await;
    let upload = |key| Request::put("/bucket/object").body("x").sign(key, now());
    let reader = plane.mint(&plane.token("read").await, 60).await;
    plane.app.accepts(Request::get("/bucket/object").sign(&reader, now())).await;
    let refused = plane.app.refuses(&upload(&reader), 403, "AccessDenied").await;
    let message = refused.element("Message").unwrap();
    assert!(
        message.contains("because the permission of the access key is &quot;read&quot;"),
        "it names the permission: {message}"
    );
    let writer = plane.mint(&plane.token("write").await, 60).await;
    plane.app.accepts(upload(&writer)).await;
    plane.app.refuses(&Request::put("/new-bucket").sign(&writer, now()), 403, "AccessDenied").await;
    let admin = plane.mint(&plane.admin, 60).await;
    plane.app.accepts(Request::put("/new-bucket").sign(&admin, now())).await;
}

#[tokio::test]
async fn a_key_works_at_the_first_request_even_if_its_principal_was_suspended_before() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let set = |status: &str| json!({"principalName": token.principal, "status": status});
    for _ in 0..5 {
        let key = plane.mint(&token, 600).await;
        let request = || Request::get("/bucket/object").sign(&key, now());
        plane.app.accepts(request()).await;
        plane.call("PUT", STATUS, &plane.admin, &set("SUSPENDED")).await.succeeded();
        plane.app.refuses(&request(), 403, "InvalidAccessKeyId").await;
        plane.call("PUT", STATUS, &plane.admin, &set("ACTIVE")).await.succeeded();
        plane.app.accepts(request()).await;
    }
}

#[tokio::test]
async fn l11_a_key_of_the_data_plane_opens_nothing_of_the_control_plane() {
    let plane = Plane::start().await;
    let key = plane.mint(&plane.admin, 600).await;
    let paths = ["/", "/bucket", "/bucket/object", "/v1/admin/tokens", "/v1/admin/federation/oidc", "/metrics", STATUS];
    for path in paths {
        for method in ["GET", "PUT", "POST", "DELETE"] {
            let unsigned = || Request::new(method, path).body("{}").header("content-type", "application/json");
            let minute = std::time::Duration::from_mins(1);
            for request in [unsigned().sign(&key, now()), unsigned().presign(&key, now(), minute)] {
                let response = Connection::open(plane.address).await.exchange(&request).await;
                assert!((400..500).contains(&response.status), "{request:?}: {response:?}");
                plane.app.nothing_reached().await;
            }
        }
    }
    // The key is good where it belongs, and so is the token.
    plane.app.accepts(Request::get("/bucket/object").sign(&key, now())).await;
    plane.get("/v1/admin/tokens", &plane.admin).await.succeeded();
}
