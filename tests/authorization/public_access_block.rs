//! Public access blocks: kept here, and enforced here.

use crate::bucket_stock::{BucketStock, app_with, asked, policy, refused, send, statement};
use crate::support::app::TestApp;
use crate::support::request::Request;

async fn start() -> TestApp {
    app_with(&BucketStock::of(&["bucket"]), |_| {}).await
}

fn block(switches: &[&str]) -> Request {
    let switch = |name: &&str| format!("<{name}>true</{name}>");
    let inner: String = switches.iter().map(switch).collect();
    Request::put("/bucket?publicAccessBlock")
        .body(format!("<PublicAccessBlockConfiguration>{inner}</PublicAccessBlockConfiguration>"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_kept_read_and_removed() {
    let app = start().await;
    let get = || Request::get("/bucket?publicAccessBlock");
    refused(&app, &app.admin, get(), 404, "NoSuchPublicAccessBlockConfiguration").await;
    let response = send(&app, &app.admin, block(&["BlockPublicAcls", "RestrictPublicBuckets"])).await;
    assert_eq!((response.status, response.text().as_str()), (200, ""));
    let response = send(&app, &app.admin, get()).await;
    for (name, value) in [
        ("BlockPublicAcls", "true"),
        ("BlockPublicPolicy", "false"),
        ("IgnorePublicAcls", "false"),
        ("RestrictPublicBuckets", "true"),
    ] {
        assert_eq!(response.element(name).as_deref(), Some(value), "{name}: {response:?}");
    }
    let broken = Request::put("/bucket?publicAccessBlock").body("<PublicAccessBlockConfiguration><No/>");
    refused(&app, &app.admin, broken, 400, "MalformedXML").await;
    assert_eq!(send(&app, &app.admin, get()).await.status, 200, "the one before stays");
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket?publicAccessBlock")).await.status, 204);
    refused(&app, &app.admin, get(), 404, "NoSuchPublicAccessBlockConfiguration").await;
    assert_eq!(send(&app, &app.admin, Request::delete("/bucket?publicAccessBlock")).await.status, 204);
    refused(&app, &app.admin, Request::get("/nobodys?publicAccessBlock"), 404, "NoSuchBucket").await;
    assert!(asked(&app).iter().all(|asked| asked.starts_with("HEAD ")), "{:?}", asked(&app));
}

#[tokio::test(flavor = "multi_thread")]
async fn public_lists_are_refused_where_they_are_blocked() {
    let app = start().await;
    let everybody = "http://acs.amazonaws.com/groups/global/AllUsers";
    let document = |grantee: &str| {
        format!(
            "<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee>{grantee}</Grantee>\
             <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
        )
    };
    let public = || {
        [
            Request::put("/bucket?acl").header("x-amz-acl", "public-read"),
            Request::put("/bucket?acl").header("x-amz-grant-write", format!("uri=\"{everybody}\"")),
            Request::put("/bucket?acl").body(document(&format!("<URI>{everybody}</URI>"))),
            Request::put("/bucket/key?acl").header("x-amz-acl", "authenticated-read"),
            Request::put("/bucket/key?acl").body(document(&format!("<URI>{everybody}</URI>"))),
            Request::put("/bucket/key").header("x-amz-acl", "public-read-write").body("x"),
            Request::post("/bucket/key?uploads").header("x-amz-acl", "public-read"),
            Request::put("/bucket/copy").header("x-amz-copy-source", "bucket/key").header("x-amz-acl", "public-read"),
        ]
    };
    for request in public() {
        let response = send(&app, &app.admin, request).await;
        assert_eq!(response.status, 200, "without a block: {response:?}");
    }
    assert_eq!(send(&app, &app.admin, block(&["BlockPublicAcls"])).await.status, 200);
    let before = asked(&app).len();
    for request in public() {
        refused(&app, &app.admin, request, 403, "AccessDenied").await;
    }
    assert_eq!(asked(&app).len(), before, "nothing of them reaches the backend");
    let private = [
        Request::put("/bucket/key").body("x"),
        Request::put("/bucket/key?acl").header("x-amz-acl", "bucket-owner-read"),
        Request::put("/bucket?acl").body(document("<ID>somebody</ID>")),
    ];
    for request in private {
        let response = send(&app, &app.admin, request).await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    let sent = String::from_utf8(app.backend.requests().last().unwrap().body.clone()).unwrap();
    assert!(sent.contains("xsi:type=\"CanonicalUser\"><ID>somebody</ID>"), "written anew: {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_policy_is_refused_where_it_is_blocked() {
    let app = start().await;
    assert_eq!(send(&app, &app.admin, block(&["BlockPublicPolicy"])).await.status, 200);
    let public = policy(&statement("Allow", r#""s3:GetObject""#, "bucket"));
    let put = |document: &str| Request::put("/bucket?policy").body(document);
    let refusal = refused(&app, &app.admin, put(&public), 403, "AccessDenied").await;
    for part in ["User: arn:aws:iam::ab1cd2:static/", "blocked by the BlockPublicPolicy block public access setting"] {
        assert!(refusal.text().contains(part), "{refusal:?}");
    }
    refused(&app, &app.admin, Request::get("/bucket?policy"), 404, "NoSuchBucketPolicy").await;
    let ours = public.replace(r#""Principal": "*""#, r#""Principal": {"AWS": "ab1cd2"}"#);
    assert_eq!(send(&app, &app.admin, put(&ours)).await.status, 204);
}
