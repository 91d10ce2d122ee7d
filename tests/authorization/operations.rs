//! Which action an operation needs: headers that add actions, versions, uploads, configurations.

use crate::rules::{allow, app_under, denied, passes};
use crate::support::app::now;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn e06_headers_that_ride_along_need_their_own_action() {
    let cases = [
        ("x-amz-tagging", "a=b", "s3:PutObjectTagging"),
        ("x-amz-acl", "public-read", "s3:PutObjectAcl"),
        ("x-amz-grant-read", "id=\"1\"", "s3:PutObjectAcl"),
        ("x-amz-object-lock-mode", "GOVERNANCE", "s3:PutObjectRetention"),
        ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z", "s3:PutObjectRetention"),
        ("x-amz-object-lock-legal-hold", "ON", "s3:PutObjectLegalHold"),
        ("If-Match", "\"tag\"", "s3:GetObject"),
        ("If-None-Match", "\"tag\"", "s3:GetObject"),
    ];
    let app = app_under(&[allow(&["s3:PutObject"], &["bucket/*"])]).await;
    for (name, value, action) in cases {
        let put = || Request::put("/bucket/k").header(name, value).body("x");
        let refusal = denied(&app, put()).await;
        assert!(refusal.text().contains(&format!("perform: {action} on")), "{name}: {refusal:?}");
        let wider = app_under(&[allow(&["s3:PutObject", action], &["bucket/*"])]).await;
        passes(&wider, put()).await;
    }
    passes(&app, Request::put("/bucket/k").body("x")).await;
    passes(&app, Request::put("/bucket/k").header("If-None-Match", "*").body("x")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_the_list_of_a_version_needs_the_action_of_versions_only() {
    let app = app_under(&[allow(&["s3:PutObjectVersionAcl"], &["bucket/*"])]).await;
    for (name, value) in [("x-amz-acl", "public-read"), ("x-amz-grant-read", "id=\"1\"")] {
        passes(&app, Request::put("/bucket/k?acl&versionId=v").header(name, value)).await;
        denied(&app, Request::put("/bucket/k?acl").header(name, value)).await;
        denied(&app, Request::put("/bucket/k").header(name, value).body("x")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_set_by_headers_or_by_a_document() {
    // The headers are what policies judge, and a backend may heed the document.
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let document = "<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList/></AccessControlPolicy>";
    for target in ["/bucket?acl", "/bucket/k?acl"] {
        for (name, value) in [("x-amz-acl", "private"), ("x-amz-grant-read", "id=\"1\"")] {
            let both = Request::put(target).header(name, value).body(document).sign(&app.admin, now());
            app.refuses(&both, 400, "UnexpectedContent").await;
            passes(&app, Request::put(target).header(name, value)).await;
        }
        passes(&app, Request::put(target).body(document)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a_deletion_that_compares_needs_to_read() {
    let app = app_under(&[allow(&["s3:DeleteObject"], &["bucket/*"])]).await;
    denied(&app, Request::delete("/bucket/k").header("If-Match", "\"tag\"")).await;
    denied(&app, Request::delete("/bucket/k").header("x-amz-if-match-size", "7")).await;
    passes(&app, Request::delete("/bucket/k").header("If-Match", "*")).await;
    passes(&app, Request::delete("/bucket/k")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e14_versions_are_listed_by_their_own_action() {
    let app = app_under(&[allow(&["s3:ListBucket"], &["bucket"])]).await;
    denied(&app, Request::get("/bucket?versions")).await;
    denied(&app, Request::get("/bucket?uploads")).await;
    passes(&app, Request::get("/bucket?list-type=2")).await;
    let app = app_under(&[allow(&["s3:ListBucketVersions"], &["bucket"])]).await;
    denied(&app, Request::get("/bucket?list-type=2")).await;
    passes(&app, Request::get("/bucket?versions")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e22_an_upload_is_its_key_whoever_knows_its_id() {
    let app = app_under(&[allow(&["s3:PutObject", "s3:AbortMultipartUpload", "s3:List*"], &["bucket/mine/*"])]).await;
    let parts =
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
    let all = |key: &str| {
        [
            Request::post(&format!("/bucket/{key}?uploadId=u")).body(parts),
            Request::get(&format!("/bucket/{key}?uploadId=u")),
            Request::delete(&format!("/bucket/{key}?uploadId=u")),
            Request::put(&format!("/bucket/{key}?partNumber=1&uploadId=u")).body("x"),
        ]
    };
    for request in all("theirs/k") {
        denied(&app, request).await;
    }
    for request in all("mine/k") {
        passes(&app, request).await;
    }
    for number in ["0", "10001", "-1", "1.0", ""] {
        let request = Request::put(&format!("/bucket/mine/k?partNumber={number}&uploadId=u")).body("x");
        app.refuses(&request.sign(&app.admin, now()), 400, "InvalidArgument").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e23_configurations_are_written_by_name_only() {
    let objects = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:ListBucket*"];
    let app = app_under(&[allow(&objects, &["*"])]).await;
    for name in
        ["policy", "acl", "cors", "replication", "notification", "lifecycle", "logging", "versioning", "encryption"]
    {
        denied(&app, Request::put(&format!("/bucket?{name}")).body("<A/>")).await;
    }
    for name in ["policy", "cors", "replication", "lifecycle", "website"] {
        denied(&app, Request::delete(&format!("/bucket?{name}"))).await;
    }
    denied(&app, Request::put("/bucket?publicAccessBlock").body("<A/>")).await;
    passes(&app, Request::put("/bucket/k").body("x")).await;
    let app = app_under(&[allow(&["s3:PutBucketCORS"], &["bucket"])]).await;
    let rule = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>\
        </CORSRule></CORSConfiguration>";
    passes(&app, Request::put("/bucket?cors").body(rule)).await;
}

const REPLICATION: &str = "<ReplicationConfiguration><Role>r</Role><Rule><Status>Enabled</Status><Destination>\
    <Bucket>arn:aws:s3:::victim</Bucket></Destination></Rule></ReplicationConfiguration>";
const LOGGING: &str = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>victim</TargetBucket><TargetPrefix/>\
    </LoggingEnabled></BucketLoggingStatus>";
const INVENTORY: &str = "<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::victim</Bucket>\
    </S3BucketDestination></Destination></InventoryConfiguration>";

#[tokio::test(flavor = "multi_thread")]
async fn e23_a_configuration_names_only_buckets_that_its_author_may_write() {
    let targets =
        [("/bucket?replication", REPLICATION), ("/bucket?logging", LOGGING), ("/bucket?inventory&id=i", INVENTORY)];
    let all = allow(&["s3:*"], &["bucket", "bucket/*"]);
    let app = app_under(&[all.clone(), allow(&["s3:PutObject"], &["victim/logs/*"])]).await;
    for (target, document) in targets {
        let refusal = denied(&app, Request::put(target).body(document)).await;
        assert!(refusal.text().contains("s3:PutObject on resource: &quot;arn:aws:s3:::victim/*"), "{refusal:?}");
        passes(&app, Request::put(target).body(document.replace("victim", "bucket"))).await;
    }
    passes(&app, Request::put("/bucket?logging").body("<BucketLoggingStatus/>")).await;
    let table = "<A><TableBucketArn>arn:aws:s3tables:::b</TableBucketArn></A>";
    let request = Request::post("/bucket?metadataTable").body(table).sign(&app.admin, now());
    app.refuses(&request, 501, "NotImplemented").await;
    let app = app_under(&[all, allow(&["s3:PutObject"], &["victim/*"])]).await;
    for (target, document) in targets {
        passes(&app, Request::put(target).body(document)).await;
    }
}
