//! The operation that is judged is the operation that is sent on: one parser, and what it does not know
//! goes nowhere.

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_sub_resource_is_the_same_in_every_spelling_and_stands_once() {
    let app = TestApp::start().await;
    let get = |query: &str| Request::get(&format!("/bucket/key?{query}")).sign_by_hand(&app.admin, now(), |_| {});
    for query in ["acl&acl", "acl=&acl", "acl&%61cl", "tagging&tagging=", "versionId=1&versionId=2"] {
        let response = app.send(&get(query)).await;
        assert_eq!(response.status, 400, "{query}: {response:?}");
        app.is_refusal(&get(query), &response, 400, &response.code().unwrap_or_default());
        app.nothing_reached().await;
    }
    // Another case is another name, and an unknown one.
    app.refuses(&get("ACL"), 501, "NotImplemented").await;
    // Judged as what it is: a write key may read an object, not its ACL's policy sibling on the bucket.
    for query in ["acl", "acl=", "%61cl", "%61%63%6C"] {
        app.accepts(get(query)).await;
        let target = app.last_accepted().target;
        assert!(target == "/bucket/key?acl" || target == "/bucket/key?acl=", "{query} became {target}");
        let put = Request::put(&format!("/bucket/key?{query}")).body("<x/>").sign_by_hand(&app.write, now(), |_| {});
        app.refuses(&put, 403, "AccessDenied").await;
    }
    // A semicolon separates nothing.
    app.refuses(&get("acl;tagging"), 501, "NotImplemented").await;
    let list = Request::get("/bucket?list-type=2&prefix=a;b&delimiter=%2F").sign_by_hand(&app.read, now(), |_| {});
    app.accepts(list).await;
    let target = app.last_accepted().target;
    assert!(target.contains("prefix=a%3Bb"), "{target}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_the_order_of_parameters_is_no_matter() {
    let app = TestApp::start().await;
    for query in ["partNumber=1&uploadId=u", "uploadId=u&partNumber=1"] {
        app.accepts(Request::put(&format!("/bucket/key?{query}")).body("part").sign(&app.write, now())).await;
        let target = app.last_accepted().target;
        assert!(target.contains("partNumber=1") && target.contains("uploadId=u"), "{target}");
    }
    let swapped = Request::put("/bucket/key?uploadId=u&partNumber=1").body("part").sign(&app.write, now());
    let other_value = swapped.clone().tamper(|request| request.target = request.target.replace("=1", "=2"));
    app.refuses(&other_value, 403, "SignatureDoesNotMatch").await;
    app.accepts(swapped.tamper(|request| request.target = "/bucket/key?partNumber=1&uploadId=u".into())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_two_sub_resources_at_once_are_refused() {
    let app = TestApp::start().await;
    for (method, target) in [
        ("GET", "/bucket?acl&policy"),
        ("GET", "/bucket?policy&versioning"),
        ("PUT", "/bucket?acl&policy"),
        ("DELETE", "/bucket?tagging&policy"),
        ("POST", "/bucket?uploads&delete"),
        ("GET", "/bucket/key?acl&tagging"),
        ("GET", "/bucket/key?tagging&retention"),
        ("PUT", "/bucket/key?acl&tagging"),
        ("POST", "/bucket/key?uploads&restore"),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u&acl"),
        ("DELETE", "/bucket/key?uploadId=u&tagging"),
    ] {
        let request = Request::new(method, target).sign(&app.admin, now());
        app.refuses(&request, 400, "InvalidRequest").await;
    }
    app.accepts(Request::get("/bucket?acl").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_what_the_table_does_not_know_goes_nowhere() {
    let app = TestApp::start().await;
    for (method, target) in [
        ("GET", "/bucket?brandNewApi"),
        ("PUT", "/bucket?brandNewApi=1"),
        ("GET", "/bucket/key?brandNewApi"),
        ("PUT", "/bucket/key?brandNewApi"),
        ("DELETE", "/bucket/key?brandNewApi"),
        ("POST", "/bucket/key?brandNewApi"),
        ("POST", "/bucket/key"),
        ("POST", "/"),
        ("PUT", "/"),
        ("DELETE", "/"),
        ("PUT", "/?acl"),
        ("DELETE", "/bucket?acl"),
        ("GET", "/bucket?delete"),
        ("PUT", "/bucket/key?uploads"),
        ("DELETE", "/bucket/key?acl"),
        ("POST", "/bucket?uploads"),
        ("HEAD", "/bucket?policy"),
        ("HEAD", "/bucket/key?acl"),
    ] {
        let request = Request::new(method, target).sign(&app.admin, now());
        app.refuses(&request, 501, "NotImplemented").await;
    }
    // Whatever it is called: an admin key opens nothing that has no row in the table.
    app.accepts(Request::get("/bucket?versioning").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_post_to_a_bucket_that_is_no_form_goes_nowhere() {
    let app = TestApp::start().await;
    for body in ["", "key=k&file=x"] {
        let post = Request::post("/bucket").header("content-type", "application/x-www-form-urlencoded").body(body);
        app.refuses(&post, 403, "AccessDenied").await;
        app.refuses(&post.sign(&app.admin, now()), 400, "MalformedPOSTRequest").await;
    }
    app.accepts(Request::put("/bucket/k").body("x").sign(&app.write, now())).await;
}
