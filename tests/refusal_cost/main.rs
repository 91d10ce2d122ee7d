//! What a refused request costs, in memory: never a hundred times what it took to send. In a program of its
//! own, because every allocation of the process is counted.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::app::TestApp;

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod hostile;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 4;
const MOST: usize = 100;

/// Everything that is allocated counts, also what is given back at once. So does the client's own share.
#[test]
fn k21_a_refused_request_never_allocates_a_hundred_times_what_it_took_to_send() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let app = TestApp::start().await;
        for case in hostile::cases(&app) {
            // What is made once, and kept, is no request's cost.
            let status = case.send(app.address).await;
            let region = Region::new(ALLOCATOR);
            for _ in 0..ROUNDS {
                assert_eq!(case.send(app.address).await, status, "{}", case.name);
            }
            let allocated = region.change().bytes_allocated / ROUNDS;
            let ratio = allocated / case.bytes.len();
            println!(
                "{:32} {status} {:7} bytes sent {allocated:9} allocated {ratio:4} times",
                case.name,
                case.bytes.len()
            );
            assert!(status == 0 || status >= 400, "{}: {status}", case.name);
            assert!(case.bytes.len() <= 64 << 10, "{}: {} bytes", case.name, case.bytes.len());
            assert!(ratio < MOST, "{}: {allocated} bytes for {}", case.name, case.bytes.len());
        }
        app.nothing_reached().await;
        // The same counting sees what a client makes the server do.
        let region = Region::new(ALLOCATOR);
        drop(std::hint::black_box(vec![0_u8; 1 << 20]));
        assert!(region.change().bytes_allocated >= 1 << 20, "allocations are counted");
    });
}
