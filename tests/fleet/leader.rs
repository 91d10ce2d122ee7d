//! Keys that are issued, used and revoked while the cluster changes its leader.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::nodes::{Fleet, Node};
use crate::support::sign::TestKey;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_leader_that_is_killed_changes_no_answer() {
    let mut fleet = Fleet::behind_relays(3, 3).await;
    let leader = fleet.cluster.leader().await;
    let Fleet { nodes, cluster, .. } = &mut fleet;
    let (over, changed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let killing = async {
        for round in 0..2 {
            let victim = if round == 0 { leader } else { cluster.leader().await };
            wait_for(&changed, 3).await;
            cluster.kill(victim);
            wait_for(&changed, 3).await;
            assert_ne!(cluster.leader().await, victim);
            cluster.restart(victim);
            wait_for(&changed, 3).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(killing, issue_use_and_revoke(nodes, &over, &changed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_leader_that_hands_over_changes_no_answer() {
    let fleet = Fleet::behind_relays(3, 3).await;
    let (over, changed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let moving = async {
        for _ in 0..5 {
            wait_for(&changed, 3).await;
            fleet.cluster.move_leader().await;
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(moving, issue_use_and_revoke(&fleet.nodes, &over, &changed));
}

/// Until so many more keys were issued, used and revoked.
async fn wait_for(changed: &AtomicUsize, more: usize) {
    let enough = changed.load(Ordering::Relaxed) + more;
    let waiting = async {
        while changed.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the fleet goes on");
}

/// One key after the other. What was acknowledged holds on every node, at once; only 503 is no answer.
async fn issue_use_and_revoke(nodes: &[Node], over: &AtomicBool, changed: &AtomicUsize) {
    let (mut not_issued, mut unavailable, mut turn) = (0, 0, 0);
    let mut revoked: Vec<TestKey> = Vec::new();
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let issuer = &nodes[turn % nodes.len()];
        let Some(key) = issuer.try_new_key().await else {
            not_issued += 1;
            continue;
        };
        for node in nodes {
            unavailable += usize::from(status(node, &key).await == 503);
            let forged = node.get(&key.with_wrong_secret()).await.status;
            assert!(matches!(forged, 403 | 503), "{forged}");
        }
        let revoker = &nodes[(turn + 1) % nodes.len()];
        if !revoker.try_revoke(&key).await {
            // It may have been revoked all the same: nothing can be said of it.
            not_issued += 1;
            continue;
        }
        let since = Instant::now();
        for node in nodes {
            while node.get(&key).await.status == 200 {
                assert!(since.elapsed() < Duration::from_secs(5), "still accepted");
            }
        }
        revoked.push(key);
        changed.fetch_add(1, Ordering::Relaxed);
    }
    assert!(revoked.len() > 10, "otherwise nothing was tried");
    for node in nodes {
        for key in &revoked {
            assert_eq!(last_answer(node, key).await, 403, "what was revoked stays so");
        }
    }
    println!("{} keys, {not_issued} unclear changes, {unavailable} times 503", revoked.len());
}

/// What a node says once it can say something: the last change of the leader may be a moment ago.
async fn last_answer(node: &Node, key: &TestKey) -> u16 {
    let since = Instant::now();
    loop {
        let status = node.get(key).await.status;
        if status != 503 {
            return status;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "it does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// 200, or 503 from a node that cannot say. A key that was issued is never unknown.
async fn status(node: &Node, key: &TestKey) -> u16 {
    let answer = node.get(key).await;
    assert!(matches!(answer.status, 200 | 503), "{answer:?}");
    answer.status
}
