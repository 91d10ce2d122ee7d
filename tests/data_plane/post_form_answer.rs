//! What a form is answered with once its file is stored.

use serde_json::json;

use crate::support::app::{TestApp, now};
use crate::support::form::Form;
use crate::support::recording_backend::Answer;
use crate::support::wire::Response;

const HEADERS: [(&str, &str); 3] = [("ETag", "\"e1\""), ("x-amz-version-id", "v1"), ("x-amz-bucket-region", "secret")];

async fn answer(app: &TestApp, key: &str, fields: &[(&str, &str)]) -> Response {
    let form = Form::new("bucket", key);
    let form = fields.iter().fold(form, |form, (name, value)| {
        form.condition(json!(["starts-with", format!("${name}"), ""])).field(name, value)
    });
    app.backend.answer_next(Answer::of(200, &HEADERS, "the backend's own words"));
    app.accepts_form(&form.sign(&app.write, now())).await
}

impl TestApp {
    async fn accepts_form(&self, form: &Form) -> Response {
        let response = self.send(&form.request()).await;
        assert!((200..304).contains(&response.status), "{response:?}");
        self.reached_once().await;
        response
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_answered_with_the_status_it_asks_for() {
    let app = TestApp::start().await;
    for (status, expected) in [("200", 200), ("204", 204), ("404", 204), ("", 204), ("303", 204)] {
        let response = answer(&app, "a&b c", &[("success_action_status", status)]).await;
        assert_eq!((response.status, response.body.as_slice()), (expected, &b""[..]), "{status}: {response:?}");
        assert_eq!(response.header("location"), Some("http://localhost/bucket/a%26b%20c"));
        assert_eq!((response.header("etag"), response.header("x-amz-version-id")), (Some("\"e1\""), Some("v1")));
        assert_eq!(response.header("x-amz-bucket-region"), None);
    }
    let response = answer(&app, "a&b c", &[("success_action_status", "201")]).await;
    assert_eq!((response.status, response.header("content-type")), (201, Some("application/xml")));
    assert_eq!(response.element("Location").as_deref(), Some("http://localhost/bucket/a%26b%20c"));
    assert_eq!(response.element("Bucket").as_deref(), Some("bucket"));
    assert!(response.text().contains("<Key>a&amp;b c</Key>"), "{response:?}");
    assert!(response.text().contains("<ETag>&quot;e1&quot;</ETag>"), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_sent_on_to_the_page_it_asks_for() {
    let app = TestApp::start().await;
    for name in ["success_action_redirect", "redirect"] {
        let response = answer(&app, "a/b", &[(name, "https://a.example/ok?x=1#top")]).await;
        assert_eq!(response.status, 303);
        let location = "https://a.example/ok?x=1&bucket=bucket&key=a%2Fb&etag=%22e1%22#top";
        assert_eq!(response.header("location"), Some(location));
    }
    for ignored in ["javascript:alert(1)", "/ok", "http://a.example/\r\nSet-Cookie: a=b", "ftp://a.example", ""] {
        let response = answer(&app, "a", &[("success_action_redirect", ignored)]).await;
        assert_eq!(response.status, 204, "{ignored}: {response:?}");
        assert_eq!(response.header("set-cookie"), None);
    }
    // Only a success is a reason to go there.
    let form = Form::new("bucket", "a").allowed("redirect", "http://a.example/").sign(&app.read, now());
    app.refuses(&form.request(), 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_for_a_bucket_in_the_host_is_answered_with_that_host() {
    let app = TestApp::start().await;
    for target in ["/", ""] {
        let form = Form::new("bucket", "a/b").with(|form| form.target = format!("/{}", target.trim_matches('/')));
        let request = form.sign(&app.write, now()).request().host("bucket.s3.example.com");
        let response = app.accepts(request).await;
        assert_eq!(response.header("location"), Some("http://bucket.s3.example.com/a/b"));
        assert_eq!(app.last_accepted().target, "/bucket/a/b");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_backend_refuses_is_refused() {
    let app = TestApp::start().await;
    app.backend.answer_next(Answer::error(404, "NoSuchBucket", "no such bucket"));
    let form = Form::new("bucket", "a").allowed("success_action_status", "201").sign(&app.write, now());
    let response = app.send(&form.request()).await;
    assert_eq!((response.status, response.code().as_deref()), (404, Some("NoSuchBucket")), "{response:?}");
}
