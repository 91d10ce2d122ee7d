//! What is revoked on one node ends on all of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Barrier;

use crate::nodes::{Fleet, Node, signed};
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

/// The clock starts at the acknowledgement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j01_a_key_that_one_node_revokes_is_refused_by_all_within_a_second() {
    let fleet = Fleet::start(3, 3).await;
    let trials = if std::env::var_os("PORTCULLIS_LONG_TESTS").is_some() { 1_000 } else { 30 };
    let mut longest = Duration::ZERO;
    for number in 0..trials {
        let revoker = &fleet.nodes[number % fleet.nodes.len()];
        let trial = Arc::new(Trial { key: revoker.new_key().await, everywhere: Barrier::new(fleet.nodes.len() + 1) });
        let probe = |node: &Node| tokio::spawn(Arc::clone(&trial).probe(node.address));
        let probes: Vec<_> = fleet.nodes.iter().map(probe).collect();
        trial.everywhere.wait().await;
        revoker.revoke(&trial.key).await;
        let since = Instant::now();
        let refusals =
            tokio::time::timeout(Duration::from_secs(10), join_all(probes)).await.expect("refused everywhere");
        for refused_at in refusals {
            longest = longest.max(refused_at.unwrap().saturating_duration_since(since));
        }
    }
    assert!(longest < Duration::from_secs(1), "refused everywhere after {longest:?}");
}

/// A key that is used on every node while it is revoked.
struct Trial {
    key: TestKey,
    /// Passed once every node has accepted the key, and so has it in its cache.
    everywhere: Barrier,
}

impl Trial {
    /// Asks until the key is refused, and some times more, which have to be refused as well. When it was refused first.
    async fn probe(self: Arc<Self>, node: SocketAddr) -> Instant {
        let mut connection = Connection::open(node).await;
        let first = connection.exchange(&signed(&self.key)).await;
        assert_eq!(first.status, 200, "{}", first.text());
        self.everywhere.wait().await;
        let refused = loop {
            let response = connection.exchange(&signed(&self.key)).await;
            match response.status {
                200 => tokio::time::sleep(Duration::from_millis(2)).await,
                403 => break Instant::now(),
                other => panic!("{other}: {}", response.text()),
            }
        };
        for _ in 0..20 {
            assert_eq!(connection.exchange(&signed(&self.key)).await.status, 403, "accepted again");
        }
        refused
    }
}
