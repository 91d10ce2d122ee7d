//! `SetBucketSettings` and `SetOrganizationSettings`.

use serde_json::json;

use crate::bucket_info::has_buckets;
use crate::client::{BUCKET_SETTINGS, ORGANIZATION_SETTINGS, Plane};

#[tokio::test]
async fn settings_of_a_bucket_are_merged_and_told() {
    let plane = Plane::start().await;
    has_buckets(&plane.app.backend, &["acc", "zoo"]);
    let token = plane.token("write").await;
    let set = async |body| plane.call("PUT", BUCKET_SETTINGS, &token, &body).await;
    let on = json!({"settings": {"auditLoggingEnabled": true}});
    assert_eq!(set(json!({"bucketName": "acc", "settings": {"auditLoggingEnabled": true}})).await.succeeded(), &on);
    assert_eq!(set(json!({"bucketName": "acc", "settings": {}})).await.succeeded(), &on, "what is absent stays");
    assert_eq!(set(json!({"bucketName": "zoo", "settings": {}})).await.succeeded(), &json!({"settings": {}}));
    let off = set(json!({"bucketName": "acc", "settings": {"auditLoggingEnabled": false}})).await;
    assert_eq!(off.succeeded(), &json!({"settings": {"auditLoggingEnabled": false}}));

    assert!(set(json!({"bucketName": "acc"})).await.refused(400, 3).contains("settings"));
    assert!(set(json!({"settings": {}})).await.refused(400, 3).contains("bucketName"));
    set(json!({"bucketName": "acc", "settings": {"auditLoggingEnabled": "yes"}})).await.refused(400, 3);
    set(json!({"bucketName": "acc", "settings": {"other": true}})).await.refused(400, 3);
    for unknown in ["other", "", "..", "Acc/x"] {
        set(json!({"bucketName": unknown, "settings": {"auditLoggingEnabled": true}})).await.refused(404, 5);
    }
}

#[tokio::test]
async fn features_that_nobody_is_entitled_to_are_refused_by_name() {
    let plane = Plane::start().await;
    has_buckets(&plane.app.backend, &["acc"]);
    for (settings, feature) in [
        (json!({"archiveEnabled": true}), "BucketArchive"),
        (json!({"archiveEnabled": false}), "BucketArchive"),
        (json!({"archiveAfterLastAccessDays": 60}), "BucketArchive"),
        (json!({"capacityCapBytes": "0"}), "BucketCapacityCap"),
        (json!({"configuredCapacityCapBytes": "1"}), "BucketCapacityCap"),
        (
            json!({"auditLoggingEnabled": true, "archiveEnabled": true, "capacityCapBytes": 1}),
            "BucketArchive, BucketCapacityCap",
        ),
    ] {
        let body = json!({"bucketName": "acc", "settings": settings});
        let refused = plane.call("PUT", BUCKET_SETTINGS, &plane.admin, &body).await;
        let expected = format!("organization is not entitled to feature(s): {feature}");
        assert_eq!(refused.refused(403, 7), expected);
    }
    let body = json!({"bucketName": "acc", "settings": {}});
    let unchanged = plane.call("PUT", BUCKET_SETTINGS, &plane.admin, &body).await;
    assert_eq!(unchanged.succeeded(), &json!({"settings": {}}), "nothing of it took effect");
}

#[tokio::test]
async fn settings_of_the_organization_are_merged_and_told() {
    let plane = Plane::start().await;
    let set = async |body| plane.call("PUT", ORGANIZATION_SETTINGS, &plane.admin, &body).await;
    let message = |control: bool, bucket: bool| json!({"settings": {"controlPlaneAuditLoggingEnabled": control, "bucketAuditLoggingEnabled": bucket}});
    assert_eq!(set(message(true, false)).await.succeeded(), &message(true, false));
    let merged = set(json!({"settings": {"bucketAuditLoggingEnabled": true}})).await;
    assert_eq!(merged.succeeded(), &message(true, true));
    assert_eq!(set(json!({"settings": {}})).await.succeeded(), &message(true, true));
    assert_eq!(set(message(false, false)).await.succeeded(), &message(false, false));
    assert!(set(json!({})).await.refused(400, 3).contains("settings"));
    set(json!({"settings": {"other": true}})).await.refused(400, 3);
    set(json!({"settings": {"bucketAuditLoggingEnabled": 1}})).await.refused(400, 3);
}
