//! Those who mint keys, use them on every node and revoke them, and write down how each of that ended.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use portcullis::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use super::history::{History, Kind, Operation, Outcome};
use crate::line::{Line, Lost};
use crate::nodes::future_key;
use crate::quiet_backend::QuietBackend;
use crate::support::request::{Request, sha256_hex};
use crate::support::sign::TestKey;

/// What all workers share.
pub(crate) struct Load {
    pub(crate) history: History,
    /// Where each node serves S3, and its API.
    pub(crate) nodes: Vec<(SocketAddr, SocketAddr)>,
    pub(crate) token: String,
    pub(crate) backend: QuietBackend,
    pub(crate) over: AtomicBool,
    keys: Mutex<Keys>,
    uploads: AtomicU64,
}

/// What is known of the keys, for the choice of what to do next. The checker does not look at it.
#[derive(Default)]
struct Keys {
    standing: Vec<(usize, TestKey)>,
    /// Somebody tried to revoke them.
    revoked: Vec<(usize, TestKey)>,
    /// Of which nobody knows whether they were issued.
    unclear: Vec<(usize, TestKey)>,
}

/// One of them.
pub(crate) struct Worker {
    load: Arc<Load>,
    random: StdRng,
    s3: Vec<Line>,
    api: Vec<Line>,
}

impl Load {
    pub(crate) fn new(
        history: History,
        nodes: Vec<(SocketAddr, SocketAddr)>,
        token: String,
        backend: QuietBackend,
    ) -> Self {
        let (over, keys, uploads) = (AtomicBool::new(false), Mutex::default(), AtomicU64::new(0));
        Self { history, nodes, token, backend, over, keys, uploads }
    }

