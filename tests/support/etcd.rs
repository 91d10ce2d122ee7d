//! A real etcd on loopback: one member or several, each a process with a folder of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;

/// A cluster, which ends with this.
pub(crate) struct Cluster {
    members: Vec<Member>,
    folder: TempDir,
}

struct Member {
    client: String,
    peer: String,
    process: Option<Child>,
}

impl Cluster {
    /// Starts `members` of them; they answer some moments later.
    pub(crate) fn start(members: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let members = (0..members).map(|_| Member { client: free_url(), peer: free_url(), process: None }).collect();
        let mut cluster = Self { members, folder };
        for number in 0..cluster.members.len() {
            cluster.restart(number);
        }
        cluster
    }

    /// Where clients reach the members.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| member.client.clone()).collect()
    }

    /// Ends a member with SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut process) = self.members[number].process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Ends all members, and keeps what they have stored so far under `name`; they start again.
    pub(crate) fn keep(&mut self, name: &str) {
        self.exchange(copy, name);
    }

    /// Ends all members, and has them start again with what was kept under `name`.
    pub(crate) fn put_back(&mut self, name: &str) {
        let put_back = |data: &Path, kept: &Path| {
            std::fs::remove_dir_all(data).expect("it is there");
            copy(kept, data);
        };
        self.exchange(put_back, name);
    }

    fn exchange(&mut self, work: impl Fn(&Path, &Path), name: &str) {
        (0..self.members.len()).for_each(|number| self.kill(number));
        for number in 0..self.members.len() {
            work(&self.folder.path().join(format!("m{number}")), &self.folder.path().join(format!("{name}-{number}")));
            self.restart(number);
        }
    }

    /// Starts a member that does not run, with what it had stored.
    pub(crate) fn restart(&mut self, number: usize) {
        let name = |number: usize| format!("m{number}");
        let all: Vec<_> =
            self.members.iter().enumerate().map(|(number, other)| format!("{}={}", name(number), other.peer)).collect();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join(format!("{}.log", name(number))))
            .expect("a log");
        let member = &mut self.members[number];
        let process = Command::new("etcd")
            .args(["--name", &name(number), "--data-dir"])
            .arg(self.folder.path().join(name(number)))
            .args(["--listen-client-urls", &member.client, "--advertise-client-urls", &member.client])
            .args(["--listen-peer-urls", &member.peer, "--initial-advertise-peer-urls", &member.peer])
            .args(["--initial-cluster", &all.join(","), "--initial-cluster-token", "portcullis-test"])
            // Tests kill leaders: the next one should not take long.
            .args(["--heartbeat-interval", "50", "--election-timeout", "500"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("etcd is installed (apt install etcd-server)");
        member.process = Some(process);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for number in 0..self.members.len() {
            self.kill(number);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs");
    assert!(status.success(), "the folder is copied");
}

fn free_url() -> String {
    // Not one that the system would give to somebody else while its member is dead.
    format!("http://{}", free_address())
}

/// Not one that the system would give to somebody else while whoever listens there is dead.
pub(crate) fn free_address() -> SocketAddr {
    let mut random = UnwrapErr(SysRng);
    let port = |_| 12_000 + u16::try_from(random.next_u32() % 20_000).expect("it is less than 20,000");
    let mut addresses = (0..1000).map(port).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}
