//! One node that is cut off from the cluster, while the others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};

use crate::nodes::{Fleet, MAX_STALENESS, Node, signed};
use crate::relay::Network;
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

/// A request that was sent just in time is answered a moment later.
const TOLERANCE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_node_from_which_nothing_is_heard_serves_a_revoked_key_no_longer_than_the_staleness_it_was_given() {
    is_partitioned(Network::Frozen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_node_that_is_cut_off_serves_a_revoked_key_no_longer_than_the_staleness_it_was_given() {
    is_partitioned(Network::Cut).await;
}

async fn is_partitioned(network: Network) {
    let fleet = Fleet::behind_relays(3, 2).await;
    let (well, apart) = (&fleet.nodes[0], &fleet.nodes[1]);
    let (revoked, standing, cold) = (well.new_key().await, well.new_key().await, well.new_key().await);
    let unknown = TestKey::nobodys();
    for (key, status) in [(&revoked, 200), (&standing, 200), (&unknown, 403)] {
        assert_eq!(apart.get(key).await.status, status, "while all is well");
    }

    apart.network_becomes(network);
    let cold_answer = tokio::spawn(asked_first_while_apart(apart.address, cold.clone()));
    well.revoke(&revoked).await;
    let since = Instant::now();
    let last_accepted = last_acceptance(apart, &revoked, since + 2 * MAX_STALENESS).await;
    assert!(last_accepted > since, "the revocation does not reach it: otherwise it was not apart");
    let served = last_accepted - since;
    assert!(served <= MAX_STALENESS + TOLERANCE, "{network:?}: served for {served:?} after the acknowledgement");
    for key in [&revoked, &standing, &cold, &unknown] {
        let asked = Instant::now();
        let answer = apart.get(key).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(1), "it knows already that it knows nothing");
    }
    println!("{network:?}: served for {served:?}; a cold key was answered after {:?}", cold_answer.await.unwrap());
    assert_eq!(well.get(&standing).await.status, 200, "the others go on");
    assert_eq!(well.get(&revoked).await.status, 403);

    let answers = first_answers_after_healing(apart, &revoked).await;
    assert!(answers.iter().all(|status| *status == 403), "{answers:?}");
    for (key, status) in [(&standing, 200), (&cold, 200), (&unknown, 403)] {
        assert_eq!(apart.get(key).await.status, status, "after it has healed");
    }
}

/// A key that the node never saw gets 503, neither a pass nor a refusal for ever. How long that took.
async fn asked_first_while_apart(node: std::net::SocketAddr, key: TestKey) -> Duration {
    let asked = Instant::now();
    let answer = Connection::open(node).await.exchange(&signed(&key)).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    asked.elapsed()
}

/// When the last request was sent that was accepted, of many until `end`. Any other answer is 503.
async fn last_acceptance(node: &Node, key: &TestKey, end: Instant) -> Instant {
    let mut connection = node.connect().await;
    let mut last = Instant::now();
    let mut refused = false;
    while Instant::now() < end {
        let asked = Instant::now();
        match connection.exchange(&signed(key)).await.status {
            200 => {
                assert!(!refused, "accepted again");
                last = asked;
            }
            503 => refused = true,
            other => panic!("{other} from a node that cannot know"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(refused, "it never stopped to serve");
    last
}

/// Heals the network while many connections ask without a pause: what each is answered that is not 503.
async fn first_answers_after_healing(node: &Node, key: &TestKey) -> Vec<u16> {
    let enough = Arc::new(AtomicBool::new(false));
    let ask = || {
        let (address, key, enough) = (node.address, key.clone(), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut answers = Vec::new();
            while answers.len() < 50 {
                assert!(!enough.load(Ordering::Relaxed), "it does not come back");
                let status = connection.exchange(&signed(&key)).await.status;
                answers.extend((status != 503).then_some(status));
            }
            answers
        })
    };
    let asking: Vec<_> = (0..8).map(|_| ask()).collect();
    node.network_becomes(Network::Well);
    let answers = tokio::time::timeout(Duration::from_secs(20), join_all(asking)).await;
    enough.store(true, Ordering::Relaxed);
    answers.expect("it comes back").into_iter().flat_map(|answers| answers.unwrap()).collect()
}

/// A node hears of thousands of changes at once when it comes back, and the last of them is a revocation: it
/// answers nobody before it has taken in all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_node_that_comes_back_answers_nobody_before_it_has_taken_in_what_it_missed() {
    let fleet = Fleet::behind_relays(3, 2).await;
    let (well, apart) = (&fleet.nodes[0], &fleet.nodes[1]);
    let revoked = well.new_key().await;
    assert_eq!(apart.get(&revoked).await.status, 200);
    apart.network_becomes(Network::Frozen);
    let missed = stream::iter(0..MISSED_CHANGES).map(|_| well.new_key()).buffer_unordered(64);
    let missed: Vec<TestKey> = missed.collect().await;
    well.revoke(&revoked).await;
    let status = async { while apart.get(&revoked).await.status != 503 {} };
    tokio::time::timeout(3 * MAX_STALENESS, status).await.expect("it stops to serve");
    let answers = first_answers_after_healing(apart, &revoked).await;
    let accepted = answers.iter().filter(|status| **status == 200).count();
    assert_eq!(accepted, 0, "accepted after it healed, among {}: {answers:?}", answers.len());
    assert!(answers.iter().all(|status| *status == 403), "{answers:?}");
    for key in missed.iter().rev().take(5) {
        assert_eq!(apart.get(key).await.status, 200);
    }
}

/// More than fit into one message of etcd, fewer than make a node read everything anew.
const MISSED_CHANGES: usize = 2_000;

/// The cluster forgets what a node missed: it reads everything anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_node_whose_missed_changes_were_compacted_away_catches_up() {
    let fleet = Fleet::behind_relays(3, 2).await;
    let (well, apart) = (&fleet.nodes[0], &fleet.nodes[1]);
    let (revoked, standing) = (well.new_key().await, well.new_key().await);
    for key in [&revoked, &standing] {
        assert_eq!(apart.get(key).await.status, 200);
    }
    let before = fleet.cluster.revision().await;
    apart.network_becomes(Network::Cut);
    well.revoke(&revoked).await;
    let new = well.new_key().await;
    assert!(fleet.cluster.remembers(before).await, "so far the changes are there");
    fleet.cluster.compact(fleet.cluster.revision().await).await;
    assert!(!fleet.cluster.remembers(before).await, "now they are gone");
    let stopped = async { while apart.get(&standing).await.status != 503 {} };
    tokio::time::timeout(3 * MAX_STALENESS, stopped).await.expect("it stops to serve");
    let answers = first_answers_after_healing(apart, &revoked).await;
    assert!(answers.iter().all(|status| *status == 403), "{answers:?}");
    assert_eq!(apart.get(&new).await.status, 200);
    assert_eq!(apart.get(&standing).await.status, 200);
    well.revoke(&standing).await;
    let refused = async { while apart.get(&standing).await.status != 403 {} };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("the new watch works");
}

/// The same, and the node is back before it stopped to serve.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j09_a_short_loss_of_the_watch_loses_no_revocation() {
    let fleet = Fleet::behind_relays(3, 2).await;
    let (well, apart) = (&fleet.nodes[0], &fleet.nodes[1]);
    for round in 0..10 {
        let revoked = well.new_key().await;
        assert_eq!(apart.get(&revoked).await.status, 200, "round {round}");
        apart.network_becomes(if round % 2 == 0 { Network::Cut } else { Network::Frozen });
        well.revoke(&revoked).await;
        let since = Instant::now();
        apart.network_becomes(Network::Well);
        let refused = async { while apart.get(&revoked).await.status != 403 {} };
        let refused = tokio::time::timeout(2 * MAX_STALENESS, refused).await;
        assert!(refused.is_ok(), "round {round}: not refused");
        assert!(since.elapsed() <= MAX_STALENESS + TOLERANCE, "round {round}: refused after {:?}", since.elapsed());
        for _ in 0..20 {
            let status = apart.get(&revoked).await.status;
            assert!(status == 403 || status == 503, "round {round}: {status}");
        }
        // It has a good connection again, which the next round takes from it.
        let well_again = async { while apart.get(&revoked).await.status == 503 {} };
        tokio::time::timeout(Duration::from_secs(10), well_again).await.expect("it comes back");
    }
}
