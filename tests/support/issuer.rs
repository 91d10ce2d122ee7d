//! An OIDC issuer on a real loopback socket, that misbehaves on demand and counts who asks, and a signer
//! of tokens. Made of raw bytes: nothing here is shared with the code under test.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a document is served.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// As it should be.
    Serve,
    /// These bytes as they are, and the end of the connection.
    Bytes(Vec<u8>),
    /// One byte a second.
    Drip,
    /// Never.
    Hang,
    /// As it should be, once it is told to.
    Held(Arc<tokio::sync::Notify>),
    /// More than anybody wants: so many bytes.
    Huge(usize),
    /// Packed.
    Packed,
    /// Not at all.
    Status(u16),
}

/// The issuer. Ends when dropped.
pub(crate) struct StubIssuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    discovery: Behaviour,
    jwks: Behaviour,
    /// The document, where it is not the honest one.
    document: Option<Value>,
    keys: Vec<Value>,
    cache_control: Option<String>,
    asked: Vec<String>,
}

impl StubIssuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            discovery: Behaviour::Serve,
            jwks: Behaviour::Serve,
            document: None,
            keys: Vec::new(),
            cache_control: None,
            asked: Vec::new(),
        }));
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(serve(stream, address, Arc::clone(&serving)));
            }
        });
        Self { address, state, task }
    }

    /// Its `iss`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.state.lock().unwrap().keys = keys.to_vec();
    }

    pub(crate) fn discovery(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().discovery = behaviour;
    }

    pub(crate) fn jwks(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().jwks = behaviour;
    }

    pub(crate) fn document(&self, document: Value) {
        self.state.lock().unwrap().document = Some(document);
    }

    pub(crate) fn cache_control(&self, value: &str) {
        self.state.lock().unwrap().cache_control = Some(value.to_owned());
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often its keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.asked().iter().filter(|path| *path == "/keys").count()
    }
}

impl Drop for StubIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, address: SocketAddr, state: Arc<Mutex<State>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let (behaviour, body, cache_control) = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        let cache_control = state.cache_control.clone();
        if path.ends_with("/.well-known/openid-configuration") {
            let issuer = path.trim_end_matches("/.well-known/openid-configuration");
            let honest =
                || json!({"issuer": format!("http://{address}{issuer}"), "jwks_uri": format!("http://{address}/keys")});
            let document = state.document.clone().unwrap_or_else(honest);
            (state.discovery.clone(), document.to_string(), cache_control)
        } else if path == "/keys" {
            (state.jwks.clone(), json!({"keys": state.keys}).to_string(), cache_control)
        } else {
            (Behaviour::Status(404), String::new(), cache_control)
        }
    };
    let caching = cache_control.map(|value| format!("Cache-Control: {value}\r\n")).unwrap_or_default();
    let ok = |length: usize, more: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{caching}{more}\r\n")
    };
    if let Behaviour::Held(released) = &behaviour {
        released.notified().await;
    }
    let answer = match behaviour {
        Behaviour::Held(_) | Behaviour::Serve => ok(body.len(), "") + &body,
        Behaviour::Packed => ok(body.len(), "Content-Encoding: gzip\r\n") + &body,
        Behaviour::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            return;
        }
        Behaviour::Status(status) => format!("HTTP/1.1 {status} Trouble\r\nContent-Length: 0\r\n\r\n"),
        Behaviour::Huge(length) => {
            let _ = stream.write_all(ok(length, "").as_bytes()).await;
            let spaces = vec![b' '; 64 << 10];
            for _ in 0..length / spaces.len() {
                if stream.write_all(&spaces).await.is_err() {
                    return;
                }
            }
            let _ = stream.write_all(&vec![b' '; length % spaces.len()]).await;
            return;
        }
        Behaviour::Hang => {
            let _ = stream.read_u8().await; // until the other side has had enough
            return;
        }
        Behaviour::Drip => {
            for byte in (ok(body.len(), "") + &body).bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            return;
        }
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A private key of an issuer.
pub(crate) enum SigningKey {
    Ec256(EcdsaKeyPair),
    Ec384(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    pub(crate) fn ec256() -> Self {
        Self::Ec256(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ec384() -> Self {
        Self::Ec384(EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    /// Its public half: kind and numbers only.
    pub(crate) fn bare_jwk(&self) -> Value {
        match self {
            Self::Ec256(pair) => ec_jwk("P-256", pair.public_key().as_ref()),
            Self::Ec384(pair) => ec_jwk("P-384", pair.public_key().as_ref()),
            Self::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())}),
            Self::Rsa(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
            }
        }
    }

    /// Its public half, as issuers publish it.
    pub(crate) fn jwk(&self, key_id: &str) -> Value {
        with(self.bare_jwk(), &json!({"kid": key_id, "use": "sig"}))
    }

    /// The RSA public key as PEM would hold it: what confused verifiers take for an HMAC secret.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
        let Self::Rsa(pair) = self else { panic!("only RSA keys") };
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// A token with these claims, signed as its header's `alg` says.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = self.sign(header["alg"].as_str().unwrap(), signed.as_bytes());
        format!("{signed}.{}", encode(&signature))
    }

    pub(crate) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec256(pair) | Self::Ec384(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let padding: &'static dyn signature::RsaEncoding = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_SHA256,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    other => panic!("RSA does not sign by {other}"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// `object` with the members of `more` set; a null removes one.
pub(crate) fn with(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ec_jwk(curve: &str, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
}
