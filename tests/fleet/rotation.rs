//! The key that secrets are sealed with is replaced, node by node, and nobody notices.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use crate::nodes::{Fleet, Node, signed};
use crate::program;
use crate::support::setup::SEAL_KEY_OF_FLEETS as OLD;
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

const NEW: &str = "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=";

/// Clients of a fleet whose nodes come and go.
struct Load {
    /// Held by a request from its beginning to its end.
    addresses: Arc<RwLock<Vec<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Each of `keys` is used on every node, over and over, and has to work each time.
    fn start(nodes: &[Node], keys: &[TestKey]) -> Self {
        let addresses = Arc::new(RwLock::new(nodes.iter().map(|node| node.address).collect::<Vec<_>>()));
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |key: &TestKey| {
            let (addresses, stop, answered) = (Arc::clone(&addresses), Arc::clone(&stop), Arc::clone(&answered));
            let key = TestKey { id: key.id.clone(), secret: key.secret.clone() };
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let addresses = addresses.read().await;
                    for address in &*addresses {
                        let response = Connection::open(*address).await.exchange(&signed(&key)).await;
                        assert_eq!(response.status, 200, "{}", response.text());
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        };
        let clients = keys.iter().map(client).collect();
        Self { addresses, stop, answered, clients }
    }

    /// Returns once clients were answered some times more.
    async fn goes_on(&self) {
        let goal = self.answered.load(Ordering::SeqCst) + 20;
        let reached = async {
            while self.answered.load(Ordering::SeqCst) < goal {
                assert!(!self.clients.iter().any(JoinHandle::is_finished), "a client was refused");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), reached).await.expect("clients are answered");
    }

    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// Replaces every node by one with these seal keys, one after the other.
async fn restart_with(fleet: &mut Fleet, seal_keys: &[&str], load: &Load) {
    for number in 0..fleet.nodes.len() {
        let new = fleet.node_with(seal_keys).await.unwrap();
        let address = new.address;
        let old = std::mem::replace(&mut fleet.nodes[number], new);
        load.addresses.write().await[number] = address;
        old.running.shutdown().await;
        load.goes_on().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seal_key_is_replaced_while_two_nodes_serve() {
    let mut fleet = Fleet::start(1, 2).await;
    let mut keys = Vec::new();
    for number in 0..6 {
        keys.push(fleet.nodes[number % 2].new_key().await);
    }
    let revoked = fleet.nodes[0].new_key().await;
    fleet.nodes[1].revoke(&revoked).await;
    let load = Load::start(&fleet.nodes, &keys);
    load.goes_on().await;

    restart_with(&mut fleet, &[OLD, NEW], &load).await;
    restart_with(&mut fleet, &[NEW, OLD], &load).await;

    // While it goes on, keys are made and ended on the other node.
    let config = fleet.nodes[0].configuration();
    let arguments = ["store", "rotate-seal", "--config", program::text(&config)];
    let rotating = program::json(&arguments);
    let changing = async {
        let mut made = Vec::new();
        for _ in 0..10 {
            let (standing, ended) = (fleet.nodes[1].new_key().await, fleet.nodes[1].new_key().await);
            fleet.nodes[1].revoke(&ended).await;
            made.push((standing, ended));
        }
        made
    };
    let (rotated, made) = tokio::join!(rotating, changing);
    assert_eq!((rotated["resealed"].as_u64(), rotated["complete"].as_bool()), (Some(6), Some(true)), "{rotated}");
    let again = program::json(&arguments).await;
    assert_eq!((again["resealed"].as_u64(), again["already"].as_u64()), (Some(0), Some(16)), "{again}");
    load.goes_on().await;

    let refused = fleet.node_with(&[OLD]).await.err().expect("it lacks the new key").to_string();
    assert!(refused.contains("which is not loaded"), "{refused}");
    restart_with(&mut fleet, &[NEW], &load).await;
    load.end().await;
    for (number, node) in fleet.nodes.iter().enumerate() {
        assert_eq!(node.get(&revoked).await.status, 403, "on node {number}");
        for (standing, ended) in &made {
            assert_eq!(node.get(standing).await.status, 200, "on node {number}");
            assert_eq!(node.get(ended).await.status, 403, "on node {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_all_is_sealed_anew_a_node_needs_both_keys() {
    let mut fleet = Fleet::start(1, 1).await;
    let key = fleet.nodes[0].new_key().await;
    let both = fleet.node_with(&[NEW, OLD]).await.unwrap();
    for too_few in [OLD, NEW] {
        let refused = fleet.node_with(&[too_few]).await.err().expect("it lacks a key").to_string();
        assert!(refused.contains("which is not loaded") && refused.contains("older_seal_key_files"), "{refused}");
    }
    assert_eq!(both.get(&key).await.status, 200);
    fleet.nodes.push(fleet.node_with(&[OLD, NEW]).await.unwrap());
    assert_eq!(fleet.nodes[1].get(&key).await.status, 200);
}
