//! What a hostile reading of the data plane found: each test failed once.

use std::time::Duration;

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::Answer;
use crate::support::request::Request;
use crate::support::wire::End;

/// Storage that takes a backslash for a slash (as some does) turns these keys into paths, dot segments and all.
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

/// Storage that keeps uploads and versions in folders of that name would leave the bucket by such an id.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_or_version_id_is_no_path() {
    let app = TestApp::start().await;
    let ids = ["0a1b%2F..%2F..%2F..%2Fother", "..", ".", "..%2Fother", "a%5C..%5C..%5Cother"];
    for id in ids {
        for (method, target) in [
            ("DELETE", format!("/bucket/key?uploadId={id}")),
            ("GET", format!("/bucket/key?uploadId={id}")),
            ("PUT", format!("/bucket/key?partNumber=1&uploadId={id}")),
            ("POST", format!("/bucket/key?uploadId={id}")),
            ("GET", format!("/bucket/key?versionId={id}")),
            ("DELETE", format!("/bucket/key?versionId={id}")),
        ] {
            let request = Request::new(method, &target).sign_by_hand(&app.write, now(), |_| {});
            app.refuses(&request, 400, "InvalidArgument").await;
        }
        let copy = Request::put("/bucket/copy").header("x-amz-copy-source", format!("bucket/key?versionId={id}"));
        app.refuses(&copy.sign(&app.write, now()), 400, "InvalidArgument").await;
    }
    let batch = "<Delete><Object><Key>a</Key><VersionId>x/../../other</VersionId></Object></Delete>";
    app.refuses(&Request::post("/bucket?delete").body(batch).sign(&app.write, now()), 400, "InvalidArgument").await;
    // What real storage hands out.
    for id in ["null", "3%2FL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY", "2~aQ_-.x", "5d41402abc4b2a76b9719d911017c592_4f3c"] {
        let request = Request::get(&format!("/bucket/key?versionId={id}")).sign_by_hand(&app.read, now(), |_| {});
        app.accepts(request).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_encoding_in_two_lines_loses_the_framing_and_nothing_else() {
    let app = TestApp::start().await;
    for lines in [["aws-chunked", "gzip"], ["gzip", "aws-chunked"]] {
        let mut request = Request::put("/bucket/key").check_body_with_crc32().without("content-encoding");
        for line in lines {
            request = request.header("content-encoding", line);
        }
        app.accepts(request.sign_by_hand(&app.write, now(), |_| {})).await;
        let sent = app.backend.requests().into_iter().last().expect("it was accepted");
        assert_eq!(sent.header("content-encoding"), Some("gzip"), "{lines:?}: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_behind_status_200_tells_nothing_of_the_backend() {
    let app = TestApp::start().await;
    for document in [
        "<Error><Message>filer http://10.1.2.3:8888 is down</Message></Error>",
        "<Error><Code>InternalError</Code><Message>http://10.1.2.3:8888",
        "<?xml version=\"1.0\"?><Error><Code>Internal&bad;</Code><Message>10.1.2.3</Message></Error>",
        "<Error><Code>InvalidAccessKeyId</Code><Message>10.1.2.3</Message></Error>",
    ] {
        app.backend.answer_next(Answer::of(200, &[("content-type", "application/xml")], document));
        let request = Request::put("/bucket/copy").header("x-amz-copy-source", "bucket/key").sign(&app.write, now());
        let response = app.send(&request).await;
        assert_eq!(response.status, 200, "the status has left before the document is read");
        assert!(response.text().contains("<Error>"), "{response:?}");
        assert!(!response.text().contains("10.1.2.3"), "{response:?}");
        assert!(!response.text().contains("InvalidAccessKeyId"), "that is our key, not the client's: {response:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_switches_protocols_is_a_bad_gateway() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
        app.backend.answer_next(Answer::in_order().read_body().write(answer));
        let request = Request::get("/bucket/key").sign(&app.read, now());
        let response = app.send(&request).await;
        assert_eq!(response.status, 502, "{response:?}");
        app.is_refusal(&request, &response, 502, "BadGateway");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_buckets_is_not_passed_on_where_only_some_are_ours() {
    let app = TestApp::with(|setup| setup.backend().buckets = vec!["logs-*".to_owned()]).await;
    let list = "<ListAllMyBucketsResult><Buckets><Bucket><Name>logs-a</Name></Bucket><Bucket><Name>theirs</Name></Bucket>\
                </Buckets></ListAllMyBucketsResult>";
    app.backend.answer_next(Answer::of(200, &[], list));
    let response = app.accepts(Request::get("/").sign(&app.read, now())).await;
    assert!(response.text().contains("<Name>logs-a</Name>"), "{response:?}");
    assert!(!response.text().contains("theirs"), "{response:?}");
}

/// A signed value with one space covers the same value with two: the reader must not tell them apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_copy_source_names_one_object_however_it_is_spaced() {
    let app = TestApp::start().await;
    let url = Request::put("/bucket/copy").header("x-amz-copy-source", "bucket/a b").presign(
        &app.write,
        now(),
        Duration::from_mins(5),
    );
    app.accepts(url.clone()).await;
    let response = app.send(&url.replace("x-amz-copy-source", "bucket/a  b")).await;
    let copies: Vec<_> = app
        .backend
        .requests()
        .iter()
        .filter_map(|request| request.header("x-amz-copy-source").map(str::to_owned))
        .collect();
    assert!(copies.iter().all(|source| source == "bucket/a%20b"), "{copies:?} {response:?}");
}

/// Two lengths are one too many: whatever the client reads, half an object must not look whole.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_two_lengths_is_never_cut_to_the_shorter() {
    let app = TestApp::start().await;
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
    app.backend.answer_next(Answer::in_order().write(answer));
    let response = app.send(&Request::get("/bucket/key").sign(&app.read, now())).await;
    assert!(response.body == b"0123456789" || response.status >= 500 || response.end == End::CutShort, "{response:?}");
}

/// A backend that answers early and then reads no more: the upload to it ends with the answer to the client.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_very_many_parameters_is_refused_before_any_work() {
    let app = TestApp::start().await;
    let query = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>().join("&");
    let many = Request::get(&format!("/bucket/key?{}", query(257))).sign_by_hand(&app.read, now(), |_| {});
    app.refuses(&many, 400, "InvalidURI").await;
    let fewer = Request::get(&format!("/bucket/key?{}", query(256))).sign_by_hand(&app.read, now(), |_| {});
    app.refuses(&fewer, 501, "NotImplemented").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_location_of_a_finished_upload_names_the_bucket_once() {
    let app = TestApp::start().await;
    let document =
        "<CompleteMultipartUploadResult><Location>http://10.1.2.3/bucket/a</Location></CompleteMultipartUploadResult>";
    let parts =
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
    for (host, target, location) in [
        ("s3.example.com", "/bucket/a%20b?uploadId=u", "http://s3.example.com/bucket/a%20b"),
        ("bucket.s3.example.com", "/a%20b?uploadId=u", "http://bucket.s3.example.com/a%20b"),
    ] {
        app.backend.answer_next(Answer::of(200, &[], document));
        let response = app.accepts(Request::post(target).host(host).body(parts).sign(&app.write, now())).await;
        assert_eq!(response.element("Location").as_deref(), Some(location), "{response:?}");
    }
}

/// Storage that decodes a copy source before it splits it reads version `x` of `key` here.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_in_the_key_of_a_copy_source_is_not_left_to_the_backend() {
    let app = TestApp::start().await;
    let exact = TestApp::with(|setup| setup.backend().exact_keys = true).await;
    let copy = || Request::put("/bucket/copy").header("x-amz-copy-source", "bucket/key%3FversionId%3Dx");
    app.refuses(&copy().sign(&app.write, now()), 400, "InvalidURI").await;
    exact.accepts(copy().sign(&exact.write, now())).await;
}
