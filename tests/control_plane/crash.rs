//! The real program, killed while it mints: no key that a client was given is lost, and nothing works that
//! is not on record.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::identity::{AccessKeyId, OrganizationId, Permission, SecretAccessKey};
use portcullis::keys::{CacheSettings, KeyStatus, Keys, Lookup, NewToken};
use portcullis::sigv4::SigningKey;
use portcullis::store;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::json;
use zeroize::Zeroizing;

use crate::client::{ACCESS_KEY, Token, bearer, json as request};
use crate::support::recording_backend::RecordingBackend;
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

const ROUNDS: usize = 100;

/// A running `portcullis serve`. Killed when dropped.
struct Server {
    child: Child,
    s3: SocketAddr,
    api: SocketAddr,
}

#[tokio::test]
async fn a_kill_while_keys_are_minted_loses_none_that_was_returned() {
    let backend = RecordingBackend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let token = first_token(folder.path()).await;
    let mut random = UnwrapErr(SysRng);
    let mut returned: Vec<TestKey> = Vec::new();
    for _ in 0..ROUNDS {
        let mut server = Server::start(folder.path(), &backend).await;
        let killed_after = Duration::from_micros(2_000 + random.next_u64() % 60_000);
        let minting = mint_until_it_ends(server.api, &token);
        let killing = async {
            tokio::time::sleep(killed_after).await;
            assert!(server.child.try_wait().unwrap().is_none(), "it was still running");
            // SIGKILL.
            server.child.kill().unwrap();
            server.child.wait().unwrap();
        };
        let (keys, ()) = tokio::join!(minting, killing);
        returned.extend(keys);
    }
    assert!(returned.len() > ROUNDS, "otherwise nothing was tried: {} keys", returned.len());

    let keys = open(folder.path()).await;
    let day = date(2026, 5, 6);
    for key in &returned {
        let found = keys.find(&AccessKeyId::parse(&key.id).unwrap()).await.unwrap();
        let Lookup::Known(found) = found else { panic!("the client was given {}", key.id) };
        let secret = SecretAccessKey::parse(Zeroizing::new(key.secret.clone())).unwrap();
        let right = SigningKey::derive(&secret, day, "us-east-1", "s3").mac(b"message");
        assert_eq!(found.signing_key(day, "us-east-1", "s3").mac(b"message"), right);
    }
    let listed = keys.list(None, usize::MAX).await.unwrap();
    assert!(listed.len() >= returned.len());
    for info in &listed {
        // What nobody was given is on record all the same: listed, whole, and its owner's to revoke.
        assert_eq!((info.status, info.principal.as_str()), (KeyStatus::Active, token.principal.as_str()));
        assert!(matches!(keys.find(&info.access_key_id).await.unwrap(), Lookup::Known(_)));
    }
    keys.shutdown().await;
    drop(keys);
    println!("{} keys were returned, {} are on record", returned.len(), listed.len());

    let server = Server::start(folder.path(), &backend).await;
    for key in returned.iter().rev().take(20) {
        let request = Request::get("/bucket/object").sign(key, SystemClock.now());
        let answer = Connection::open(server.s3).await.exchange(&request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

async fn first_token(folder: &Path) -> Token {
    let keys = open(folder).await;
    let new = NewToken { name: "minting".into(), permission: Permission::Write, expires_at: None };
    let (info, token) = keys.create_token(new, &mut UnwrapErr(SysRng)).await.unwrap();
    keys.shutdown().await;
    Token { id: info.token_id.to_string(), secret: token.expose().to_owned(), principal: info.principal.to_string() }
}

async fn open(folder: &Path) -> Arc<Keys> {
    let mut random = UnwrapErr(SysRng);
    let (store, seal) =
        store::open_sealed(&folder.join("portcullis.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    Keys::open(store, seal, Arc::new(SystemClock), organization, CacheSettings::default(), &mut random).await.unwrap()
}

/// Mints, one key after the other, until the server is gone. An answer that was cut short is none.
async fn mint_until_it_ends(api: SocketAddr, token: &Token) -> Vec<TestKey> {
    let mint = bearer(request("POST", ACCESS_KEY, &json!({"durationSeconds": 0})), token);
    let mut keys = Vec::new();
    let Ok(mut connection) = Connection::try_open(api).await else { return keys };
    while let Ok(answer) = connection.try_exchange(&mint.bytes(), "POST").await {
        let Ok(made) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { break };
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        keys.push(TestKey { id: text("accessKeyId"), secret: text("secretKey") });
    }
    keys
}

impl Server {
    async fn start(folder: &Path, backend: &RecordingBackend) -> Self {
        let (s3, api) = (free_address(), free_address());
        let config = configuration(folder, backend, s3, api);
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--config"])
            .arg(config)
            .env("RUST_LOG", "error")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, s3, api };
        for _ in 0..2000 {
            if Connection::try_open(server.api).await.is_ok() {
                return server;
            }
            assert!(server.child.try_wait().unwrap().is_none(), "it ended before it was ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is not ready after 20 s");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, backend: &RecordingBackend, s3: SocketAddr, api: SocketAddr) -> PathBuf {
    let mut setup = Setup::new(format!("http://{}", backend.address));
    setup.api = Some(Vec::new());
    setup.identities.push(("coreweave/".to_owned(), "write".to_owned()));
    setup.limits.push("logins_per_minute_per_peer = 1000000".to_owned());
    setup.limits.push("keys_per_minute_per_identity = 1000000".to_owned());
    let file = setup.write(folder);
    let text = std::fs::read_to_string(&file).unwrap();
    let free = "listen = \"127.0.0.1:0\"";
    assert_eq!(text.matches(free).count(), 2, "{text}");
    let text = text.replacen(free, &format!("listen = \"{s3}\""), 1).replacen(free, &format!("listen = \"{api}\""), 1);
    std::fs::write(&file, text).unwrap();
    file
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap()
}
