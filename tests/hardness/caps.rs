//! How many requests run at a time: whoever has too many is told to slow down, and nobody else notices.

use std::net::SocketAddr;

use portcullis::identity::Permission;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, Gate};
use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, Response};

async fn limited(line: &str) -> TestApp {
    let line = line.to_owned();
    TestApp::with(|setup| setup.limits = vec![line]).await
}

fn get(key: &TestKey) -> Request {
    Request::get("/bucket/key").sign(key, now())
}

/// A request that runs until `gate` opens; the head of its answer is there.
async fn running(app: &TestApp, key: &TestKey, gate: &Gate) -> Connection {
    let start = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
    app.backend.answer_next(Answer::in_order().write(start).wait(gate).write("67890"));
    let mut connection = app.connect().await;
    connection.send(get(key).bytes()).await;
    assert!(connection.peek(5).await.starts_with(b"HTTP/1.1 200"));
    connection
}

fn is_slow_down(app: &TestApp, request: &Request, response: &Response) {
    app.is_refusal(request, response, 503, "SlowDown");
    assert_eq!(response.header("retry-after"), Some("1"), "{response:?}");
}

/// Sends requests until one is not told to slow down: the place is free once the last answer has ended.
async fn until_served(app: &TestApp, key: &TestKey) {
    loop {
        let response = app.send(&get(key)).await;
        if response.status != 503 {
            assert_eq!(response.status, 200, "{response:?}");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k15_an_identity_at_its_cap_is_told_to_slow_down_and_others_are_served() {
    let app = limited("max_requests_per_identity = 2").await;
    let other = app.new_key(Permission::Read, None).await;
    let gate = Gate::closed();
    let mut first = running(&app, &app.read, &gate).await;
    // The head of the answer is through; what counts is that its body has not ended.
    let _second = running(&app, &app.read, &gate).await;
    is_slow_down(&app, &get(&app.read), &app.send(&get(&app.read)).await);
    is_slow_down(&app, &get(&app.read), &app.send(&get(&app.read)).await);
    for key in [&app.write, &app.admin] {
        assert_eq!(app.send(&get(key)).await.status, 200, "another identity");
    }
    let _ = other;
    // Who only claims to be that identity takes no place of it, and is not told that it is busy.
    let claimed = get(&app.read.with_wrong_secret());
    app.is_refusal(&claimed, &app.send(&claimed).await, 403, "SignatureDoesNotMatch");
    gate.open();
    assert_eq!(first.response("GET").await.body, b"1234567890");
    until_served(&app, &app.read).await;
    let counters = &app.running().s3_requests;
    assert!(counters.refused_by_identity() >= 2);
    assert_eq!((counters.refused_by_peer(), counters.refused_in_all()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn k16_a_peer_at_its_cap_is_told_to_slow_down_before_its_signature_is_read_and_others_are_served() {
    let app = limited("max_requests_per_peer = 1").await;
    let gate = Gate::closed();
    let mut first = running(&app, &app.read, &gate).await;
    for request in [get(&app.write), get(&TestKey::nobodys()), Request::get("/bucket/key")] {
        is_slow_down(&app, &request, &app.send(&request).await);
    }
    let elsewhere = from("127.0.0.2", app.address, &get(&app.read)).await;
    assert!(elsewhere.starts_with("HTTP/1.1 200"), "{elsewhere}");
    gate.open();
    assert_eq!(first.response("GET").await.body, b"1234567890");
    until_served(&app, &app.read).await;
    assert!(app.running().s3_requests.refused_by_peer() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn k16_a_server_at_its_cap_tells_everybody_to_slow_down_and_forgets_who_went_away() {
    let app = limited("max_requests = 2").await;
    let gate = Gate::closed();
    let first = running(&app, &app.read, &gate).await;
    let _second = running(&app, &app.write, &gate).await;
    is_slow_down(&app, &get(&app.admin), &app.send(&get(&app.admin)).await);
    let elsewhere = from("127.0.0.2", app.address, &get(&app.read)).await;
    assert!(elsewhere.starts_with("HTTP/1.1 503") && elsewhere.contains("SlowDown"), "{elsewhere}");
    // A client that leaves in the middle gives its place back.
    drop(first);
    until_served(&app, &app.admin).await;
    assert!(app.running().s3_requests.refused_in_all() >= 2);
}

/// Sends a request from another address of this machine, and reads the start of the answer.
async fn from(address: &str, to: SocketAddr, request: &Request) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let mut stream: TcpStream = socket.connect(to).await.unwrap();
    stream.write_all(&request.clone().header("Connection", "close").bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}
