//! Kill -9 of nodes and members at random, under load. Whatever is acknowledged holds, and whatever is revoked stays
//! so: [`checker`] says whether, from a [`history`] that those who asked wrote down.
//!
//! `PORTCULLIS_CHAOS_SECONDS` says for how long, `PORTCULLIS_CHAOS_SEED` repeats a run's choices.

mod checker;
mod history;
mod load;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::etcd_cluster::Cluster;
use crate::processes::Process;
use crate::quiet_backend::QuietBackend;

use self::history::{History, Kind, Outcome};
use self::load::{Load, Worker};

/// What is promised at worst.
const BOUND: Duration = Duration::from_secs(5);
const NODES: usize = 3;
const MEMBERS: usize = 3;
const WORKERS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_revoked_revives_when_nodes_and_members_are_killed() {
    let is_long = std::env::var_os("PORTCULLIS_LONG_TESTS").is_some();
    let seconds = number("PORTCULLIS_CHAOS_SECONDS").unwrap_or(if is_long { 600 } else { 20 });
    let seed = number("PORTCULLIS_CHAOS_SEED").unwrap_or(20_261_123);
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(MEMBERS);
    let backend = QuietBackend::start().await;
    let mut nodes: Vec<Process> = (0..NODES).map(|_| Process::new(&cluster.endpoints(), backend.address)).collect();
    join_all(nodes.iter_mut().map(Process::start)).await;
    let token = nodes[0].admin_token().await;
    let history = History::new(&folder.path().join("history.jsonl"));
    let addresses = nodes.iter().map(|node| (node.s3, node.api)).collect();
    let load = Arc::new(Load::new(history, addresses, token, backend));
    let workers: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(Worker::new(&load, seed + worker).run())).collect();

    let over = AtomicBool::new(false);
    let end = async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        over.store(true, Ordering::Relaxed);
    };
    let (killed_nodes, killed_members, ()) =
        tokio::join!(kill_nodes(&mut nodes, seed, &over), kill_members(&mut cluster, seed, &over), end);
    load.over.store(true, Ordering::Relaxed);
    for worker in join_all(workers).await {
        worker.unwrap();
    }
    tokio::time::sleep(BOUND).await;
    let last: Vec<_> = (0..WORKERS)
        .map(|worker| tokio::spawn(Worker::new(&load, seed + worker).use_all_for_the_last_time()))
        .collect();
    for worker in join_all(last).await {
        worker.unwrap();
    }

    let load = Arc::into_inner(load).expect("the workers have ended");
    let history = load.history.finish();
    let violations = checker::violations(&history, BOUND);
    let count = |kind: Kind, outcome: Outcome| {
        history.iter().filter(|operation| operation.kind == kind && operation.outcome == outcome).count()
    };
    let times = checker::refusal_times(&history);
    let percentile = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    println!(
        "chaos for {seconds} s, seed {seed}: {} operations ({} keys issued, {} revoked, {} uses accepted, {} refused, \
         {} without an answer), {killed_nodes} nodes and {killed_members} members killed, {} violations; from \
         revocation to first refusal: p50 {:?}, p99 {:?}, longest {:?} of {}; the nodes hold {:?} MiB",
        history.len(),
        count(Kind::Mint, Outcome::Accepted),
        count(Kind::Revoke, Outcome::Accepted),
        count(Kind::Use, Outcome::Accepted),
        count(Kind::Use, Outcome::Refused),
        count(Kind::Use, Outcome::Unknown),
        violations.len(),
        percentile(50).unwrap_or(&Duration::ZERO),
        percentile(99).unwrap_or(&Duration::ZERO),
        times.last().unwrap_or(&Duration::ZERO),
        times.len(),
        nodes.iter().filter_map(Process::resident).map(|bytes| bytes >> 20).collect::<Vec<_>>(),
    );
    if !violations.is_empty() {
        let logs: Vec<String> = nodes.iter().map(Process::log).collect();
        let kept = folder.keep();
        panic!("{violations:#?}\nseed {seed}, history in {}\n{}", kept.display(), logs.join("\n--\n"));
    }
    for (kind, outcome, least) in [
        (Kind::Mint, Outcome::Accepted, 20),
        (Kind::Revoke, Outcome::Accepted, 5),
        (Kind::Use, Outcome::Accepted, 100),
        (Kind::Use, Outcome::Refused, 10),
        (Kind::ForgedUse, Outcome::Refused, 5),
        (Kind::LastUse, Outcome::Accepted, 20),
        (Kind::LastUse, Outcome::Refused, 5),
    ] {
        assert!(count(kind, outcome.clone()) >= least, "otherwise nothing was tried: {kind:?} {outcome:?}");
    }
    assert!(killed_nodes > 0 && killed_members > 0);
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("it is a number"))
}

/// Kills one node, sometimes two, and starts them again, until it is over; then all run.
async fn kill_nodes(nodes: &mut [Process], seed: u64, over: &AtomicBool) -> usize {
    let mut random = StdRng::seed_from_u64(seed ^ 1);
    let mut killed = 0;
    while !over.load(Ordering::Relaxed) {
        pause(&mut random, 500..2000).await;
        let first = random.random_range(0..nodes.len());
        let victims = if random.random_bool(0.25) { vec![first, (first + 1) % nodes.len()] } else { vec![first] };
        for node in &victims {
            nodes[*node].kill();
        }
        killed += victims.len();
        pause(&mut random, 0..1500).await;
        for node in victims {
            nodes[node].start().await;
        }
    }
    killed
}

/// The same with members: mostly one, so that the others are a cluster; now and then two, for a moment.
async fn kill_members(cluster: &mut Cluster, seed: u64, over: &AtomicBool) -> usize {
    let mut random = StdRng::seed_from_u64(seed ^ 2);
    let mut killed = 0;
    while !over.load(Ordering::Relaxed) {
        pause(&mut random, 1000..4000).await;
        let first = random.random_range(0..MEMBERS);
        let victims = if random.random_bool(0.15) { vec![first, (first + 1) % MEMBERS] } else { vec![first] };
        for member in &victims {
            cluster.kill(*member);
        }
        killed += victims.len();
        pause(&mut random, 0..2000).await;
        for member in victims {
            cluster.restart(member);
        }
        let since = Instant::now();
        while !cluster.is_whole().await {
            assert!(since.elapsed() < Duration::from_mins(1), "the members do not find together");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    killed
}

async fn pause(random: &mut StdRng, milliseconds: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(random.random_range(milliseconds))).await;
}
