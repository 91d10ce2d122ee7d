//! A request inside the body of another, and what has to become of it: nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;
use crate::support::wire::Response;

/// The key that only the hidden request asks for.
pub(crate) const HIDDEN: &str = "/bucket/hidden";

/// A request that would be served if anybody took it for one.
pub(crate) fn hidden(app: &TestApp) -> Vec<u8> {
    Request::get(HIDDEN).sign(&app.read, now()).bytes()
}

/// `bytes` as one HTTP chunk, and the last chunk.
pub(crate) fn chunked(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\n\r\n"].concat()
}

/// An upload without a length, for a test to frame as it likes. Its signature knows nothing of framing.
pub(crate) fn upload(app: &TestApp, framing: &[(&str, &str)], body: Vec<u8>) -> Request {
    let mut request = Request::put("/bucket/key").unsigned_payload().without_length().sign(&app.write, now());
    for (name, value) in framing {
        request = request.header(name, value);
    }
    request.tamper(|request| request.body = body)
}

/// Sends `bytes`, which are answered once, with a refusal, and then the connection is closed. Nothing of it
/// reaches the backend.
pub(crate) async fn refused_and_closed(app: &TestApp, what: &str, bytes: &[u8]) -> Response {
    let mut connection = app.connect().await;
    let response = connection.try_exchange(bytes, "PUT").await.unwrap_or_else(|_| panic!("{what}: no answer"));
    assert!((400..500).contains(&response.status), "{what}: {response:?}");
    assert!(connection.is_closed().await, "{what}: the connection is closed after one answer");
    app.nothing_reached().await;
    response
}

/// Sends `bytes` and reads to the close, whatever the version of HTTP. There has to be one answer.
pub(crate) async fn only_answer(app: &TestApp, what: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("\r\ndate: ").count(), 1, "{what}: one answer: {answer}");
    answer
}

/// A refusal made by the HTTP library is empty, one of ours is S3's.
pub(crate) fn is_400(what: &str, response: &Response) {
    assert_eq!(response.status, 400, "{what}: {response:?}");
    assert!(response.body.is_empty() || response.code().is_some(), "{what}: {response:?}");
}
