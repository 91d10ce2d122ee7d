//! What a hostile reading of the data plane found: each test failed once.

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a_backslash_is_no_way_around_the_rules_for_segments() {
    let app = TestApp::start().await;
    let exact = TestApp::with(|setup| setup.backend().exact_keys = true).await;
    for path in [
        "/bucket/public%5C..%5Cprivate.txt",
        "/bucket/..%5c..%5cother/private.txt",
        "/bucket/public/..%5Cprivate.txt",
        "/bucket/%5Ca",
        "/bucket/a%5Cb",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let request = Request::new(method, path).sign_by_hand(&app.write, now(), |_| {});
            app.refuses(&request, 400, "InvalidURI").await;
        }
        exact.accepts(Request::get(path).sign_by_hand(&exact.read, now(), |_| {})).await;
    }
    let copy = Request::put("/bucket/copy").header("x-amz-copy-source", "bucket/..%5C..%5Cother%5Cprivate.txt");
    app.refuses(&copy.sign(&app.write, now()), 400, "InvalidURI").await;
    let batch = "<Delete><Object><Key>a\\..\\..\\other\\private.txt</Key></Object></Delete>";
    app.refuses(&Request::post("/bucket?delete").body(batch).sign(&app.write, now()), 400, "InvalidURI").await;
}
