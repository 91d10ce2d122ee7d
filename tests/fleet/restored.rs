//! An older copy of the cluster's data is put back while nodes run.

use std::time::Duration;

use crate::nodes::Fleet;
use crate::trouble::answers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m09_a_fleet_whose_store_went_back_in_time_serves_nobody_and_no_node_joins_it() {
    let mut fleet = Fleet::start(1, 2).await;
    let key = fleet.nodes[0].new_key().await;
    answers(&fleet, &key, 200).await;
    fleet.cluster.keep("older");
    let works = async {
        while fleet.nodes[0].running.keys.list(None, 1).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), works).await.expect("the cluster comes back");
    fleet.nodes[0].revoke(&key).await;
    answers(&fleet, &key, 403).await;
    // What tells an older copy is a beat that it lacks: one is written each second.
    tokio::time::sleep(Duration::from_secs(3)).await;
    fleet.cluster.put_back("older");
    // They refuse as well while the cluster is away; a node that joins hears of the older copy from those who noticed.
    let noticed = async {
        for node in &fleet.nodes {
            while !node.running.keys.store_report().outdated.is_some_and(|reason| reason.contains("older copy")) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.expect("both notice");
    answers(&fleet, &key, 503).await;
    let Err(error) = fleet.try_node(None).await else { panic!("a node joins") };
    assert!(error.to_string().contains("portcullis store accept-restore"), "{error}");
    for _ in 0..50 {
        for node in &fleet.nodes {
            assert_eq!(node.get(&key).await.status, 503, "the revoked key lives again in the store, and not here");
        }
    }
}
