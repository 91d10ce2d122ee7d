//! The open loop: how many operations there are, and from when their latency counts.

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::memory_s3::{MemoryS3, Twist};
use crate::program::{bench_at, ended, kind, run};

#[test]
fn a_rate_makes_as_many_operations_as_it_should_in_the_time() {
    let target = MemoryS3::start();
    let arguments = "--workload put --rate 300 --duration 500ms --connections 8 --objects 8 --json";
    let report = run(bench_at(&target, arguments)).report(0);
    assert_eq!((&report["requests"], &report["missed"]), (&json!(150), &json!(0)), "{report}");
    assert_eq!(target.count("PUT"), 150 + 1, "one to try, then those of the load");
}

#[test]
fn the_warm_up_is_sent_and_does_not_count() {
    let target = MemoryS3::start();
    let arguments = "--rate 200 --warm-up 200ms --duration 300ms --connections 8 --objects 1 --json";
    let report = run(bench_at(&target, arguments)).report(0);
    assert_eq!(report["requests"], json!(60), "{report}");
    assert_eq!(target.count("GET"), 1 + 40 + 60);
}

#[test]
fn a_latency_counts_from_when_the_request_should_have_begun() {
    // The first request of the load is answered late; it holds the only connection.
    let target =
        MemoryS3::with(|asked| if asked.method == "GET" && asked.before == 1 { Twist::Late } else { Twist::None });
    let arguments = "--rate 50 --duration 200ms --connections 1 --objects 1 --json";
    let child = bench_at(&target, arguments).spawn().expect("the program starts");
    target.wait_for("GET", 2);
    sleep(Duration::from_millis(600));
    target.open_gate();
    let report = ended(child).report(0);
    assert_eq!(report["requests"], json!(10), "those that came too late are sent all the same");
    // The last should have begun 180 ms after the first, and none before that was answered.
    let least = kind(&report, "GetObject")["latencyMicroseconds"]["min"].as_u64().expect("a number");
    assert!(least >= 400_000, "{report}");
}

#[test]
fn a_number_of_requests_or_of_bytes_ends_it_too() {
    let target = MemoryS3::start();
    let closed = run(bench_at(&target, "--requests 25 --objects 1 --connections 3 --json")).report(0);
    assert_eq!((&closed["requests"], &closed["stoppedByBytes"]), (&json!(25), &json!(false)));
    let open = run(bench_at(&target, "--rate 1000 --requests 25 --objects 1 --json")).report(0);
    assert_eq!(open["requests"], json!(25));
    let bytes = run(bench_at(&target, "--max-bytes 20KiB --object-size 1KiB --objects 1 --json")).report(0);
    assert_eq!((&bytes["requests"], &bytes["stoppedByBytes"]), (&json!(20), &json!(true)));
}
