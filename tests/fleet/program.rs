//! The built program, as an operator of these nodes runs it.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Starts it and does not wait.
pub(crate) fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs it to its end, on a thread of its own: nodes of this process may have to answer it.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    let child = start(arguments);
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

/// Runs it with `--json`, to a good end.
pub(crate) async fn json(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat()).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs it, and it is refused with one line that has each of `words` in it.
pub(crate) async fn refused(code: i32, words: &[&str], arguments: &[&str]) {
    let output = run(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

/// For an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
