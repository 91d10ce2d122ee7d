//! The built program as a child process, and a client that knows what it printed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use portcullis::clock::{Clock as _, SystemClock};

use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, Response};

/// A running `portcullis dev`. Killed when dropped.
pub(crate) struct DevServer {
    child: Child,
    /// Everything it printed on standard output.
    pub(crate) printed: String,
}

/// The program with these arguments, without what the test's own environment would tell it.
pub(crate) fn portcullis(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).env_remove("CREDENTIALS_DIRECTORY").env_remove("PORTCULLIS_CONFIG").env("RUST_LOG", "warn");
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    portcullis(arguments).stdin(Stdio::null()).output().expect("the program runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program prints UTF-8")
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("a path of a test is UTF-8")
}

impl DevServer {
    /// Starts it in `dir` on a free port, and waits until it has printed everything.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(&["dev", "--dir", path(dir), "--port", "0"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut child =
            portcullis(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let mut printed = String::new();
        while !printed.lines().last().unwrap_or_default().starts_with("Stop:") {
            let read = lines.read_line(&mut printed).expect("the program prints UTF-8");
            assert!(read > 0, "it ended before it was ready, having printed {printed:?}");
        }
        Self { child, printed }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), None, "it ends by itself");
        status
    }

    /// What the printed `export` lines set.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let exports = self.printed.lines().filter_map(|line| line.strip_prefix("export "));
        let pairs = exports.flat_map(str::split_whitespace).filter_map(|word| word.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn key(&self) -> TestKey {
        let settings = self.settings();
        TestKey { id: settings["AWS_ACCESS_KEY_ID"].clone(), secret: settings["AWS_SECRET_ACCESS_KEY"].clone() }
    }

    /// Host and port of the printed endpoint.
    pub(crate) fn address(&self) -> SocketAddr {
        let endpoint = self.settings()["AWS_ENDPOINT_URL_S3"].clone();
        endpoint.strip_prefix("https://").expect("TLS").parse().expect("an address and a port")
    }

    /// Signs `request` with the printed key and sends it over TLS, trusting the printed CA alone.
    pub(crate) async fn send(&self, request: Request) -> Response {
        let host = self.address().to_string();
        self.send_signed(request.host(&host).sign(&self.key(), SystemClock.now()), "127.0.0.1").await
    }

    /// Sends `request` as it is, over TLS to a server of this `name`.
    pub(crate) async fn send_signed(&self, request: Request, name: &str) -> Response {
        let ca = self.settings()["AWS_CA_BUNDLE"].clone();
        Connection::open_tls(self.address(), Path::new(&ca), name).await.exchange(&request).await
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // It may have ended already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
