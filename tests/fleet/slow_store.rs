//! A store that answers late.

use std::time::{Duration, Instant};

use crate::nodes::{Fleet, MAX_STALENESS, signed};
use crate::relay::Network;
use crate::support::sign::TestKey;

/// Each way.
const DELAY: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_slow_store_changes_no_answer_and_costs_a_known_key_no_time() {
    let fleet = Fleet::behind_relays(3, 3).await;
    let (warm, revoked, cold) =
        (fleet.nodes[0].new_key().await, fleet.nodes[0].new_key().await, fleet.nodes[0].new_key().await);
    for node in &fleet.nodes {
        for key in [&warm, &revoked] {
            assert_eq!(node.get(key).await.status, 200);
        }
    }
    for node in &fleet.nodes {
        node.network_becomes(Network::Delayed(DELAY));
    }
    // Longer than a node goes on without proof: the beats arrive, only later.
    let end = Instant::now() + MAX_STALENESS + Duration::from_secs(2);
    let mut took = Vec::new();
    let mut connection = fleet.nodes[1].connect().await;
    while Instant::now() < end {
        let since = Instant::now();
        assert_eq!(connection.exchange(&signed(&warm)).await.status, 200);
        took.push(since.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort();
    let slow = took[took.len() * 99 / 100];
    assert!(slow < DELAY, "99 of 100 known keys are answered without the store: {slow:?} of {} answers", took.len());

    let since = Instant::now();
    assert_eq!(fleet.nodes[1].get(&cold).await.status, 200, "slow is not gone");
    assert!(since.elapsed() >= 2 * DELAY, "the store is as slow as that: {:?}", since.elapsed());
    assert_eq!(fleet.nodes[1].get(&TestKey::nobodys()).await.status, 403);
    assert_eq!(fleet.nodes[1].get(&warm.with_wrong_secret()).await.status, 403);

    fleet.nodes[0].revoke(&revoked).await;
    let since = Instant::now();
    for node in &fleet.nodes {
        let refused = async { while node.get(&revoked).await.status != 403 {} };
        tokio::time::timeout(MAX_STALENESS, refused).await.expect("refused within the bound");
    }
    println!("revoked over a slow store: refused by all after {:?}", since.elapsed());
    let made = fleet.nodes[0].new_key().await;
    for node in &fleet.nodes {
        assert_eq!(node.get(&made).await.status, 200);
        assert_eq!(node.get(&revoked).await.status, 403, "it stays refused");
    }
}
