//! The real program, killed while it mints: no key that a client was given is lost, and nothing works that
//! is not on record.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::civil::date;
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::identity::{AccessKeyId, Permission, SecretAccessKey};
use portcullis::keys::{KeyStatus, Lookup};
use portcullis::sigv4::SigningKey;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::json;
use zeroize::Zeroizing;

use crate::client::{ACCESS_KEY, Token, bearer, json as request};
use crate::server::{Server, first_token, open};
use crate::support::recording_backend::RecordingBackend;
use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

const ROUNDS: usize = 100;

#[tokio::test]
async fn a_kill_while_keys_are_minted_loses_none_that_was_returned() {
    let backend = RecordingBackend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let token = first_token(folder.path(), Permission::Write).await;
    let mut random = UnwrapErr(SysRng);
    let mut returned: Vec<TestKey> = Vec::new();
    for _ in 0..ROUNDS {
        let mut server = Server::start(folder.path(), backend.address).await;
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

    let server = Server::start(folder.path(), backend.address).await;
    for key in returned.iter().rev().take(20) {
        let request = Request::get("/bucket/object").sign(key, SystemClock.now());
        let answer = Connection::open(server.s3).await.exchange(&request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
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
