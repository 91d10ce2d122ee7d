//! Memory under load: 16 uploads or downloads at a time of every payload kind, over TLS with HTTP/1.1 and with
//! HTTP/2. Whatever their size, the program may grow by 16 MiB over what it holds when it is warm.
//!
//! 4 MiB each by default, 64 MiB with `PORTCULLIS_LONG_TESTS`, or `PORTCULLIS_MEMORY_MIB`. `PORTCULLIS_BINARY` names
//! the program to test.
#![expect(clippy::print_stdout, reason = "the figures are what the test is run for")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

#[path = "../soak/program.rs"]
#[expect(dead_code, reason = "shared with the soak, which uses all of it")]
mod program;

mod client;
mod kind;
mod sink;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use client::Protocol;
use kind::Kind;
use program::Program;
use sink::Sink;

/// Transfers at a time.
const TRANSFERS: u64 = 16;
/// How far the program may grow, in KiB.
const MAY_GROW: u64 = 16 << 10;
/// How much each transfer of the warm-up moves.
const WARM: usize = 1 << 20;

/// What one kind came to.
struct Figure {
    kind: Kind,
    protocol: Protocol,
    /// The most that the program held meanwhile, in KiB.
    most: u64,
    took: Duration,
}

#[test]
fn parallel_transfers_of_every_kind_take_little_memory() {
    let long = std::env::var_os("PORTCULLIS_LONG_TESTS").is_some();
    let given = std::env::var("PORTCULLIS_MEMORY_MIB").ok().map(|text| text.parse().expect("it is a number"));
    let size: usize = given.unwrap_or(if long { 64 } else { 4 }) << 20;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start());
    let mut program = Program::start_with(sink.address, |_| {});
    for protocol in Protocol::ALL {
        for kind in Kind::ALL {
            runtime.block_on(transfers(&program, &sink, kind, protocol, WARM, 1));
        }
    }
    let before = program.resident();
    println!("{TRANSFERS} at a time, {} MiB each; {:.1} MiB when warm", size >> 20, mib(before));
    let mut figures = Vec::new();
    for protocol in Protocol::ALL {
        for kind in Kind::ALL {
            let (most, took) = watched(&program, || {
                runtime.block_on(transfers(&program, &sink, kind, protocol, size, TRANSFERS));
            });
            figures.push(Figure { kind, protocol, most, took });
        }
    }
    for Figure { kind, protocol, most, took } in &figures {
        let grown = mib(most.saturating_sub(before));
        println!("{kind:<24} {protocol:<9} grown by {grown:5.1} MiB in {:6.1} s", took.as_secs_f64());
    }
    println!("{:.1} MiB in the end", mib(program.resident()));
    let log = program.stop();
    assert!(!log.contains("panicked"), "{}", program::lines_with(&log, "panicked"));
    let most = figures.iter().map(|figure| figure.most).max().unwrap_or_default();
    assert!(most > 0, "memory was sampled");
    assert!(most <= before + MAY_GROW, "the program grew by {:.1} MiB", mib(most.saturating_sub(before)));
}

/// Makes `count` transfers at a time, and sees to it that all of their bytes arrived.
async fn transfers(program: &Program, sink: &Sink, kind: Kind, protocol: Protocol, size: usize, count: u64) {
    let (size, received) = (kind.size(size), sink.received());
    let request = kind.request(program, size);
    let (head, body) = (Arc::new(client::head(&request, protocol)), Bytes::from(request.body));
    let shared = client::shared(program, protocol).await;
    let running: Vec<_> = (0..count)
        .map(|_| {
            let (head, body, shared) = (Arc::clone(&head), body.clone(), shared.clone());
            let (address, ca) = (program.address, program.ca.clone());
            tokio::spawn(async move { client::exchange(address, &ca, shared, &head, body).await })
        })
        .collect();
    for transfer in running {
        let (status, downloaded) = transfer.await.expect("a transfer of the test ends in order");
        let expected = if kind.is_upload() { 0 } else { size as u64 };
        assert!(matches!(status, 200 | 204), "{kind} over {protocol} is answered with {status}");
        assert!(kind.is_upload() || downloaded == expected, "{kind} over {protocol} brought {downloaded} bytes");
    }
    let arrived = sink.received() - received;
    let expected = if kind.is_upload() { count * size as u64 } else { 0 };
    assert_eq!(arrived, expected, "bytes at the backend, of {kind} over {protocol}");
}

/// The most that the program held while `work` ran, in KiB, and how long that took.
fn watched(program: &Program, work: impl FnOnce()) -> (u64, Duration) {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(program.resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        work();
        done.store(true, Ordering::Relaxed);
    });
    (most.load(Ordering::Relaxed), begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
