//! A flood of invented ids against one node of a fleet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::nodes::{Fleet, future_key, signed};
use crate::support::wire::Connection;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j11_a_flood_of_unknown_ids_against_one_node_keeps_known_keys_working_and_costs_a_read_each() {
    let fleet = Fleet::behind_relays(3, 2).await;
    let [flooded, other] = &fleet.nodes[..] else { panic!("two nodes") };
    let known = flooded.new_key().await;
    for node in [flooded, other] {
        assert_eq!(node.get(&known).await.status, 200);
    }
    let flood = Arc::new(Flood::default());
    let before = fleet.cluster.reads().await;
    let flooding: Vec<_> = (0..8).map(|_| tokio::spawn(Arc::clone(&flood).run(flooded.address))).collect();
    let mut longest = Duration::ZERO;
    let mut connections = [flooded.connect().await, other.connect().await];
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        for connection in &mut connections {
            let since = Instant::now();
            assert_eq!(connection.exchange(&signed(&known)).await.status, 200, "a known key works on");
            longest = longest.max(since.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    flood.over.store(true, Ordering::Relaxed);
    join_all(flooding).await.into_iter().for_each(|flooding| flooding.unwrap());
    let reads = fleet.cluster.reads().await - before;
    let (ids, requests) = (flood.ids.load(Ordering::Relaxed), flood.requests.load(Ordering::Relaxed));
    println!("{requests} requests with {ids} ids, {reads} reads of the store; a known key took {longest:?} at most");
    assert!(ids > 100, "otherwise it was no flood: {ids}");
    assert!(reads > 0.0, "otherwise nothing was counted");
    // What a fleet reads otherwise, in so short a time, is little.
    assert!(reads < 1.1 * f64::from(u32::try_from(requests).unwrap()) + 100.0, "{reads} for {requests} requests");
    let made = other.new_key().await;
    assert_eq!(flooded.get(&made).await.status, 200, "nor does it stand in the way of new ones");
}

#[derive(Default)]
struct Flood {
    over: AtomicBool,
    ids: AtomicUsize,
    requests: AtomicUsize,
}

impl Flood {
    async fn run(self: Arc<Self>, node: std::net::SocketAddr) {
        let mut connection = Connection::open(node).await;
        while !self.over.load(Ordering::Relaxed) {
            let request = signed(&future_key());
            self.ids.fetch_add(1, Ordering::Relaxed);
            for _ in 0..TIMES_EACH {
                assert_eq!(connection.exchange(&request).await.status, 403);
                self.requests.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

const TIMES_EACH: usize = 3;
