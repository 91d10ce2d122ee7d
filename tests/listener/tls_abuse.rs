//! TLS as no honest client speaks it.

use std::process::{Command, Stdio};
use std::sync::Arc;

use portcullis::config::Limits;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, NamedGroup};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::server::{Server, client_config, read_to_close, text, within};
use crate::tls::{REQUEST, client_hello};

/// Attack row K17: one byte of the `ClientHello` in each record, and each record in a segment of its own.
#[tokio::test]
async fn k17_a_client_hello_in_pieces_is_put_together() {
    let server = Server::with_tls(Limits::default());
    let whole = client_hello(3);
    let message = &whole[5..];
    for size in [1, 7, message.len() - 1] {
        let mut stream = server.connect().await;
        stream.set_nodelay(true).unwrap();
        for piece in message.chunks(size) {
            stream.write_all(&[22, 3, 1, 0, u8::try_from(piece.len()).unwrap()]).await.unwrap();
            stream.write_all(piece).await.unwrap();
        }
        let mut record = [0; 6];
        within(stream.read_exact(&mut record)).await.unwrap();
        assert_eq!((record[0], record[5]), (22, 2), "a ServerHello answers pieces of {size} bytes");
    }
}

/// Attack row K17: records without content, and a message that announces 16 MiB.
#[tokio::test]
async fn k17_a_client_hello_that_is_none_is_refused_and_harms_nobody() {
    let server = Server::with_tls(Limits::default());
    let empty = [22, 3, 1, 0, 0].repeat(10_000);
    let huge = [&[22, 3, 1, 0, 8, 1, 0xff, 0xff, 0xff][..], &[3, 3, 7, 7]].concat();
    for (what, bytes) in [("empty records", empty), ("a huge message", huge)] {
        let mut stream = server.connect().await;
        let _ = stream.write_all(&bytes).await;
        let answer = read_to_close(&mut stream).await;
        assert!(answer.first().is_none_or(|kind| *kind == 21), "{what}: an alert at most: {answer:?}");
    }
    assert_eq!(server.counters.handshake_failures(), 2);
    assert!(is_served(&server).await);
}

/// Attack row K17: each update makes the server derive new keys.
#[tokio::test]
async fn k17_a_flood_of_key_updates_ends_the_connection() {
    let server = Server::with_tls(Limits::default());
    let mut stream = server.try_tls(&["http/1.1"], &[&TLS13]).await.unwrap();
    let mut updates = 0;
    while updates < 10_000 {
        stream.get_mut().1.refresh_traffic_keys().unwrap();
        if stream.flush().await.is_err() {
            break;
        }
        updates += 1;
        tokio::task::yield_now().await;
    }
    let mut read = Vec::new();
    let ended = within(stream.read_to_end(&mut read)).await;
    assert!(updates < 10_000 || ended.is_err(), "ten thousand updates were taken: {ended:?}");
    assert!(is_served(&server).await);
    // One now and then is what TLS is made for.
    let mut stream = server.try_tls(&["http/1.1"], &[&TLS13]).await.unwrap();
    stream.get_mut().1.refresh_traffic_keys().unwrap();
    stream.write_all(REQUEST).await.unwrap();
    assert!(text(&read_to_close(&mut stream).await).starts_with("HTTP/1.1 200 OK"));
}

/// Attack row K17: a ticket is good for the name it was given to.
#[tokio::test]
async fn k17_a_session_of_one_name_is_not_resumed_under_another() {
    let server = Server::with_tls(Limits::default());
    for version in [&TLS12, &TLS13] {
        let mut config = client_config(&["http/1.1"], &[version]);
        config.resumption = rustls::client::Resumption::store(Arc::new(OneDrawer::new()));
        let connector = TlsConnector::from(Arc::new(config));
        let expected = [
            ("localhost", HandshakeKind::Full),
            ("localhost", HandshakeKind::Resumed),
            ("s3.localhost", HandshakeKind::Full),
        ];
        for (name, kind) in expected {
            let name = ServerName::try_from(name).unwrap();
            let Ok(mut stream) = within(connector.connect(name.clone(), server.connect().await)).await else {
                assert_eq!(kind, HandshakeKind::Full, "the certificate is judged anew, for {name:?}");
                continue;
            };
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{name:?}");
            stream.write_all(REQUEST).await.unwrap();
            assert!(text(&read_to_close(&mut stream).await).starts_with("HTTP/1.1 200 OK"));
        }
    }
}

/// Attack row K17. Our own TLS library cannot ask for it: OpenSSL's client does.
#[tokio::test(flavor = "multi_thread")]
async fn k17_a_renegotiation_is_refused() {
    let server = Server::with_tls(Limits::default());
    let address = server.address.to_string();
    let output = tokio::task::spawn_blocking(move || {
        let mut client = Command::new("openssl")
            .args(["s_client", "-connect", &address, "-tls1_2", "-servername", "localhost", "-legacy_renegotiation"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tests need openssl");
        // A line with R alone asks for a new handshake, and then nothing more is said.
        std::io::Write::write_all(&mut client.stdin.take().unwrap(), b"R\n").unwrap();
        client.wait_with_output().unwrap()
    });
    let output = within(output).await.unwrap();
    let shown = text(&output.stdout) + &text(&output.stderr);
    assert!(shown.contains("RENEGOTIATING"), "{shown}");
    assert_eq!(shown.matches("verify return:").count() / 2, 1, "one handshake only: {shown}");
    assert!(is_served(&server).await);
}

async fn is_served(server: &Server) -> bool {
    let mut stream = server.connect_tls(&["http/1.1"]).await;
    stream.write_all(REQUEST).await.unwrap();
    text(&read_to_close(&mut stream).await).starts_with("HTTP/1.1 200 OK")
}

/// A client's sessions, kept as if all servers had one name.
#[derive(Debug)]
struct OneDrawer(ClientSessionMemoryCache);

impl OneDrawer {
    fn new() -> Self {
        Self(ClientSessionMemoryCache::new(16))
    }
}

fn drawer() -> ServerName<'static> {
    ServerName::try_from("drawer").unwrap()
}

impl ClientSessionStore for OneDrawer {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(drawer(), group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(&drawer())
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(drawer(), value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(&drawer())
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.0.remove_tls12_session(&drawer());
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(drawer(), value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(&drawer())
    }
}
