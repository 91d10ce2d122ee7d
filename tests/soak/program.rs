//! The program under test: a process of its own, so that its memory is its own, with keys and a log.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::support::setup::{ALLOW_ALL, Setup};
use crate::support::sign::TestKey;

/// Nobody may touch this bucket.
const DENIED: &str = r#"{"version": "v1alpha1", "name": "denied", "statements": [
    {"name": "nobody", "effect": "Deny", "actions": ["s3:*"], "resources": ["denied", "denied/*"], "principals": ["*"]}
]}"#;

pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    pub(crate) ca: PathBuf,
    /// May read and write.
    pub(crate) write: TestKey,
    /// May read.
    pub(crate) read: TestKey,
    process: Child,
    folder: tempfile::TempDir,
    samples: Mutex<Vec<(u64, usize)>>,
}

/// How much memory and how many descriptors the program held, over time.
pub(crate) struct Memory(Vec<(u64, usize)>);

impl Program {
    /// A program that hurries its clients.
    pub(crate) fn start(backend: SocketAddr) -> Self {
        Self::start_with(backend, |setup| {
            setup.limits = [
                "header_timeout = \"5s\"",
                "handshake_timeout = \"5s\"",
                "body_idle_timeout = \"5s\"",
                "write_stall_timeout = \"5s\"",
            ]
            .map(str::to_owned)
            .to_vec();
        })
    }

    /// A program with a configuration that `change` adapts.
    pub(crate) fn start_with(backend: SocketAddr, change: impl FnOnce(&mut Setup)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut setup = Setup::new(format!("http://{backend}"));
        setup.tls = true;
        setup.backend().payload = "plain";
        setup.policies = vec![("allow-all.json".into(), ALLOW_ALL.into()), ("denied.json".into(), DENIED.into())];
        change(&mut setup);
        let file = setup.write(folder.path());
        let address = free_address();
        let text = fs::read_to_string(&file).expect("it was written");
        let text = text.replacen("listen = \"127.0.0.1:0\"", &format!("listen = \"{address}\""), 1);
        fs::write(&file, text).expect("the folder is ours");
        let log = File::create(folder.path().join("log")).expect("the folder is ours");
        let mut command = Command::new(binary());
        command.args(["serve", "--json-logs", "--config"]).arg(&file).current_dir(folder.path());
        command.stdout(log.try_clone().expect("a file")).stderr(log).stdin(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(process.try_wait().expect("a process").is_none(), "the program ended");
            assert!(Instant::now() < deadline, "the program listens in time");
            std::thread::sleep(Duration::from_millis(20));
        }
        let key = |permission: &str| {
            let mut command = Command::new(binary());
            command.args(["key", "create", "--json", "--permission", permission, "--config"]).arg(&file);
            let made = command.output().expect("the program runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("it prints JSON");
            let text = |name: &str| made[name].as_str().expect("it is there").to_owned();
            TestKey { id: text("accessKeyId"), secret: text("secretKey") }
        };
        let (write, read, ca) = (key("write"), key("read"), folder.path().join("ca.pem"));
        Self { address, ca, write, read, process, folder, samples: Mutex::default() }
    }

    /// Takes note of what the program holds now.
    pub(crate) fn sample(&self) {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.process.id())).expect("the program runs").count();
        self.samples.lock().expect("nobody panics over it").push((self.resident(), descriptors));
    }

    /// How much memory it holds now, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the program runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory(self.samples.lock().expect("nobody panics over it").clone())
    }

    /// Ends the program as an operator would, and returns its log.
    pub(crate) fn stop(&mut self) -> String {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill exists");
        assert!(asked.success(), "the program still runs");
        let deadline = Instant::now() + Duration::from_secs(40);
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a process") {
                break status;
            }
            assert!(Instant::now() < deadline, "the program ends in time");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "the program ends well: {status}");
        fs::read_to_string(self.folder.path().join("log")).expect("the log is text")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Memory {
    /// The most of each third of the time after the first tenth, in MiB, and of descriptors.
    fn thirds(&self) -> [(u64, usize); 3] {
        let settled = &self.0[self.0.len() / 10..];
        let third = settled.len().div_ceil(3).max(1);
        let most = |part: usize| {
            let part = &settled[(part * third).min(settled.len() - 1)..((part + 1) * third).clamp(1, settled.len())];
            let most_of = |of: fn(&(u64, usize)) -> u64| part.iter().map(of).max().unwrap_or_default();
            (most_of(|(resident, _)| *resident) / 1024, part.iter().map(|(_, open)| *open).max().unwrap_or_default())
        };
        [most(0), most(1), most(2)]
    }

    /// Whether the last third needs no more than the first. A short run has hardly settled.
    pub(crate) fn is_flat(&self, settled: bool) {
        let [(first, _), _, (last, open)] = self.thirds();
        let may_grow = if settled { 16 } else { 64 };
        assert!(last <= first + may_grow, "memory grows, {self}");
        assert!(open < 2000, "descriptors are left open: {self}");
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (start, end) = (self.0[0].0 / 1024, self.0[self.0.len() - 1].0 / 1024);
        let thirds = self.thirds().map(|(resident, open)| format!("{resident} with {open} descriptors")).join(", ");
        write!(formatter, "{start} at the start, {end} at the end; most by thirds: {thirds}")
    }
}

/// How many requests ended with which status or error, by the log.
pub(crate) fn outcomes(log: &str) -> String {
    let mut counted = BTreeMap::<String, usize>::new();
    for line in log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        if let Some(status) = line["status"].as_u64().or_else(|| line["fields"]["status"].as_u64()) {
            *counted.entry(status.to_string()).or_default() += 1;
        }
    }
    counted.iter().map(|(status, count)| format!("{status}: {count}")).collect::<Vec<_>>().join(", ")
}

/// What the log says of requests from one address that did not succeed; there should be none.
pub(crate) fn refusals_at(log: &str, peer: IpAddr) -> String {
    let of_peer = format!("\"{peer}:");
    let refused = |line: &&str| line.contains(&of_peer) && !line.contains("\"status\":20");
    log.lines().filter(refused).take(5).collect::<Vec<_>>().join("\n")
}

/// The first lines of the log with a word in them.
pub(crate) fn lines_with(log: &str, word: &str) -> String {
    log.lines().filter(|line| line.contains(word)).take(5).collect::<Vec<_>>().join("\n")
}

/// The program of this build, or the one that the environment names.
fn binary() -> PathBuf {
    std::env::var_os("PORTCULLIS_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_portcullis").into(), PathBuf::from)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("it is bound")
}
