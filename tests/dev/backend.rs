//! The development backend: closed to everybody but the proxy, and close enough to S3 for real clients.

use std::fs;

use crate::server::DevServer;
use crate::support::request::Request;
use crate::support::wire::Connection;

#[tokio::test]
async fn it_answers_nobody_without_its_own_credential() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let server = DevServer::start(&dir);
    let configuration = fs::read_to_string(dir.join("portcullis.toml")).expect("it is there");
    let address = configuration.lines().find_map(|line| line.strip_prefix("endpoint = \"http://")).expect("a backend");
    let address = address.trim_end_matches('"').parse().expect("an address");

    let unsigned = Connection::open(address).await.exchange(&Request::get("/")).await;
    assert_eq!((unsigned.status, unsigned.code().as_deref()), (403, Some("AccessDenied")));
    let now = portcullis::clock::Clock::now(&portcullis::clock::SystemClock);
    let with_a_client_key = Request::get("/").sign(&server.key(), now);
    let refused = Connection::open(address).await.exchange(&with_a_client_key).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(server.send(Request::get("/")).await.status, 200, "through the proxy it answers");
}

#[tokio::test]
async fn a_bucket_with_objects_is_not_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    server.send(Request::put("/demo")).await;
    server.send(Request::put("/demo/a/b/c").body("precious")).await;
    let refused = server.send(Request::delete("/demo")).await;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("BucketNotEmpty")));
    assert_eq!(server.send(Request::get("/demo/a/b/c")).await.text(), "precious");
    server.send(Request::delete("/demo/a/b/c")).await;
    assert_eq!(server.send(Request::delete("/demo")).await.status, 204, "the folders left behind do not count");
}

#[tokio::test]
async fn what_files_cannot_hold_is_refused_before_it_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    server.send(Request::put("/demo")).await;
    assert_eq!(server.send(Request::put("/demo/a/b").body("1")).await.status, 200);

    for target in ["/demo/a", "/demo/a/b/c"] {
        let refused = server.send(Request::put(target).body("2")).await;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("InvalidRequest")), "{target}");
    }
    assert_eq!(server.send(Request::head("/demo/a")).await.status, 404, "a folder on the disk is no object");
    assert_eq!(server.send(Request::get("/demo/a")).await.code().as_deref(), Some("NoSuchKey"));

    let longest = format!("/demo/{}", "k".repeat(132 - "demo".len()));
    assert_eq!(server.send(Request::put(&longest).body("3")).await.status, 200);
    assert_eq!(server.send(Request::post(&format!("{longest}?uploads"))).await.status, 200);
    let refused = server.send(Request::put(&format!("{longest}k")).body("3")).await;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("KeyTooLongError")), "{refused:?}");
}

#[tokio::test]
async fn keys_are_listed_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    server.send(Request::put("/demo")).await;
    assert_eq!(server.send(Request::put("/demo/a%2Bb%20100%2525").body("1")).await.status, 200);
    for query in ["list-type=2&encoding-type=url", "encoding-type=url"] {
        let listed = server.send(Request::get(&format!("/demo?{query}"))).await;
        // A client decodes the key if, and only if, the answer says that it is encoded.
        assert_eq!(listed.element("EncodingType"), None, "{listed:?}");
        assert_eq!(listed.element("Key").as_deref(), Some("a+b 100%25"), "{listed:?}");
    }
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    server.send(Request::put("/demo")).await;
    let upload = server.send(Request::post("/demo/big?uploads")).await.element("UploadId").expect("an upload id");
    let first = vec![b'1'; 5 << 20];
    let mut parts = String::new();
    for (number, body) in [("1", first.clone()), ("2", b"2".to_vec())] {
        let target = format!("/demo/big?partNumber={number}&uploadId={upload}");
        let sent = server.send(Request::put(&target).body(body)).await;
        let tag = sent.header("etag").expect("a part has an ETag").to_owned();
        parts.push_str(&["<Part><PartNumber>", number, "</PartNumber><ETag>", &tag, "</ETag></Part>"].concat());
    }
    let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let completed = server.send(Request::post(&format!("/demo/big?uploadId={upload}")).body(document)).await;
    assert_eq!((completed.status, completed.element("Key").as_deref()), (200, Some("big")), "{completed:?}");
    let got = server.send(Request::get("/demo/big")).await;
    assert!(got.body.len() == first.len() + 1 && got.body.ends_with(b"12"), "{} bytes", got.body.len());
}
