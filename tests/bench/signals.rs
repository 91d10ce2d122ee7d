//! Ctrl-C: once ends the load, deletes and reports; twice ends at once.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};

use serde_json::json;

use crate::memory_s3::{MemoryS3, Twist};
use crate::program::{bench_at, ended};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[test]
fn the_first_ends_the_load_and_what_was_written_is_deleted() {
    let target = MemoryS3::start();
    let child = bench_at(&target, "--workload put --duration 10min --json").spawn().expect("it starts");
    target.wait_for("PUT", 50);
    interrupt(&child);
    let report = ended(child).report(0);
    assert_eq!((&report["interrupted"], &report["failed"]), (&json!(true), &json!(0)), "{report}");
    assert!(report["requests"].as_u64().is_some_and(|count| count >= 10), "{report}");
    assert_eq!(target.holds(), (0, 0));
}

#[test]
fn before_the_load_it_deletes_and_has_nothing_to_report() {
    let target = MemoryS3::with(|asked| if asked.before > 5 { Twist::Late } else { Twist::None });
    let child = bench_at(&target, "--objects 50 --connections 1").spawn().expect("it starts");
    target.wait_for("PUT", 7);
    interrupt(&child);
    // Deleting is not late: it is asked for the first time.
    target.open_gate();
    ended(child).failed(1, &["stopped before the load began"]);
    assert_eq!(target.holds(), (0, 0));
}

#[test]
fn the_second_ends_at_once() {
    let target = MemoryS3::with(|asked| if asked.before > 5 { Twist::Late } else { Twist::None });
    let mut child = bench_at(&target, "--workload put --connections 1").spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    target.wait_for("PUT", 7);
    interrupt(&child);
    let mut line = String::new();
    while !line.contains("Ctrl-C again") {
        line.clear();
        assert!(said.read_line(&mut line).expect("text") > 0, "it says how to end it at once");
    }
    interrupt(&child);
    ended(child).failed(1, &[]);
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert!(rest.contains("stopped at once") && target.count("DELETE") == 0, "{rest}");
}
