//! TLS: versions, ALPN, and handshakes that never end.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::config::Limits;
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::server::{SHORT, Server, client_config, read_to_close, text, within};

pub(crate) const REQUEST: &[u8] = b"GET /peer HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_the_service_knows_which() {
    let server = Server::with_tls(Limits::default());
    for (version, name) in [(&TLS12, "TLSv1_2"), (&TLS13, "TLSv1_3")] {
        let mut stream = server.try_tls(&["http/1.1"], &[version]).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let answer = text(&read_to_close(&mut stream).await);
        assert!(answer.contains(&format!("version: {name}")), "{answer}");
        assert!(answer.contains("alpn: Some(\"http/1.1\"), sni: Some(\"localhost\")"), "{answer}");
    }
    assert_eq!(server.counters.handshake_failures(), 0);
}

#[tokio::test]
async fn a_client_without_alpn_gets_http_1_1() {
    let server = Server::with_tls(Limits::default());
    let mut stream = server.connect_tls(&[]).await;
    stream.write_all(REQUEST).await.unwrap();
    let answer = text(&read_to_close(&mut stream).await);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("alpn: None"), "{answer}");
}

#[tokio::test]
async fn a_client_that_offers_h2_gets_http_2() {
    let server = Server::with_tls(Limits::default());
    let stream = server.connect_tls(&["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        within(hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/peer").body(Empty::<Bytes>::new()).unwrap();
    let answer = within(sender.send_request(request)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
    let body = within(answer.into_body().collect()).await.unwrap().to_bytes();
    assert!(text(&body).contains("alpn: Some(\"h2\")"), "{}", text(&body));
}

#[tokio::test]
async fn a_client_that_offers_only_unknown_protocols_is_refused() {
    let server = Server::with_tls(Limits::default());
    assert!(server.try_tls(&["spdy/3"], rustls::ALL_VERSIONS).await.is_err());
}

/// Attack row K17.
#[tokio::test]
async fn k17_tls_1_1_and_1_0_are_refused_with_a_protocol_version_alert() {
    let server = Server::with_tls(Limits::default());
    for minor in [1, 2] {
        let mut stream = server.connect().await;
        stream.write_all(&client_hello(minor)).await.unwrap();
        let answer = read_to_close(&mut stream).await;
        // Record type 21 (alert); level 2 (fatal), description 70 (protocol_version).
        assert_eq!((answer[0], &answer[5..7]), (21, &[2, 70][..]), "TLS 1.{}: {answer:?}", minor - 1);
    }
    let mut stream = server.connect().await;
    stream.write_all(&client_hello(3)).await.unwrap();
    let mut record = [0; 6];
    within(stream.read_exact(&mut record)).await.unwrap();
    // Record type 22 (handshake), message type 2 (ServerHello).
    assert_eq!((record[0], record[5]), (22, 2), "the same bytes with version 1.2 are taken");
}

/// Attack row K17: a session is resumed, but nothing is taken before the handshake is over.
#[tokio::test]
async fn k17_no_early_data_is_taken_on_resumption() {
    let server = Server::with_tls(Limits::default());
    let mut config = client_config(&["http/1.1"], &[&TLS13]);
    config.enable_early_data = true;
    let connector = TlsConnector::from(Arc::new(config));
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = within(connector.connect(name, server.connect().await)).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let answer = text(&read_to_close(&mut stream).await);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let connection = stream.get_ref().1;
        assert_eq!(connection.handshake_kind(), Some(expected));
        assert!(!connection.is_early_data_accepted());
    }
}

/// Attack row K16.
#[tokio::test]
async fn k16_a_handshake_that_never_ends_is_closed_and_counted() {
    let server = Server::with_tls(Limits { handshake_timeout: SHORT, ..Limits::default() });
    for sent in [&b""[..], &client_hello(3)[..20]] {
        let mut stream = server.connect().await;
        stream.write_all(sent).await.unwrap();
        assert_eq!(text(&read_to_close(&mut stream).await), "");
    }
    assert_eq!(server.counters.handshake_failures(), 2);
    let mut stream = server.connect_tls(&[]).await;
    stream.write_all(REQUEST).await.unwrap();
    assert!(text(&read_to_close(&mut stream).await).starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn plain_http_on_a_tls_listener_is_refused() {
    let mut server = Server::with_tls(Limits::default());
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let answer = read_to_close(&mut stream).await;
    assert!(!text(&answer).contains("HTTP/1.1"), "{answer:?}");
    assert_eq!(server.events_so_far(), [""; 0]);
}

/// A `ClientHello` that offers TLS 1.`minor - 1` at most; complete, so that nothing but the version can
/// be what is wrong with it.
pub(crate) fn client_hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]); // random
    hello.push(0); // no session id
    hello.extend([0, 2, 0xc0, 0x2b]); // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    hello.extend([1, 0]); // no compression
    hello.extend([0, 22]);
    hello.extend([0, 10, 0, 4, 0, 2, 0, 23]); // supported_groups: secp256r1
    hello.extend([0, 13, 0, 4, 0, 2, 4, 3]); // signature_algorithms: ecdsa_secp256r1_sha256
    hello.extend([0, 11, 0, 2, 1, 0]); // ec_point_formats: uncompressed
    let length = u8::try_from(hello.len()).unwrap();
    let mut message = vec![1, 0, 0, length];
    message.extend(hello);
    let mut record = vec![22, 3, 1, 0, length + 4];
    record.extend(message);
    record
}
