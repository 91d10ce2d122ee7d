//! The program under test, in a process of its own: started by itself or under a tool, with a key.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::support::setup::{ALLOW_ALL, Setup};
use crate::support::sign::TestKey;

pub(crate) struct Program {
    pub(crate) key: TestKey,
    address: SocketAddr,
    ca: Option<PathBuf>,
    /// The program, or the tool that it runs under.
    process: Child,
    /// Where it runs, and leaves its log.
    pub(crate) folder: tempfile::TempDir,
}

impl Program {
    /// Starts `binary`, as `command` wants it, in front of a backend. The log goes to a file, as JSON.
    pub(crate) fn start(mut command: Command, binary: &Path, backend: SocketAddr, tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut setup = Setup::new(format!("http://{backend}"));
        setup.tls = tls;
        // The same on every machine.
        setup.workers = 1;
        setup.backend().payload = "plain";
        setup.policies = vec![("allow-all.json".into(), ALLOW_ALL.into())];
        let file = setup.write(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let text = fs::read_to_string(&file).expect("it was written");
        let text = text.replacen("listen = \"127.0.0.1:0\"", &format!("listen = \"{address}\""), 1);
        fs::write(&file, text).expect("the folder is ours");
        let log = File::create(folder.path().join("log")).expect("the folder is ours");
        command.args(["serve", "--json-logs", "--config"]).arg(&file).current_dir(folder.path());
        command.stdout(log.try_clone().expect("a file")).stderr(log).stdin(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let key = TestKey::nobodys();
        let ca = tls.then(|| folder.path().join("ca.pem"));
        let mut program = Self { key, address, ca, process, folder };
        let deadline = Instant::now() + Duration::from_mins(1);
        while !program.log().contains("\"ready\"") {
            let ended = program.process.try_wait().expect("a process");
            assert!(ended.is_none(), "the program ended: {}", program.log());
            assert!(Instant::now() < deadline, "the program listens in time: {}", program.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut command = Command::new(binary);
        command.args(["key", "create", "--json", "--permission", "write", "--config"]).arg(&file);
        let made = command.output().expect("the program runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("it prints JSON");
        let text = |name: &str| made[name].as_str().expect("it is there").to_owned();
        program.key = TestKey { id: text("accessKeyId"), secret: text("secretKey") };
        program
    }

    /// The id of the program: that of the tool's only child, if it has one.
    pub(crate) fn id(&self) -> String {
        let id = self.process.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_ascii_whitespace().next().map_or_else(|| id.to_string(), str::to_owned)
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address, self.ca.as_deref())
    }

    /// Ends it as an operator would.
    pub(crate) fn stop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.id()]).status().expect("kill exists");
        assert!(asked.success(), "the program still runs");
        let status = self.process.wait().expect("a process");
        assert!(status.success(), "the program ends well: {status}: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already. A tool that is killed would leave the program behind, so that goes first.
        if matches!(self.process.try_wait(), Ok(None)) {
            let _ = Command::new("kill").args(["-KILL", &self.id()]).status();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The variable that names the program to test.
pub(crate) const BINARY: &str = "PORTCULLIS_BINARY";

/// The program of this build, or the one that the environment names.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os(BINARY).map_or_else(|| env!("CARGO_BIN_EXE_portcullis").into(), PathBuf::from)
}
