//! Names, addresses and certificates, with answers of our own from the resolver.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const BODY: &str = "{\"a\":1}";

fn fetcher(settings: &config::Federation, addresses: &[&str]) -> Fetcher {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Fetcher { resolver: Resolver::Fixed(addresses), ..Fetcher::new(settings).unwrap() }
}

fn url(text: &str) -> ProviderUrl {
    ProviderUrl::parse(text).unwrap()
}

/// A server with a certificate for `idp.example.com`; its port, and the certificate.
async fn server() -> (u16, String) {
    let own = rcgen::generate_simple_self_signed(vec!["idp.example.com".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            assert!(head.starts_with(b"GET /keys?a=b HTTP/1.1\r\nhost: idp.example.com:"));
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: max-age=7\r\n\r\n{BODY}", BODY.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (port, own.cert.pem())
}

#[tokio::test]
async fn h15_a_name_that_leads_into_private_networks_is_not_connected_to() {
    let settings = config::Federation::default();
    let private = [
        "127.0.0.1",
        "169.254.169.254",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
    ];
    for address in private {
        let refused = fetcher(&settings, &[address]).get(&url("https://idp.example.com/"), false).await;
        let expected: IpAddr = address.parse().unwrap();
        assert!(
            matches!(&refused, Err(FetchError::Address { address, .. }) if *address == expected),
            "{address}: {refused:?}"
        );
    }
    let many = fetcher(&settings, &private).get(&url("https://idp.example.com/"), false).await;
    assert!(matches!(many, Err(FetchError::Address { .. })), "{many:?}");
    let none = fetcher(&settings, &[]).get(&url("https://idp.example.com/"), false).await;
    assert!(matches!(none, Err(FetchError::Name(_))), "{none:?}");
    // Written as numbers, in whatever way, an address is judged too.
    for text in ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"] {
        let refused = Fetcher::new(&settings).unwrap().get(&url(text), false).await;
        assert!(matches!(refused, Err(FetchError::Address { .. })), "{text}: {refused:?}");
    }
    // Ways in which C libraries read addresses, and names of this machine: whatever they lead to is judged.
    for text in [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://0/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://127.0.0.1./",
        "https://[fe80::1%251]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
    ] {
        let Ok(url) = ProviderUrl::parse(text) else { continue };
        let refused = Fetcher::new(&settings).unwrap().get(&url, false).await;
        let is_refused = matches!(refused, Err(FetchError::Address { .. } | FetchError::Name(_)));
        assert!(is_refused, "{text}: {refused:?}");
    }
    // `localhost` is this machine without asking anybody, and so is refused to issuers elsewhere.
    let refused = fetcher(&settings, &["8.8.8.8"]).get(&url("https://localhost/"), false).await;
    assert!(matches!(refused, Err(FetchError::Address { .. })), "{refused:?}");
}

#[tokio::test]
async fn h15_an_address_that_was_judged_is_the_one_that_is_connected_to() {
    let (port, certificate) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &certificate).unwrap();
    let here = "127.0.0.0/8".parse().unwrap();
    let settings =
        config::Federation { private_networks: vec![here], ca_file: Some(file), ..config::Federation::default() };
    let wanted = url(&format!("https://idp.example.com:{port}/keys?a=b"));
    // Addresses that are not permitted are passed over.
    for addresses in [&["127.0.0.1"][..], &["10.0.0.1", "169.254.169.254", "127.0.0.1"]] {
        let fetched = fetcher(&settings, addresses).get(&wanted, false).await.unwrap();
        assert_eq!((&fetched.body[..], fetched.max_age), (BODY.as_bytes(), Some(Duration::from_secs(7))));
    }

    let elsewhere = url(&format!("https://other.example.com:{port}/keys?a=b"));
    let wrong_name = fetcher(&settings, &["127.0.0.1"]).get(&elsewhere, false).await;
    assert!(matches!(&wrong_name, Err(FetchError::Exchange(reason)) if reason.starts_with("TLS: ")), "{wrong_name:?}");
    let system = config::Federation { ca_file: None, ..settings };
    let not_trusted = fetcher(&system, &["127.0.0.1"]).get(&wanted, false).await;
    assert!(
        matches!(&not_trusted, Err(FetchError::Exchange(reason)) if reason.starts_with("TLS: ")),
        "{not_trusted:?}"
    );
}

#[test]
fn a_file_without_certificates_is_an_error_of_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    for file in [file, folder.path().join("missing.pem")] {
        let opened = Fetcher::new(&config::Federation { ca_file: Some(file), ..config::Federation::default() });
        assert!(matches!(opened, Err(FederationError::File(_))));
    }
}
