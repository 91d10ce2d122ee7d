//! The program under mixed traffic for a while: half of it hostile, most of the rest well-formed and
//! refused, one request in a hundred legitimate. No legitimate request may fail, nothing but legitimate
//! requests may reach the backend whole, memory stays flat, and nothing panics.
//!
//! A few seconds by default; `PORTCULLIS_SOAK_SECONDS=600` is the real one. `PORTCULLIS_BINARY` names the
//! program to test, `PORTCULLIS_SOAK_SEED` repeats the choices of an earlier run.
#![expect(clippy::print_stdout, reason = "the figures are what the test is run for")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod hostile;
mod legitimate;
mod peer;
mod program;
mod refused;
mod store;
mod tally;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rand_core::UnwrapErr;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt, SeedableRng};

use program::Program;
use store::Store;
use tally::{Kind, Tally};

/// Clients at a time.
const CLIENTS: u64 = 48;

/// What every client of the test knows.
struct Scene {
    program: Program,
    store: Store,
    tally: Tally,
}

#[test]
fn legitimate_requests_never_fail_beside_hostile_ones() {
    let seconds = number("PORTCULLIS_SOAK_SECONDS").unwrap_or(5);
    let seed = number("PORTCULLIS_SOAK_SEED").unwrap_or_else(|| UnwrapErr(SysRng).random());
    println!("soak: {seconds} s, PORTCULLIS_SOAK_SEED={seed}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scene = runtime.block_on(soak(Duration::from_secs(seconds), seed));
    scene.tally.report();
    let Scene { mut program, store, tally } = Arc::into_inner(scene).expect("every client has ended");
    let peak = program.memory();
    println!("memory, MiB: {peak}");
    println!("backend: {store}");
    let log = program.stop();
    println!("answers of the program: {}", program::outcomes(&log));
    println!("{}", program::refusals_at(&log, legitimate::HOME));
    tally.is_good();
    store.holds_nothing_but_legitimate_objects(tally.of(Kind::Legitimate));
    peak.is_flat(seconds >= 60);
    assert!(!log.contains("panicked"), "{}", program::lines_with(&log, "panicked"));
}

async fn soak(time: Duration, seed: u64) -> Arc<Scene> {
    let store = Store::start().await;
    let program = Program::start(store.address);
    let scene = Arc::new(Scene { program, store, tally: Tally::default() });
    legitimate::warm_up(&scene).await;
    let end = Instant::now() + time;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(client_until(Arc::clone(&scene), StdRng::seed_from_u64(seed ^ client), end)))
        .collect();
    while Instant::now() < end {
        scene.program.sample();
        tokio::time::sleep(Duration::from_millis(500).min(end.saturating_duration_since(Instant::now()))).await;
    }
    for client in clients {
        client.await.expect("a client of the test ends in order");
    }
    // What was on its way has gone by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.program.sample();
    scene
}

/// One client after the other, each from an address and with an intention of its own.
async fn client_until(scene: Arc<Scene>, mut rng: StdRng, end: Instant) {
    while Instant::now() < end {
        let begun = Instant::now();
        let source = IpAddr::V4(Ipv4Addr::new(127, 0, 1, rng.random_range(1..250)));
        let (kind, outcome) = match rng.random_range(0..200) {
            0..2 => (Kind::Legitimate, legitimate::request(&scene, &mut rng).await),
            2..100 => (Kind::Refused, refused::request(&scene, source, &mut rng).await),
            _ => (Kind::Hostile, hostile::request(&scene, source, &mut rng).await),
        };
        scene.tally.count(kind, outcome, begun.elapsed());
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("it is a number"))
}
