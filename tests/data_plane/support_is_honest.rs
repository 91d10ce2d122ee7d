//! The tests' own tools say what is true: a recorder or a signer that errs would prove nothing.

use std::time::Duration;

use crate::support::app::now;
use crate::support::chunks::{CHECK_BODY, CHECKSUMS, crc32};
use crate::support::recording_backend::{Answer, BodyState, Framing, RecordingBackend};
use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, End};

#[tokio::test]
async fn both_signers_agree_on_the_header_form() {
    let key = TestKey::nobodys();
    let requests = [
        Request::get("/bucket/key"),
        Request::put("/bucket/a%20b%2Bc").header("x-amz-meta-a", "  two   words ").body("body"),
        Request::get("/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F").header("range", "bytes=0-1"),
        Request::get("/bucket?x-y=1&x=2&x=1&acl"),
    ];
    for request in requests {
        let by_crate = request.clone().sign(&key, now()).value("authorization");
        let by_hand = request.clone().sign_by_hand(&key, now(), |_| {}).value("authorization");
        assert_eq!(by_crate, by_hand, "{request:?}");
    }
}

#[tokio::test]
async fn both_signers_agree_on_the_presigned_form() {
    let key = TestKey::nobodys();
    let request = Request::put("/bucket/key?partNumber=1&uploadId=u").header("content-type", "text/plain");
    let signature =
        |request: Request| request.target.split("X-Amz-Signature=").nth(1).map(|text| text[..64].to_owned());
    let by_crate = signature(request.clone().presign(&key, now(), Duration::from_mins(10)));
    assert!(by_crate.is_some());
    assert_eq!(by_crate, signature(request.presign_by_hand(&key, now(), |_| {})));
}

#[tokio::test]
async fn the_checksum_of_the_tests_has_the_published_check_value() {
    assert_eq!(crc32(CHECK_BODY), CHECKSUMS[0].1);
}

#[tokio::test]
async fn the_backend_records_bytes_and_counts_connections() {
    let backend = RecordingBackend::start().await;
    assert_eq!(backend.connections().await, 0);
    let mut connection = Connection::open(backend.address).await;
    assert_eq!(backend.connections().await, 1);
    let put = Request::put("/b/%6B?a=+").header("X-Odd", "ä").body("body");
    assert_eq!(connection.exchange(&put).await.status, 200);
    let chunked = Request::put("/b/k").body("0123456789").in_http_chunks(3);
    assert_eq!(connection.exchange(&chunked).await.status, 200);
    let requests = backend.settle().await;
    assert_eq!(requests[0].head, put.head_bytes());
    assert_eq!((requests[0].target.as_str(), requests[0].body.as_slice()), ("/b/%6B?a=+", &b"body"[..]));
    assert_eq!((requests[1].framing, requests[1].body.as_slice()), (Framing::Chunked, &b"0123456789"[..]));
    assert!(requests.iter().all(|request| request.could_commit() && request.connection == 0));
}

#[tokio::test]
async fn the_backend_tells_a_cut_body_from_a_complete_one() {
    for (head, body) in [("Content-Length: 5", "1234"), ("Transfer-Encoding: chunked", "4\r\n1234\r\n")] {
        let backend = RecordingBackend::start().await;
        let mut connection = Connection::open(backend.address).await;
        connection.send(format!("PUT /b/k HTTP/1.1\r\nHost: h\r\n{head}\r\n\r\n{body}")).await;
        backend.wait_for_body(0, 4).await;
        assert_eq!(backend.only_request().body_state, BodyState::Arriving);
        drop(connection);
        assert_eq!(backend.settle().await[0].body_state, BodyState::Cut);
    }
}

#[tokio::test]
#[should_panic(expected = "broken HTTP")]
async fn the_backend_never_takes_garbage_for_silence() {
    let backend = RecordingBackend::start().await;
    let mut connection = Connection::open(backend.address).await;
    connection.send("PUT /b/k HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n").await;
    assert!(connection.is_closed().await);
    backend.requests();
}

#[tokio::test]
async fn the_client_tells_a_cut_response_from_a_whole_one() {
    let backend = RecordingBackend::start().await;
    backend.answer_next(Answer::in_order().write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123").close());
    let response = Connection::open(backend.address).await.exchange(&Request::get("/b/k")).await;
    assert_eq!((response.end, response.body.as_slice()), (End::CutShort, &b"123"[..]));
    backend.answer_next(
        Answer::in_order().write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    );
    let response = Connection::open(backend.address).await.exchange(&Request::get("/b/k")).await;
    assert_eq!((response.end, response.informational), (End::Whole, vec![100]));
}
