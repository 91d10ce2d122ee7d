//! System calls: the program as a child of `strace`, which notes each with its time; those between the first and the
//! last request of a case are its own.
//!
//! Being traced makes the program slower, so a busy peer is always ahead of it: reads find much at a time, and the
//! counts of large bodies are near the fewest that the program can do with. What a thread does by the clock, such as
//! the writer of the log, is a share that depends on how quick the machine is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::backend::Backend;
use crate::case::{Case, Transport};
use crate::ceilings::{Ceilings, Count, Unit};
use crate::program::{self, Program};

const WARM: u32 = 64;
const SMALL_REQUESTS: u32 = 800;
const LARGE_REQUESTS: u32 = 64;

const SYSTEM_CALLS: Unit = Unit {
    name: "system_calls",
    look: "the calls by name stand in its line of the table; `strace -f -k` says who makes them",
};

/// A stretch of time in which requests of one case were made, in seconds since 1970.
struct Window {
    case: &'static Case,
    begin: f64,
    end: f64,
    requests: u32,
}

/// The test: see the module.
pub(crate) fn stay_below_their_ceilings() -> Result<(), String> {
    can_trace()?;
    let backend = Backend::start();
    let mut counts = Vec::new();
    for transport in Transport::ALL {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let notes = folder.path().join("notes");
        let mut command = Command::new("strace");
        command.args(["-f", "-ttt", "-X", "raw", "-s", "0", "-o"]).arg(&notes).arg(program::binary());
        let mut program = Program::start(command, &program::binary(), backend.address, transport == Transport::Tls);
        let mut windows = Vec::new();
        for case in Case::all_over(transport) {
            let mut sender = case.warm(&program, &backend, WARM);
            let requests = if case.is_large() { LARGE_REQUESTS } else { SMALL_REQUESTS };
            let begin = now();
            sender.send(requests);
            windows.push(Window { case, begin, end: now(), requests });
        }
        program.stop();
        counts.extend(count(&notes, &windows));
    }
    Ceilings::load().judge(&counts)
}

/// What strace noted in each window.
fn count(notes: &Path, windows: &[Window]) -> Vec<Count> {
    let text = String::from_utf8_lossy(&std::fs::read(notes).expect("strace wrote what it saw")).into_owned();
    let calls: Vec<(f64, &str)> = text.lines().filter_map(call).collect();
    let of = |window: &Window| {
        let mut names = BTreeMap::<&str, u32>::new();
        for (_, name) in calls.iter().filter(|(time, _)| (window.begin..window.end).contains(time)) {
            *names.entry(name).or_default() += 1;
        }
        let per_request = |count: u32| f64::from(count) / f64::from(window.requests);
        let value = per_request(names.values().sum());
        assert!(value >= 2.0, "{}: no request can do without reading and writing", window.case.name);
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let names = names.into_iter().map(|(name, count)| (name, per_request(count)));
        let detail = names.filter(|(_, count)| *count >= 0.01).map(|(name, count)| format!("{name} {count:.2}"));
        Count { case: window.case.name, unit: SYSTEM_CALLS, value, detail: detail.collect::<Vec<_>>().join(", ") }
    };
    windows.iter().map(of).collect()
}

/// The time and the name of the call in a line such as `12 1763632800.123456 read(0x9, ...`. A call that others
/// interrupt has a second line, which says that it was resumed.
fn call(line: &str) -> Option<(f64, &str)> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let time = words.next()?.parse().ok()?;
    let (name, _) = words.next()?.split_once('(')?;
    Some((time, name))
}

#[expect(clippy::disallowed_methods, reason = "strace notes the system's time")]
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs_f64()
}

/// Says what to do where strace is missing or may not trace.
fn can_trace() -> Result<(), String> {
    match Command::new("strace").args(["-o", "/dev/null", "true"]).output() {
        Err(error) => Err(format!("strace does not start ({error}): install it, or run tests/run counts, which does")),
        Ok(output) if !output.status.success() => Err(format!(
            "strace may not trace here: {}Let it: in a container, with the capability SYS_PTRACE and a seccomp \
             profile that has ptrace; on a host, with kernel.yama.ptrace_scope at most 1.",
            String::from_utf8_lossy(&output.stderr)
        )),
        Ok(_) => Ok(()),
    }
}

/// The test: notes of strace's, of two threads.
pub(crate) fn are_counted_once() {
    let notes = "7 1.5 epoll_wait(0x4, 0x7f, 0x400, 0xffffffff <unfinished ...>\n\
                 8 1.6 read(0x9, 0x7f, 0x20) = 0x20\n\
                 7 1.7 <... epoll_wait resumed>) = 0x1\n\
                 8 1.8 --- SIGTERM {si_signo=SIGTERM} ---\n\
                 8 1.9 +++ exited with 0 +++\n";
    let calls: Vec<_> = notes.lines().filter_map(call).collect();
    assert_eq!(calls, [(1.5, "epoll_wait"), (1.6, "read")]);
}
