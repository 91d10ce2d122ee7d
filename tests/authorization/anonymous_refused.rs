//! What nobody may ask for however open the policies are: whatever tries to authenticate, writes, steers, or tells
//! who may do what.

use crate::anonymous::{app, get, refused};
use crate::support::app::{TestApp, now};
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a15_whoever_tries_to_authenticate_is_never_nobody() {
    let app = app().await;
    app.accepts(get()).await;
    let in_query = |parameter: &str| Request::get(&format!("/open/key?{parameter}"));
    for parameter in [
        "AWSAccessKeyId=x",
        "awsaccesskeyid=x",
        "Signature=x",
        "signature",
        "Expires=1",
        "EXPIRES=1",
        "GoogleAccessId=x",
        "x-amz-acl=private",
        "X-Amz-Meta-a=b",
        "%58-Amz-Meta=1",
    ] {
        refused(&app, &in_query(parameter)).await;
    }
    for parameter in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=x",
        "X-Amz-Date=x",
        "X-Amz-Expires=1",
        "X-Amz-Signature=0",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Security-Token=x",
        "x-amz-signature=0",
        "X-AMZ-SIGNATURE",
        "x-%61mz-signature=",
    ] {
        app.refuses(&in_query(parameter), 400, "AuthorizationQueryParametersError").await;
    }
    app.refuses(&in_query("AWSAccessKeyId=x&Signature=y&Expires=1"), 400, "InvalidRequest").await;
    for name in ["x-amz-date", "X-Amz-Security-Token"] {
        for value in ["", "20261120T100000Z"] {
            refused(&app, &get().header(name, value)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_an_empty_authorization_header_is_a_header() {
    let app = app().await;
    app.accepts(get()).await;
    for value in ["", "   "] {
        app.refuses(&get().header("Authorization", value), 403, "AccessDenied").await;
    }
    for value in
        ["Bearer", "Bearer CW-SECRET-0123456789012345678901234567890123456789abc", "Basic dXNlcjpwYXNz", "anonymous"]
    {
        app.refuses(&get().header("Authorization", value), 400, "InvalidArgument").await;
    }
    app.refuses(&get().header("Authorization", "AWS4-HMAC-SHA256"), 400, "AuthorizationHeaderMalformed").await;
    app.refuses(&get().header("Authorization", "AWS x:y"), 400, "InvalidRequest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_overrides_need_a_signature() {
    for app in [app().await, TestApp::start().await] {
        for name in
            ["content-type", "content-disposition", "cache-control", "expires", "content-language", "content-encoding"]
        {
            for target in ["/open/key", "/nothing/at-all"] {
                let request = Request::get(&format!("{target}?response-{name}=text%2Fhtml"));
                let refusal = app.refuses(&request, 400, "InvalidRequest").await;
                assert!(refusal.text().contains("cannot be used for anonymous GET requests"), "{refusal:?}");
            }
        }
        app.refuses(&Request::head("/open/key?Response-Content-Type=a"), 400, "").await;
        app.accepts(Request::get("/open/key?response-content-type=text%2Fhtml").sign(&app.read, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_nobody_writes_anything() {
    let app = app().await;
    let batch = "<Delete><Object><Key>a</Key></Object></Delete>";
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\n\
                Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nbody\r\n--b--\r\n";
    let requests = [
        Request::put("/open/key").body("x"),
        Request::put("/open/key"),
        Request::put("/open/key").header("x-amz-copy-source", "open/other"),
        Request::put("/open/key?tagging").body("<Tagging><TagSet/></Tagging>"),
        Request::put("/open/key?acl").header("x-amz-acl", "public-read"),
        Request::put("/open/key?partNumber=1&uploadId=u").body("x"),
        Request::put("/open?acl").header("x-amz-acl", "public-read"),
        Request::put("/open?policy").body("{}"),
        Request::put("/open?cors").body("<CORSConfiguration/>"),
        Request::put("/fresh"),
        Request::post("/open/key?uploads"),
        Request::post("/open/key?uploadId=u").body("<CompleteMultipartUpload/>"),
        Request::post("/open?delete").body(batch),
        Request::post("/open/key?select&select-type=2").body("<SelectObjectContentRequest/>"),
        Request::delete("/open/key"),
        Request::delete("/open/key?tagging"),
        Request::delete("/open/key?uploadId=u"),
        Request::delete("/open?policy"),
        Request::delete("/open"),
        Request::new("PATCH", "/open/key"),
    ];
    for request in requests {
        refused(&app, &request).await;
    }
    let form = Request::post("/open").header("Content-Type", "multipart/form-data; boundary=b").body(form);
    let answer = app.send(&form).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    app.nothing_reached().await;
    app.accepts(get()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_may_do_what() {
    let app = app().await;
    let of_bucket = [
        "acl",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "cors",
        "lifecycle",
        "encryption",
        "versioning",
        "tagging",
        "logging",
        "website",
        "notification",
        "replication",
        "location",
        "ownershipControls",
        "object-lock",
        "uploads",
        "requestPayment",
        "accelerate",
        "inventory",
        "metrics",
        "analytics",
        "intelligent-tiering",
        "unheard-of",
    ];
    let of_object = ["acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "uploadId=u", "unheard-of"];
    let requests = of_bucket.iter().map(|name| format!("/open?{name}"));
    for target in requests.chain(of_object.iter().map(|name| format!("/open/key?{name}"))).chain(["/".to_owned()]) {
        refused(&app, &Request::get(&target)).await;
    }
    // Nor what there is.
    for target in ["/other", "/other/key", "/nothing-of-this-name"] {
        refused(&app, &Request::get(target)).await;
        refused(&app, &Request::head(target)).await;
    }
    app.accepts(Request::get("/open?acl").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_a_body() {
    let app = app().await;
    refused(&app, &get().body("x")).await;
    refused(&app, &get().body("x").in_http_chunks(1)).await;
    app.accepts(get().body("")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_a_header_that_steers() {
    let app = app().await;
    for (name, value) in [
        ("x-amz-server-side-encryption-customer-key", "k"),
        ("x-amz-request-payer", "requester"),
        ("x-amz-expected-bucket-owner", "1"),
        ("x-amz-optional-object-attributes", "RestoreStatus"),
        ("x-amz-meta-a", "b"),
        ("x-amz-acl", "private"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-copy-source", "open/key"),
        ("x-amz-unheard-of", ""),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-content-sha256", "0000000000000000000000000000000000000000000000000000000000000000"),
    ] {
        refused(&app, &get().header(name, value)).await;
    }
    app.accepts(get().header("If-None-Match", "\"e\"")).await;
}
