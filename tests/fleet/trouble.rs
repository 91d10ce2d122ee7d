//! Members and clusters that go and come back.

use std::time::Duration;

use crate::nodes::Fleet;

pub(crate) async fn answers(fleet: &Fleet, key: &crate::support::sign::TestKey, status: u16) {
    let all = async {
        for node in &fleet.nodes {
            while node.get(key).await.status != status {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap_or_else(|_| panic!("no node answers {status}"));
}

/// Without its cluster a node has no proof that a key still stands, and soon answers nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_without_their_cluster_refuse_after_the_staleness_they_were_given_and_come_back_with_it() {
    let mut fleet = Fleet::start(3, 2).await;
    let key = fleet.nodes[0].new_key().await;
    let unknown = fleet.nodes[0].new_key().await;
    answers(&fleet, &key, 200).await;
    // A member more or less changes nothing.
    fleet.cluster.kill(0);
    tokio::time::sleep(Duration::from_secs(4)).await;
    for node in &fleet.nodes {
        assert_eq!(node.get(&key).await.status, 200, "two of three members are a cluster");
    }
    fleet.cluster.kill(1);
    answers(&fleet, &key, 503).await;
    let refused = fleet.nodes[0].get(&key).await;
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(fleet.nodes[0].get(&unknown).await.status, 503, "what was never loaded is not known to be absent");
    fleet.cluster.restart(1);
    answers(&fleet, &key, 200).await;
    fleet.nodes[1].revoke(&key).await;
    answers(&fleet, &key, 403).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_seal_key_of_its_own_does_not_start() {
    let mut fleet = Fleet::start(1, 1).await;
    let other = "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=";
    let Err(error) = fleet.try_node(Some(other)).await else { panic!("it started") };
    let error = error.to_string();
    assert!(error.contains("every node of a fleet has the same seal key file"), "{error}");
    assert!(fleet.try_node(None).await.is_ok(), "with the same key it does");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_later_knows_what_the_others_did() {
    let mut fleet = Fleet::start(1, 1).await;
    let (standing, revoked) = (fleet.nodes[0].new_key().await, fleet.nodes[0].new_key().await);
    fleet.nodes[0].revoke(&revoked).await;
    fleet.add_node().await;
    assert_eq!(fleet.nodes[1].get(&standing).await.status, 200);
    assert_eq!(fleet.nodes[1].get(&revoked).await.status, 403);
}
