//! How long a revoked key is still accepted: every node is asked all the time in every way there is to ask, and the
//! clock starts when the revocation is acknowledged.

mod probe;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Barrier;

use self::probe::{Kind, Probe, Seen};
use self::report::Report;
use crate::line::Line;
use crate::nodes::{Fleet, Node, signed};
use crate::support::sign::TestKey;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j01_every_use_of_a_revoked_key_ends_everywhere_within_a_second_nearly_always_and_five_at_worst() {
    let fleet = Fleet::start(3, 3).await;
    let mut report = Report::new("all is well");
    let load = Load::start(&fleet).await;
    for number in 0..trials(30, 1_000) {
        report.add(trial(&fleet, number).await);
    }
    load.finish().await;
    report.judge();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j01_every_use_of_a_revoked_key_ends_everywhere_while_members_are_killed() {
    let mut fleet = Fleet::start(3, 3).await;
    let mut report = Report::new("one member after the other is killed");
    let load = Load::start(&fleet).await;
    for number in 0..trials(6, 100) {
        let victim = number % 3;
        // Killed, and on its way back, while the next keys are revoked.
        fleet.cluster.kill(victim);
        report.add(trial(&fleet, number).await);
        fleet.cluster.restart(victim);
        report.add(trial(&fleet, number).await);
        while !fleet.cluster.is_whole().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    load.finish().await;
    report.judge();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j01_every_use_of_a_revoked_key_ends_everywhere_while_the_leader_changes() {
    let fleet = Fleet::start(3, 3).await;
    let mut report = Report::new("the leader changes");
    let load = Load::start(&fleet).await;
    for number in 0..trials(6, 100) {
        let (_, seen) = tokio::join!(fleet.cluster.move_leader(), trial(&fleet, number));
        report.add(seen);
    }
    load.finish().await;
    report.judge();
}

fn trials(usually: usize, long: usize) -> usize {
    if std::env::var_os("PORTCULLIS_LONG_TESTS").is_some() { long } else { usually }
}

/// What was seen of one key that was revoked.
struct Trial {
    acknowledged: Instant,
    /// For each node.
    nodes: Vec<Vec<Seen>>,
}

/// Issues a key, uses it everywhere in all ways, and revokes it.
async fn trial(fleet: &Fleet, number: usize) -> Trial {
    let key = patiently(async || fleet.nodes[number % fleet.nodes.len()].try_new_key().await).await;
    let revoker = &fleet.nodes[(number + 1) % fleet.nodes.len()];
    let everywhere = Arc::new(Barrier::new(fleet.nodes.len() * Kind::ALL.len() + 1));
    let probe = |node: &Node, kind| {
        let probe = Probe { node: node.address, kind, key: key.clone() };
        tokio::spawn(probe.run(Arc::clone(&everywhere)))
    };
    let probes: Vec<Vec<_>> =
        fleet.nodes.iter().map(|node| Kind::ALL.iter().map(|kind| probe(node, *kind)).collect()).collect();
    everywhere.wait().await;
    patiently(async || revoker.try_revoke(&key).await.then_some(())).await;
    let acknowledged = Instant::now();
    let ends = join_all(probes.into_iter().map(join_all));
    // Longer than anything may be accepted: a node that cannot say answers 503 for as long as that lasts.
    let ends = tokio::time::timeout(Duration::from_mins(1), ends).await.expect("refused everywhere");
    Trial { acknowledged, nodes: ends.into_iter().map(|ends| ends.into_iter().map(Result::unwrap).collect()).collect() }
}

/// Without a leader a change fails, and is tried again.
async fn patiently<T>(change: impl AsyncFn() -> Option<T>) -> T {
    let trying = async {
        loop {
            if let Some(changed) = change().await {
                return changed;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), trying).await.expect("the store comes back")
}

/// Somebody else's requests, which go on undisturbed.
struct Load {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn start(fleet: &Fleet) -> Self {
        let key = patiently(async || fleet.nodes[0].try_new_key().await).await;
        let (over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let run = |node: &Node| {
            tokio::spawn(ask_all_the_time(
                Line::to(node.address),
                key.clone(),
                Arc::clone(&over),
                Arc::clone(&answered),
            ))
        };
        let workers = fleet.nodes.iter().map(run).collect();
        Self { over, answered, workers }
    }

    async fn finish(self) {
        self.over.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap();
        }
        println!("load beside them: {} requests", self.answered.load(Ordering::Relaxed));
    }
}

async fn ask_all_the_time(mut line: Line, key: TestKey, over: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    let request = signed(&key);
    while !over.load(Ordering::Relaxed) {
        let (status, _) = line.send(&request).await.expect("an answer");
        assert!(matches!(status, 200 | 503), "a key that stands: {status}");
        answered.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
