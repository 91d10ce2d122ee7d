//! The real program, killed while policies are put: none that was acknowledged is lost, none is there by half.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use portcullis::identity::Permission;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Value, json};

use crate::client::{Token, bearer, json as request};
use crate::server::{Server, first_token};
use crate::support::recording_backend::RecordingBackend;
use crate::support::request::Request;
use crate::support::wire::Connection;

const ROUNDS: usize = 20;
const POLICIES: &str = "/v1/cwobject/access-policy";

/// Few names, so that most puts replace one.
fn name(number: usize) -> String {
    format!("policy-{}", number % 7)
}

/// A policy whose two statements say the same number: one that is half there shows.
fn policy(name: &str, number: usize) -> Value {
    let statement = |effect: &str| {
        json!({"name": effect, "effect": effect, "actions": ["s3:GetObject"],
               "resources": [format!("bucket-{number}/*")], "principals": ["saml/Nobody"]})
    };
    json!({"version": "v1alpha1", "name": name, "statements": [statement("Allow"), statement("Deny")]})
}

/// What is stored under each name, and the number in it.
async fn stored(api: SocketAddr, token: &Token) -> BTreeMap<String, usize> {
    let list = bearer(Request::get(POLICIES), token);
    let answer = Connection::open(api).await.exchange(&list).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let listed: Value = serde_json::from_slice(&answer.body).unwrap();
    let stored = listed["policies"].as_array().unwrap().iter().filter(|policy| policy["origin"] == "store");
    stored
        .map(|found| {
            let name = found["name"].as_str().unwrap();
            let resource = found["statements"][0]["resources"][0].as_str().unwrap();
            let number = resource.trim_start_matches("bucket-").trim_end_matches("/*").parse().unwrap();
            assert_eq!(found["statements"], policy(name, number)["statements"], "it is whole");
            (name.to_owned(), number)
        })
        .collect()
}

#[tokio::test]
async fn m07_a_kill_while_policies_are_put_loses_none_that_was_acknowledged() {
    let backend = RecordingBackend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let token = first_token(folder.path(), Permission::Admin).await;
    let mut random = UnwrapErr(SysRng);
    let mut next = 0;
    // The last number that was acknowledged under each name.
    let mut acknowledged = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut server = Server::start(folder.path(), backend.address).await;
        let killed_after = Duration::from_micros(2_000 + random.next_u64() % 60_000);
        let putting = put_until_it_ends(server.api, &token, next);
        let killing = async {
            tokio::time::sleep(killed_after).await;
            assert!(server.child.try_wait().unwrap().is_none(), "it was still running");
            // SIGKILL.
            server.child.kill().unwrap();
            server.child.wait().unwrap();
        };
        let (put, ()) = tokio::join!(putting, killing);
        for number in next..put {
            acknowledged.insert(name(number), number);
        }
        // The one after the last acknowledged may be there too, or not.
        let server = Server::start(folder.path(), backend.address).await;
        let stored = stored(server.api, &token).await;
        for (stored_as, number) in &stored {
            assert_eq!(*stored_as, name(*number));
            assert!(*number <= put, "{stored_as} says {number}, which was never sent");
        }
        for (name, number) in &acknowledged {
            let found = stored.get(name);
            assert!(found >= Some(number), "{name}: {number} was acknowledged, {found:?} is there");
        }
        next = put + 1;
    }
    assert!(next > ROUNDS, "otherwise nothing was tried: {next}");
}

/// Puts one policy after the other, until the server is gone; returns the first number that was not
/// acknowledged. An answer that was cut short is none.
async fn put_until_it_ends(api: SocketAddr, token: &Token, first: usize) -> usize {
    let Ok(mut connection) = Connection::try_open(api).await else { return first };
    for number in first.. {
        let body = json!({"policy": policy(&name(number), number)});
        let put = bearer(request("POST", POLICIES, &body), token);
        let Ok(answer) = connection.try_exchange(&put.bytes(), "POST").await else { return number };
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    unreachable!("there is always another number")
}
