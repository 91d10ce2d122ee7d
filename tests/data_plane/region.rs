//! Regions: the client sees ours, the backend its own.

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn any_region_accepts_every_label_and_signs_for_the_backends() {
    let app = TestApp::with(|setup| setup.any_region = true).await;
    for region in ["us-east-1", "eu-west-9", "auto", "garage", "US"] {
        app.accepts(Request::get("/bucket/key").sign_for_region(&app.read, now(), region)).await;
        app.last_accepted().assert_signed_by_us();
    }
    let odd = Request::get("/bucket/key").sign_by_hand(&app.read, now(), |recipe| recipe.region = "us east".into());
    app.refuses(&odd, 400, "AuthorizationHeaderMalformed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_constraint_of_ours_becomes_the_backends() {
    let app = TestApp::start().await;
    let create = |body: &str| Request::put("/new-bucket").body(body).sign(&app.admin, now());
    let constraint = |region: &str| {
        format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    app.refuses(&create(&constraint("eu-west-9")), 400, "IllegalLocationConstraintException").await;
    app.refuses(&create(&constraint("eu-backend-1")), 400, "IllegalLocationConstraintException").await;
    app.refuses(&create("<broken"), 400, "MalformedXML").await;
    for body in [String::new(), constraint("us-east-1"), constraint("")] {
        app.accepts(create(&body)).await;
        let recorded = app.last_accepted();
        let sent = String::from_utf8_lossy(&recorded.body).into_owned();
        assert!(sent.contains("<LocationConstraint>eu-backend-1<"), "{body:?} became {sent:?}");
        assert!(!sent.contains("us-east-1"), "{sent}");
        recorded.assert_signed_by_us();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_show_our_region() {
    let app = TestApp::start().await;
    let xml = "<?xml version=\"1.0\"?><LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
               eu-backend-1</LocationConstraint>";
    app.backend.answer_next(Answer::of(200, &[("content-type", "application/xml")], xml));
    let response = app.accepts(Request::get("/bucket?location").sign(&app.admin, now())).await;
    assert!(!response.text().contains("eu-backend-1"), "{response:?}");
    app.backend.answer_next(
        Answer::in_order().write("HTTP/1.1 200 OK\r\nx-amz-bucket-region: eu-backend-1\r\nContent-Length: 0\r\n\r\n"),
    );
    let response = app.accepts(Request::head("/bucket").sign(&app.read, now())).await;
    assert_eq!(response.header("x-amz-bucket-region"), Some("us-east-1"), "{response:?}");
}
