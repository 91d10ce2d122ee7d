//! What each workload asks for, that the answers count, and that nothing is left.

use serde_json::json;

use crate::memory_s3::MemoryS3;
use crate::program::{bench_at, kind, run};

#[test]
fn each_workload_succeeds_and_leaves_nothing() {
    for (workload, kinds) in [
        ("get --objects 5", vec![("GetObject", 40)]),
        ("put --objects 10", vec![("PutObject", 40)]),
        ("mixed --reads 75", vec![("GetObject", 30), ("PutObject", 10)]),
    ] {
        let target = MemoryS3::start();
        let arguments = format!("--workload {workload} --requests 40 --connections 4 --json");
        let report = run(bench_at(&target, &arguments)).report(0);
        assert_eq!((&report["requests"], &report["failed"]), (&json!(40), &json!(0)), "{workload}: {report}");
        for (name, count) in kinds {
            let kind = kind(&report, name);
            assert_eq!(kind["good"], json!(count), "{workload}: {report}");
            let latency = &kind["latencyMicroseconds"];
            let number = |name: &str| latency[name].as_u64().expect("a number");
            assert!(1 <= number("p50") && number("p50") <= number("p99.9") && number("p99.9") <= number("max"));
            let bars = kind["histogram"].as_array().expect("a list");
            assert_eq!(bars.iter().filter_map(|bar| bar["count"].as_u64()).sum::<u64>(), count, "{report}");
        }
        assert_eq!((target.holds(), &report["cleanUp"]["left"]), ((0, 0), &json!(0)), "{workload}");
        assert!(target.count("DELETE") > 0, "the positive control");
    }
}

#[test]
fn reads_are_spread_over_objects_written_before_and_writes_over_keys_of_their_own() {
    let target = MemoryS3::start();
    let arguments = "--workload mixed --reads 80 --requests 100 --objects 7 --connections 3 --prefix a/b --json";
    let report = run(bench_at(&target, arguments)).report(0);
    let prefix = report["setup"]["prefix"].as_str().expect("a prefix").to_owned();
    let asked = target.asked();
    let keys = |method: &str| {
        let mut keys: Vec<_> = asked.iter().filter(|it| it.method == method).map(|it| it.key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let (read, written, deleted) = (keys("GET"), keys("PUT"), keys("DELETE"));
    assert!(prefix.starts_with("a/b") && prefix.ends_with('/') && prefix.len() > 20, "{prefix}");
    assert_eq!(read.len(), 7, "{read:?}");
    assert_eq!(written, deleted, "what is written is deleted, and nothing else");
    assert!(written.iter().all(|key| key.starts_with(&prefix)) && read.iter().all(|key| written.contains(key)));
    let again = run(bench_at(&target, arguments)).report(0);
    assert_ne!(again["setup"]["prefix"], json!(prefix), "no two runs share their keys");
}

#[test]
fn a_multipart_upload_is_a_row_for_each_kind_and_one_for_the_whole() {
    let target = MemoryS3::start();
    let arguments = "--workload multipart --object-size 11MiB --part-size 5MiB --requests 3 --connections 2 --json";
    let report = run(bench_at(&target, arguments)).report(0);
    for (name, count) in [("CreateMultipartUpload", 3), ("UploadPart", 9), ("CompleteMultipartUpload", 3)] {
        assert_eq!(kind(&report, name)["good"], json!(count), "{report}");
    }
    assert_eq!((&kind(&report, "whole upload")["good"], &report["requests"]), (&json!(3), &json!(15)));
    assert_eq!(target.holds(), (0, 0));
}

#[test]
fn keep_leaves_the_objects_and_says_where() {
    let target = MemoryS3::start();
    let ended = run(bench_at(&target, "--workload put --requests 8 --objects 4 --connections 1 --keep"));
    assert_eq!((ended.code, target.holds(), target.count("DELETE")), (Some(0), (4, 0), 0), "{ended:?}");
    assert!(ended.out.contains("is kept below portcullis-bench/"), "{ended:?}");
}

#[test]
fn people_get_a_table_with_bars_and_are_told_before_what_will_be_sent() {
    let target = MemoryS3::start();
    let ended = run(bench_at(&target, "--requests 30 --object-size 2KiB --objects 3"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for word in ["GetObject", "p99.9", "30 requests in", "Latency of GetObject", "#", "Deleted 3 objects; 0 left"] {
        assert!(ended.out.contains(word), "{word} is not in {ended:?}");
    }
    for word in ["get of objects of 2 KiB", "at most 30 operations and 60 KiB", "first 3 objects"] {
        assert!(ended.err.contains(word), "{word} is not in {ended:?}");
    }
}
