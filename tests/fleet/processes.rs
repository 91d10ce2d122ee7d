//! Nodes as processes of the built program, so that they can be killed as processes are.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portcullis::clock::{Clock, SystemClock};
use portcullis::identity::Permission;
use portcullis::keys::{CacheSettings, Keys, NewToken};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::etcd_cluster::free_address;
use crate::support::setup::Setup;

/// A node that may run or not. Killed when dropped.
pub(crate) struct Process {
    pub(crate) s3: SocketAddr,
    pub(crate) api: SocketAddr,
    config: PathBuf,
    folder: TempDir,
    child: Option<Child>,
}

impl Process {
    /// A node that is configured, and does not run yet.
    pub(crate) fn new(endpoints: &[String], backend: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (s3, api) = (free_address(), free_address());
        let config = configuration(folder.path(), endpoints, backend, s3, api);
        Self { s3, api, config, folder, child: None }
    }

    /// Runs it, and waits until it serves. It may end by itself while its cluster is away, and is started again.
    pub(crate) async fn start(&mut self) {
        for _ in 0..MOST_POLLS {
            if !self.runs() {
                self.spawn();
            }
            if TcpStream::connect(self.api).await.is_ok() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("it does not serve: {}", self.log());
    }

    fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--json-logs", "--config"]).arg(&self.config).stdin(Stdio::null()).stderr(log);
        command.stdout(Stdio::null()).env("RUST_LOG", "warn").env_remove("CREDENTIALS_DIRECTORY");
        self.child = Some(command.spawn().unwrap());
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it has written so far, the end of it.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.join("\n")
    }

    /// The bytes of its memory that are resident.
    pub(crate) fn resident(&self) -> Option<u64> {
        let child = self.child.as_ref()?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    }

    /// An admin token, written to the cluster as another node would.
    pub(crate) async fn admin_token(&self) -> String {
        let keys = self.keys().await;
        let new = NewToken { name: "chaos".into(), permission: Permission::Admin, ..NewToken::default() };
        let (_, token) = keys.create_token(new, &mut UnwrapErr(SysRng)).await.unwrap();
        keys.shutdown().await;
        token.expose().to_owned()
    }

    /// The keys of its cluster, in this process: another node that serves nobody.
    pub(crate) async fn keys(&self) -> Arc<Keys> {
        let config = portcullis::config::load(&self.config).unwrap();
        let mut random = UnwrapErr(SysRng);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (store, seal) = portcullis::store::open(&config.store, &clock, &mut random).await.unwrap();
        let cache = CacheSettings { alone: false, ..CacheSettings::default() };
        Keys::open(store, seal, clock, config.organization, cache, &mut random).await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn configuration(folder: &Path, endpoints: &[String], backend: SocketAddr, s3: SocketAddr, api: SocketAddr) -> PathBuf {
    let mut setup = Setup::new(format!("http://{backend}"));
    setup.api = Some(Vec::new());
    setup.identities.push(("coreweave/".to_owned(), "admin".to_owned()));
    setup.limits.push("logins_per_minute_per_peer = 1000000".to_owned());
    setup.limits.push("keys_per_minute_per_identity = 1000000".to_owned());
    setup.etcd = Some(vec![format!("endpoints = {endpoints:?}")]);
    let file = setup.write(folder);
    let text = std::fs::read_to_string(&file).unwrap();
    let free = "listen = \"127.0.0.1:0\"";
    assert_eq!(text.matches(free).count(), 2, "{text}");
    let text = text.replacen(free, &format!("listen = \"{s3}\""), 1).replacen(free, &format!("listen = \"{api}\""), 1);
    std::fs::write(&file, text).unwrap();
    file
}

const POLL: Duration = Duration::from_millis(20);
const MOST_POLLS: usize = 3000;
