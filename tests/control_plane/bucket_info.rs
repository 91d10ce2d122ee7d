//! `ListBucketInfo` and `GetBucketInfo`: which buckets there are, as the backends tell it.

use serde_json::{Value, json};

use crate::client::{BUCKET_INFO, BUCKET_SETTINGS, Plane};
use crate::support::recording_backend::{Answer, RecordingBackend};
use crate::support::setup::BackendSetup;

/// Lets `backend` answer as one with these buckets.
pub(crate) fn has_buckets(backend: &RecordingBackend, names: &'static [&'static str]) {
    backend.answer_with(move |request| {
        let bucket = request.target.split('?').next().unwrap_or_default().trim_matches('/');
        match request.method.as_str() {
            "HEAD" if names.contains(&bucket) => {
                Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            "HEAD" => Answer::in_order().write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            _ => {
                let made = "<CreationDate>2026-01-02T03:04:05.000Z</CreationDate>";
                let buckets: Vec<_> =
                    names.iter().map(|name| format!("<Bucket><Name>{name}</Name>{made}</Bucket>")).collect();
                let buckets = buckets.concat();
                let document = format!(
                    "<?xml version=\"1.0\"?><ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                     <Owner><ID>o</ID></Owner><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
                );
                Answer::of(200, &[("content-type", "application/xml")], document)
            }
        }
    });
}

fn names(list: &Value) -> Vec<&str> {
    list["info"].as_array().unwrap().iter().map(|info| info["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn buckets_are_listed_in_parts_and_shown_one_by_one() {
    let plane = Plane::start().await;
    has_buckets(&plane.app.backend, &["zoo", "acc", "bank"]);
    let token = plane.token("read").await;
    let all = plane.get(BUCKET_INFO, &token).await;
    assert_eq!(names(all.succeeded()), ["acc", "bank", "zoo"]);
    let info = json!({
        "orgId": "ab1cd2", "name": "acc", "creationTime": "2026-01-02T03:04:05Z", "settings": {},
        "location": "us-east-1", "usage": [],
    });
    assert_eq!(all.json["info"][0], info);
    for (query, expected) in [
        ("?limit=2", &["acc", "bank"][..]),
        ("?offset=2&limit=2", &["zoo"]),
        ("?offset=3", &[]),
        ("?offset=1", &["bank", "zoo"]),
    ] {
        let part = plane.get(&format!("{BUCKET_INFO}{query}"), &token).await;
        assert_eq!(names(part.succeeded()), expected, "{query}");
    }
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?after=acc"] {
        plane.get(&format!("{BUCKET_INFO}{query}"), &token).await.refused(400, 3);
    }
    assert_eq!(plane.get(&format!("{BUCKET_INFO}/acc"), &token).await.succeeded(), &json!({"info": info}));
    for unknown in ["ac", "accc", "ACC", "%2e%2e"] {
        plane.get(&format!("{BUCKET_INFO}/{unknown}"), &token).await.refused(404, 5);
    }
    let set = json!({"bucketName": "acc", "settings": {"auditLoggingEnabled": true}});
    plane.call("PUT", BUCKET_SETTINGS, &plane.admin, &set).await.succeeded();
    let shown = plane.get(&format!("{BUCKET_INFO}/acc"), &token).await;
    assert_eq!(shown.succeeded()["info"]["settings"], json!({"auditLoggingEnabled": true}));
}

#[tokio::test]
async fn a_list_that_lacks_a_backend_is_no_list() {
    let second = RecordingBackend::start().await;
    let endpoint = format!("http://{}", second.address);
    let plane = Plane::with(|setup| {
        setup.backend().buckets = vec!["a*".to_owned()];
        setup.backends.push(BackendSetup::new("second", endpoint));
    })
    .await;
    has_buckets(&plane.app.backend, &["acc"]);
    has_buckets(&second, &["zoo"]);
    let token = plane.token("read").await;
    assert_eq!(names(plane.get(BUCKET_INFO, &token).await.succeeded()), ["acc", "zoo"]);
    second.answer_with(|_| Answer::error(403, "InvalidAccessKeyId", "of the proxy"));
    for path in [BUCKET_INFO.to_owned(), format!("{BUCKET_INFO}/acc")] {
        let refused = plane.get(&path, &token).await;
        let message = refused.refused(503, 14);
        assert!(
            !message.contains("InvalidAccessKeyId") && !message.contains("second"),
            "that is for the log: {message}"
        );
        assert_eq!(refused.response.header("retry-after"), Some("1"));
    }
}
