//! Copies read their source: it is judged with its version, and named by what is sent on.

use crate::rules::{all_of, allow, app_under, denied, guard, if_so, passes};
use crate::support::app::now;
use crate::support::request::Request;

fn copy(source: &str) -> Request {
    Request::put("/bucket/key").header("x-amz-copy-source", source)
}

fn copy_part(source: &str) -> Request {
    Request::put("/bucket/key?partNumber=1&uploadId=u").header("x-amz-copy-source", source)
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_copy_needs_to_read_its_source() {
    let app = app_under(&[allow(&["s3:PutObject"], &["bucket/*"]), allow(&["s3:GetObject"], &["source/open/*"])]).await;
    let refusal = denied(&app, copy("source/secret")).await;
    assert!(refusal.text().contains("s3:GetObject"), "{refusal:?}");
    denied(&app, copy("bucket/key2")).await;
    passes(&app, copy("source/open/a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_a_copied_part_needs_to_read_its_source() {
    let app = app_under(&[allow(&["s3:PutObject"], &["bucket/*"]), allow(&["s3:GetObject"], &["source/open/*"])]).await;
    denied(&app, copy_part("source/secret")).await;
    passes(&app, copy_part("source/open/a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e03_the_source_that_is_judged_is_the_source_that_is_sent_on() {
    let app = app_under(&[allow(&["s3:PutObject"], &["bucket/*"]), allow(&["s3:GetObject"], &["source/open/*"])]).await;
    for other in ["%2Fsource%2Fsecret", "source%2Fopen/../secret", "source/open%2F..%2Fsecret", "other/open/k"] {
        let request = copy(other).sign(&app.admin, now());
        let response = app.send(&request).await;
        assert!(matches!(response.status, 400 | 403), "{other}: {response:?}");
        app.nothing_reached().await;
    }
    for malformed in ["source", "source/", "/", "source/open/%zz"] {
        app.refuses(&copy(malformed).sign(&app.admin, now()), 400, "InvalidArgument").await;
    }
    for same in ["source/open/a", "/source/open/a", "%2Fsource%2Fopen%2Fa"] {
        passes(&app, copy(same)).await;
        assert_eq!(app.last_accepted().header("x-amz-copy-source"), Some("source/open/a"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e04_a_version_of_the_source_needs_its_own_action() {
    let put = allow(&["s3:PutObject"], &["bucket/*"]);
    let app = app_under(&[put.clone(), allow(&["s3:GetObject"], &["source/*"])]).await;
    for request in [copy("source/k?versionId=v"), copy_part("source/k?versionId=null")] {
        let refusal = denied(&app, request).await;
        assert!(refusal.text().contains("s3:GetObjectVersion"), "{refusal:?}");
    }
    passes(&app, copy("source/k")).await;
    let app = app_under(&[put, allow(&["s3:GetObjectVersion"], &["source/*"])]).await;
    denied(&app, copy("source/k")).await;
    passes(&app, copy("source/k?versionId=v")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e05_a_policy_limits_what_may_be_copied() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let elsewhere =
        r#"{"Null": {"s3:x-amz-copy-source": "false"}, "StringNotLike": {"s3:x-amz-copy-source": "source/open/*"}}"#;
    guard(&app, "bucket", &[all_of("bucket"), if_so("Deny", "s3:PutObject", "bucket", elsewhere)]).await;
    for source in ["source/secret", "%2Fsource/secret", "bucket/open/a"] {
        denied(&app, copy(source)).await;
        denied(&app, copy_part(source)).await;
    }
    passes(&app, copy("/source%2Fopen/a")).await;
    passes(&app, Request::put("/bucket/key").body("no copy at all")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_a_copy_leaves_aside_meet_no_condition() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let untagged = r#"{"StringNotEquals": {"s3:RequestObjectTag/class": "open"}}"#;
    guard(&app, "bucket", &[all_of("bucket"), if_so("Deny", "s3:PutObject", "bucket", untagged)]).await;
    let tagged = || copy("source/k").header("x-amz-tagging", "class=open");
    // The tags of the source are copied unless they are to be replaced.
    denied(&app, tagged()).await;
    denied(&app, tagged().header("x-amz-tagging-directive", "COPY")).await;
    passes(&app, tagged().header("x-amz-tagging-directive", "REPLACE")).await;
    assert_eq!(app.last_accepted().header("x-amz-tagging"), Some("class=open"));
    guard(&app, "bucket", &[all_of("bucket")]).await;
    passes(&app, tagged()).await;
    assert_eq!(app.last_accepted().header("x-amz-tagging"), None);
}
