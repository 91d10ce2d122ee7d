//! A backend that cannot prove to be the one that was configured gets nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

/// A TLS server that answers every request, and counts the bytes that it was told in confidence.
struct Backend {
    address: SocketAddr,
    told: Arc<AtomicUsize>,
}

impl Backend {
    async fn start(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (address, told) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        counted.fetch_add(count, Ordering::SeqCst);
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                    }
                });
            }
        });
        Self { address, told }
    }
}

/// Starts the program in front of `backend` under the name `host`, trusting `authority`, or the system.
async fn app(backend: &Backend, host: &str, authority: Option<&Path>) -> TestApp {
    let (endpoint, ca_file) = (format!("https://{host}:{}", backend.address.port()), authority.map(Path::to_owned));
    TestApp::with(|setup| {
        setup.backend().endpoint = endpoint;
        setup.backend().ca_file = ca_file;
    })
    .await
}

async fn is_refused(what: &str, backend: &Backend, host: &str, authority: Option<&Path>) {
    let app = app(backend, host, authority).await;
    for request in [Request::get("/bucket/key"), Request::put("/bucket/key").body("body")] {
        let signed = request.sign(&app.write, now());
        let response = app.send(&signed).await;
        assert!(matches!(response.status, 502 | 503), "{what}: {response:?}");
        app.is_refusal(&signed, &response, response.status, &response.code().unwrap());
    }
    assert_eq!(backend.told.load(Ordering::SeqCst), 0, "{what}: the backend is told nothing");
}

fn names(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn file(folder: &tempfile::TempDir, name: &str, pem: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, pem).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn k19_a_backend_whose_certificate_is_not_good_for_it_is_told_nothing() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let trusted = file(&folder, "ca.pem", &authority.pem);
    let day = date_time_ymd;
    let certificates = [
        ("another name", names(&["other.example.com"])),
        ("no name", names(&[])),
        ("a longer name", names(&["localhost.example.com"])),
        ("a subdomain", names(&["s3.localhost"])),
        ("a wildcard for subdomains", names(&["*.localhost"])),
        ("a wildcard for everything", names(&["*"])),
        ("a wildcard inside a label", names(&["local*"])),
        ("the address, not the name", names(&["127.0.0.1"])),
        ("expired", {
            let mut params = names(&["localhost"]);
            (params.not_before, params.not_after) = (day(2019, 1, 1), day(2020, 1, 1));
            params
        }),
        ("not valid yet", {
            let mut params = names(&["localhost"]);
            (params.not_before, params.not_after) = (day(2090, 1, 1), day(2091, 1, 1));
            params
        }),
        ("for clients only", {
            let mut params = names(&["localhost"]);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params
        }),
    ];
    for (what, params) in certificates {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap().der().clone();
        is_refused(what, &Backend::start(certificate, &key).await, "localhost", Some(&trusted)).await;
    }
    // A wildcard stands for one label, on the left.
    let key = KeyPair::generate().unwrap();
    let params = names(&["*.localhost"]);
    let wildcard = params.signed_by(&key, &authority.issuer).unwrap().der().clone();
    let backend = Backend::start(wildcard, &key).await;
    is_refused("a wildcard for two labels", &backend, "a.b.localhost", Some(&trusted)).await;

    let key = KeyPair::generate().unwrap();
    let good = names(&["localhost"]).signed_by(&key, &authority.issuer).unwrap().der().clone();
    let backend = Backend::start(good, &key).await;
    let app = app(&backend, "localhost", Some(&trusted)).await;
    let response = app.send(&Request::get("/bucket/key").sign(&app.read, now())).await;
    assert_eq!((response.status, response.body.as_slice()), (200, &b"ok"[..]), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k19_a_backend_whose_issuer_is_not_trusted_is_told_nothing() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let trusted = file(&folder, "ca.pem", &authority.pem);
    let key = KeyPair::generate().unwrap();
    let by_itself = names(&["localhost"]).self_signed(&key).unwrap().der().clone();
    is_refused("self-signed", &Backend::start(by_itself.clone(), &key).await, "localhost", Some(&trusted)).await;
    is_refused("self-signed, system", &Backend::start(by_itself, &key).await, "localhost", None).await;
    let by_another = names(&["localhost"]).signed_by(&key, &Authority::new().issuer).unwrap().der().clone();
    is_refused("another issuer", &Backend::start(by_another, &key).await, "localhost", Some(&trusted)).await;
    let trusted_elsewhere = names(&["localhost"]).signed_by(&key, &authority.issuer).unwrap().der().clone();
    is_refused("trusted only here", &Backend::start(trusted_elsewhere, &key).await, "localhost", None).await;
    // Issued by a certificate of that authority which may not issue any.
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = names(&["localhost"]);
    let _ = leaf.signed_by(&leaf_key, &authority.issuer).unwrap();
    let by_leaf = names(&["localhost"]).signed_by(&key, &Issuer::new(leaf, leaf_key)).unwrap().der().clone();
    is_refused("issued by a leaf", &Backend::start(by_leaf, &key).await, "localhost", Some(&trusted)).await;
}