    /// Takes one of all keys there ever were.
    fn take_any_key(&self) -> Option<(usize, TestKey)> {
        let mut keys = self.keys();
        keys.standing.pop().or_else(|| keys.revoked.pop()).or_else(|| keys.unclear.pop())
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    pub(crate) fn new(load: &Arc<Load>, seed: u64) -> Self {
        let s3 = load.nodes.iter().map(|(s3, _)| Line::to(*s3)).collect();
        let api = load.nodes.iter().map(|(_, api)| Line::to(*api)).collect();
        Self { load: Arc::clone(load), random: StdRng::seed_from_u64(seed), s3, api }
    }

    pub(crate) async fn run(mut self) {
        while !self.load.over.load(Ordering::Relaxed) {
            let standing = self.load.keys().standing.len();
            match self.random.random_range(0..100) {
                0..8 => self.mint().await,
                8..13 if standing > 10 => self.revoke().await,
                _ if standing == 0 => self.mint().await,
                _ => self.use_any().await,
            }
        }
    }

    async fn mint(&mut self) {
        let (node, number) = (self.any_node(), self.load.history.next_key());
        // Of one that is imported the id is known even if the answer is lost.
        let imported = self.random.random_bool(0.5).then(future_key);
        let body = match &imported {
            Some(key) => json!({"permission": "write", "import": {"accessKeyId": key.id, "secretKey": key.secret}}),
            None => json!({"permission": "write"}),
        };
        let request = self.request("/v1/admin/keys", &body);
        let start = self.load.history.now();
        let answer = self.api[node].send(&request).await;
        let (outcome, body) = judge(answer, 201);
        let issued = (outcome == Outcome::Accepted).then(|| issued_key(&body));
        let is_unclear = outcome == Outcome::Unknown;
        self.record(start, node, number, Kind::Mint, outcome);
        match (issued, imported) {
            (Some(key), _) => {
                self.load.keys().standing.push((number, key.clone()));
                for node in 0..self.load.nodes.len() {
                    self.use_key(node, number, &key, Kind::Use).await;
                }
            }
            (None, Some(key)) if is_unclear => self.load.keys().unclear.push((number, key)),
            (None, _) => {}
        }
    }

    async fn revoke(&mut self) {
        let (number, key) = {
            let load = Arc::clone(&self.load);
            let mut keys = load.keys();
            let index = self.random.random_range(0..keys.standing.len().max(1));
            if index >= keys.standing.len() {
                return;
            }
            let chosen = keys.standing.swap_remove(index);
            keys.revoked.push(chosen.clone());
            chosen
        };
        let node = self.any_node();
        let start = self.load.history.now();
        let request = self.request(&format!("/v1/admin/keys/{}/revoke", key.id), &json!({}));
        let (outcome, _) = judge(self.api[node].send(&request).await, 200);
        let is_acknowledged = outcome == Outcome::Accepted;
        self.record(start, node, number, Kind::Revoke, outcome);
        // Every node refuses it before long.
        let end = Instant::now() + Duration::from_secs(7);
        for node in (0..self.load.nodes.len()).filter(|_| is_acknowledged) {
            while self.use_key(node, number, &key, Kind::Use).await == Outcome::Accepted && Instant::now() < end {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    async fn use_any(&mut self) {
        let chosen = {
            let load = Arc::clone(&self.load);
            let keys = load.keys();
            let of = if self.random.random_bool(0.2) { &keys.revoked } else { &keys.standing };
            // Mostly those of late, and sometimes any.
            let newest = if self.random.random_bool(0.8) { of.len().saturating_sub(50) } else { 0 };
            if of.is_empty() { None } else { Some(of[self.random.random_range(newest..of.len())].clone()) }
        };
        let Some((number, key)) = chosen else { return };
        let kind = if self.random.random_bool(0.05) { Kind::ForgedUse } else { Kind::Use };
        let node = self.any_node();
        self.use_key(node, number, &key, kind).await;
    }

    /// Reads or writes an object with `key`. What was read, and what became of what was written, has to fit.
    async fn use_key(&mut self, node: usize, number: usize, key: &TestKey, kind: Kind) -> Outcome {
        let signer = if kind == Kind::ForgedUse { key.with_wrong_secret() } else { key.clone() };
        let object = format!("/bucket/{}", self.load.uploads.fetch_add(1, Ordering::Relaxed));
        let body = format!("what is stored as {object}").repeat(20);
        let is_upload = self.random.random_bool(0.3);
        let request = if is_upload { Request::put(&object).body(body.clone()) } else { Request::get(&object) };
        let start = self.load.history.now();
        let answer = self.s3[node].send(&request.sign(&signer, SystemClock.now())).await;
        let (mut outcome, content) = judge(answer, 200);
        let stored = self.load.backend.stored(&object);
        let is_right = match outcome {
            Outcome::Accepted if is_upload => stored == Some(sha256_hex(body.as_bytes())),
            Outcome::Accepted => content == object.as_bytes(),
            Outcome::Refused => stored.is_none(),
            _ => true,
        };
        if !is_right {
            outcome = Outcome::Wrong(format!("{outcome:?}, stored {stored:?}, read {} bytes", content.len()));
        }
        self.record(start, node, number, kind, outcome.clone());
        outcome
    }

    /// Asks every node about every key that is left to ask about, until each has given an answer.
    pub(crate) async fn use_all_for_the_last_time(mut self) {
        while let Some((number, key)) = self.load.take_any_key() {
            for node in 0..self.load.nodes.len() {
                let request = Request::get("/bucket/last").sign(&key, SystemClock.now());
                let start = self.load.history.now();
                let mut outcome = Outcome::Unknown;
                for _ in 0..50 {
                    outcome = judge(self.s3[node].send(&request).await, 200).0;
                    if outcome != Outcome::Unknown {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                self.record(start, node, number, Kind::LastUse, outcome);
            }
        }
    }

    fn any_node(&mut self) -> usize {
        self.random.random_range(0..self.load.nodes.len())
    }

    fn request(&self, path: &str, body: &serde_json::Value) -> Request {
        Request::post(path)
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Bearer {}", self.load.token))
            .body(body.to_string())
    }

    fn record(&self, start: u64, node: usize, key: usize, kind: Kind, outcome: Outcome) {
        let end = self.load.history.now();
        self.load.history.add(Operation { start, end, node, key, kind, outcome });
    }
}

fn issued_key(body: &[u8]) -> TestKey {
    let made: serde_json::Value = serde_json::from_slice(body).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    TestKey { id: text("accessKeyId"), secret: text("secretKey") }
}

fn judge(answer: Result<(u16, Bytes), Lost>, good: u16) -> (Outcome, Bytes) {
    match answer {
        Err(Lost) => (Outcome::Unknown, Bytes::new()),
        Ok((status, body)) if status == good => (Outcome::Accepted, body),
        Ok((403, body)) => (Outcome::Refused, body),
        Ok((503, body)) => (Outcome::Unknown, body),
        Ok((status, body)) => (Outcome::Wrong(format!("{status} {}", String::from_utf8_lossy(&body))), body),
    }
}
