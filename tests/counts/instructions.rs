//! Instructions: the program under valgrind's `callgrind`, which counts them, function by function and file by file.
//!
//! Those of ciphers and hashes are left out. valgrind's processor knows no SHA extensions, so they are many times what
//! they are in life; and no change of ours makes them fewer. What remains is parsing, deciding and plumbing, the
//! kernel's part not included.
//!
//! There is one worker thread: with more, who does what depends on the moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backend::Backend;
use crate::case::{Case, Transport};
use crate::ceilings::{Ceilings, Count, Unit};
use crate::program::{self, Program};

const SMALL_REQUESTS: u32 = 100;
const LARGE_REQUESTS: u32 = 4;

/// The functions that a table names for a case.
const TOP: usize = 40;

/// What is cryptography, by a part of a function's name or of the path of its source.
const CRYPTOGRAPHY: [&str; 13] = [
    "aws_lc",
    "aws-lc",
    "/sha2-",
    "sha2::",
    "/hmac-",
    "/sha1-",
    "/md-5-",
    "/digest-",
    "/block-buffer-",
    "/cpufeatures-",
    "/crc-fast-",
    "/subtle-",
    "/ring-",
];

const INSTRUCTIONS: Unit =
    Unit { name: "instructions", look: "PORTCULLIS_BINARY=... cargo test --test counts -- profile CASE" };

/// Instructions of each function.
type Profile = BTreeMap<String, u64>;

/// The test: see the module.
pub(crate) fn stay_below_their_ceilings() -> Result<(), String> {
    if std::env::var_os(program::BINARY).is_none() {
        return Err(format!(
            "{} has to name an optimised program: `cargo build --profile client-tests` makes one",
            program::BINARY
        ));
    }
    let backend = Backend::start();
    let mut counts = Vec::new();
    for transport in Transport::ALL {
        let cases = Case::all_over(transport).filter(|case| case.is_single());
        for (case, profile) in profiles(&backend, transport, cases) {
            let value = per_request(case, profile.values().sum());
            counts.push(Count { case: case.name, unit: INSTRUCTIONS, value, detail: String::new() });
        }
    }
    Ceilings::load().judge(&counts)
}

/// Prints where the instructions of a case are spent, and where callgrind's own account of it is kept.
pub(crate) fn show(case: &'static Case) {
    let backend = Backend::start();
    for (case, profile) in profiles(&backend, case.transport, std::iter::once(case)) {
        let mut functions: Vec<_> = profile.into_iter().collect();
        functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        println!("{}: instructions a request by function, without those of functions that it calls", case.name);
        for (name, count) in functions.into_iter().take(TOP) {
            println!("{:>10.0}  {name}", per_request(case, count));
        }
        println!(
            "of {} requests, with who calls whom: callgrind_annotate --inclusive=yes {}",
            requests(case),
            account(case).display()
        );
    }
}

/// Runs cases under callgrind, one after the other.
fn profiles(
    backend: &Backend,
    transport: Transport,
    cases: impl Iterator<Item = &'static Case>,
) -> Vec<(&'static Case, Profile)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("callgrind");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
    command.arg(format!("--callgrind-out-file={}", file.display())).arg(program::binary());
    command.env("TOKIO_WORKER_THREADS", "1");
    // Else every byte that one instruction copies in a loop of its own is counted as an instruction.
    command.env(
        "GLIBC_TUNABLES",
        "glibc.cpu.x86_rep_movsb_threshold=1073741824:glibc.cpu.x86_rep_stosb_threshold=1073741824",
    );
    let mut program = Program::start(command, &program::binary(), backend.address, transport == Transport::Tls);
    let mut dumps = 0;
    let mut dump = || -> PathBuf {
        let asked = Command::new("vgdb").arg(format!("--pid={}", program.id())).arg("dump").output();
        let asked = asked.expect("vgdb comes with valgrind");
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        dumps += 1;
        file.with_extension(dumps.to_string())
    };
    let mut profiles = Vec::new();
    for case in cases {
        let requests = requests(case);
        let mut sender = case.warm(&program, backend, requests);
        dump();
        sender.send(requests);
        let kept = account(case);
        std::fs::copy(dump(), &kept).expect("callgrind wrote its account");
        profiles.push((case, read(&kept)));
    }
    program.stop();
    profiles
}

/// Where callgrind's account of a case is kept.
fn account(case: &Case) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.callgrind", case.name))
}

fn requests(case: &Case) -> u32 {
    if case.is_large() { LARGE_REQUESTS } else { SMALL_REQUESTS }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn per_request(case: &Case, count: u64) -> f64 {
    count as f64 / f64::from(requests(case))
}

/// The instructions of each function itself in a file of callgrind's, without cryptography.
/// <https://valgrind.org/docs/manual/cl-format.html>
fn read(file: &Path) -> Profile {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("callgrind wrote no {}: {error}", file.display()));
    let profile = parse(&String::from_utf8_lossy(&text));
    assert!(!profile.is_empty(), "{} is a file of callgrind's", file.display());
    profile
}

fn parse(text: &str) -> Profile {
    let mut profile = Profile::new();
    let (mut function, mut source, mut is_call) = ("", "", false);
    for line in text.lines() {
        if let Some((key, value)) =
            line.split_once('=').filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase()))
        {
            match key {
                "fn" => function = value,
                // The file of the function, of what is inlined into it, and of the function again.
                "fl" | "fi" | "fe" => source = value,
                // The next line has what the called function took.
                "calls" => is_call = true,
                _ => {}
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit()) && !std::mem::take(&mut is_call) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok()).unwrap_or_default();
            if !CRYPTOGRAPHY.iter().any(|part| function.contains(part) || source.contains(part)) {
                *profile.entry(function.to_owned()).or_default() += cost;
            }
        }
    }
    profile
}

/// The test: a profile in which `ours` calls, and has inlined, what is cryptography.
pub(crate) fn leave_cryptography_out() {
    let profile = parse(
        "events: Ir\n\
         fl=src/ours.rs\nfn=portcullis::ours\n10 5\n11 6\n\
         fi=/crates/sha2-0.11.1/src/lib.rs\n1 1000\nfe=src/ours.rs\n12 7\n\
         cfi=???\ncfn=aws_lc_0_47_0_aes\ncalls=1 30\n12 2000\n13 8\n\n\
         fl=???\nfn=aws_lc_0_47_0_aes\n30 2000\n",
    );
    assert_eq!(profile, [("portcullis::ours".to_owned(), 5 + 6 + 7 + 8)].into());
}
