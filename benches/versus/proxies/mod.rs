//! The proxies under test: each a process on loopback that is started for a row, and ended by its id.

mod configured;
mod portcullis;

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

pub(crate) use configured::{haproxy, nginx, pingora, sigv4_proxy};
pub(crate) use portcullis::{Setup, portcullis, secret};

/// A proxy that runs.
pub(crate) struct Proxy {
    /// What it is called in the report.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS there.
    pub(crate) tls: bool,
    child: Child,
    log: PathBuf,
}

impl Proxy {
    /// Starts `command`, which has to listen on `address` in time. What it says goes to a file in `folder`.
    fn start(name: &'static str, mut command: Command, address: SocketAddr, tls: bool, folder: &Path) -> Result<Self> {
        // One that ran here already would share the connections, and the CPU that they take.
        ensure!(TcpStream::connect(address).is_err(), "somebody listens on {address} before {name} does");
        let path = folder.join(format!("{name}.log").replace(' ', "-"));
        let log = File::options().create(true).append(true).open(&path)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let mut proxy = Self { name, address, tls, child, log: path.clone() };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(address).is_err() {
            let said = || std::fs::read_to_string(&path).unwrap_or_default();
            if let Some(status) = proxy.child.try_wait()? {
                bail!("{name} ended with {status}:\n{}", said());
            }
            ensure!(Instant::now() < deadline, "{name} does not listen:\n{}", said());
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(proxy)
    }

    /// The process that was started; its children do some of the work.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it said.
    pub(crate) fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<String> = said.lines().map(|line| line.chars().take(LONGEST_LINE).collect()).collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What is shown of a line of a log.
const LONGEST_LINE: usize = 300;

/// A port of loopback that nobody listens on.
fn free_address() -> Result<SocketAddr> {
    let socket = TcpListener::bind("127.0.0.1:0").context("no port of loopback is free")?;
    Ok(socket.local_addr()?)
}
