//! The built program, with a key in its environment, and what it printed.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::memory_s3::MemoryS3;

/// The secret that the program is given.
pub(crate) const SECRET: &str = "benchSecretNobodyMaySee0123456789abcdef";

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `portcullis bench` with these arguments and a key.
pub(crate) fn bench<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_clear().env("AWS_ACCESS_KEY_ID", "BENCHKEY").env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.arg("bench").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The same against `target`, with the arguments in one line.
pub(crate) fn bench_at(target: &MemoryS3, arguments: &str) -> Command {
    let mut command = bench(["--endpoint", &target.endpoint(), "--bucket", "demo"]);
    command.args(arguments.split_whitespace());
    command
}

/// Runs it to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    ended(command.spawn().expect("the program starts"))
}

/// Waits for its end.
pub(crate) fn ended(child: Child) -> Ended {
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it is our child");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let ended = Ended { code: status.code(), out: text(stdout), err: text(stderr) };
    assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET), "the secret is told: {ended:?}");
    assert!(!ended.err.contains('\u{1b}') && !ended.err.contains('\r'), "there is no terminal to draw on: {ended:?}");
    ended
}

impl Ended {
    /// The report, of a run that ended with `code`.
    pub(crate) fn report(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that it failed with `code` and nothing on standard output, and said each of `words`.
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word} is not in {self:?}");
        }
    }
}

/// The counts of one kind in a report.
pub(crate) fn kind<'a>(report: &'a Value, name: &str) -> &'a Value {
    let kinds = report["kinds"].as_array().expect("a list");
    kinds.iter().find(|kind| kind["name"] == name).unwrap_or_else(|| panic!("{name} is not in {report}"))
}
