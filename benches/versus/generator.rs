//! The closed-loop generator: wrk with one thread, which asks the next request of a connection as soon as the
//! last one is answered.

use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::requests::HOST;
use rustls::CipherSuite;
use rustls::server::Acceptor;

/// OpenSSL offers this one suite, so that every proxy encrypts alike. wrk has no option for it.
const OPENSSL: &str = "openssl_conf = settings\n\
    [settings]\nssl_conf = ssl\n\
    [ssl]\nsystem_default = clients\n\
    [clients]\nMinProtocol = TLSv1.3\nCiphersuites = TLS_AES_128_GCM_SHA256\nGroups = X25519\n";

/// The longest that one generator may run.
const LONGEST: &str = "120s";

/// What it takes to start generators.
pub(crate) struct Generator {
    script: PathBuf,
    openssl: PathBuf,
}

/// A generator that runs. It ends when it is dropped.
pub(crate) trait Generating {
    /// Ends it, and returns how many answers it counted.
    ///
    /// # Errors
    /// If anything was not answered with success.
    fn stop(self: Box<Self>) -> Result<u64>;
}

/// A wrk that runs.
pub(crate) struct Running(Child);

impl Generator {
    /// Writes what generators need into `folder`, and finds out that they offer the one cipher suite.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let (script, openssl) = (folder.join("play.lua"), folder.join("openssl.cnf"));
        fs::write(&script, include_str!("play.lua"))?;
        fs::write(&openssl, OPENSSL)?;
        let this = Self { script, openssl };
        let offered = this.offered_suites(folder)?;
        ensure!(
            offered == [CipherSuite::TLS13_AES_128_GCM_SHA256],
            "wrk offers {offered:?} and not one suite only, so that proxies would not encrypt alike"
        );
        Ok(this)
    }

    /// Starts to play the requests in `file` to a proxy.
    pub(crate) fn play(&self, file: &Path, to: SocketAddr, tls: bool, connections: usize) -> Result<Running> {
        let scheme = if tls { "https" } else { "http" };
        let mut command = Command::new("wrk");
        command.args(["-t1", "-d", LONGEST, "--timeout", "30s", "-c", &connections.to_string(), "-s"]);
        command.arg(&self.script).arg(format!("{scheme}://{HOST}:{}/", to.port())).arg("--").arg(file);
        command.env("OPENSSL_CONF", &self.openssl);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("wrk")?;
        Ok(Running(child))
    }

    /// What a generator says in its `ClientHello`.
    fn offered_suites(&self, folder: &Path) -> Result<Vec<CipherSuite>> {
        let requests = folder.join("one-request");
        fs::write(&requests, "18\nGET / HTTP/1.1\r\n\r\n")?;
        let socket = TcpListener::bind("127.0.0.1:0")?;
        // It sees whether somebody listens there before it starts: that connection says nothing.
        let running = self.play(&requests, socket.local_addr()?, true, 1)?;
        for _ in 0..4 {
            let (mut stream, _) = socket.accept()?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            let mut acceptor = Acceptor::default();
            while acceptor.read_tls(&mut stream).is_ok_and(|read| read > 0) {
                if let Ok(Some(accepted)) = acceptor.accept() {
                    drop(running);
                    // Not a choice, but a sign that renegotiation is known.
                    let suites = accepted.client_hello().cipher_suites().to_vec();
                    let signal = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
                    return Ok(suites.into_iter().filter(|suite| *suite != signal).collect());
                }
            }
        }
        bail!("wrk did not begin to speak TLS")
    }
}

impl Generating for Running {
    fn stop(mut self: Box<Self>) -> Result<u64> {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::INT).context("wrk has ended by itself")?;
        let (mut out, mut errors) = (String::new(), String::new());
        self.0.stdout.take().context("its output")?.read_to_string(&mut out)?;
        self.0.stderr.take().context("its errors")?.read_to_string(&mut errors)?;
        self.0.wait()?;
        let line = out.lines().find_map(|line| line.strip_prefix("versus "));
        let counts: Vec<u64> = line
            .with_context(|| format!("wrk said:\n{out}{errors}"))?
            .split(' ')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [requests, status, connect, read, write, timeout] = counts[..] else { bail!("wrk said {counts:?}") };
        ensure!(
            status + connect + read + write + timeout == 0,
            "of {requests} requests {status} had a wrong status, {connect} no connection, {read} no answer, \
             {write} could not be written and {timeout} took too long"
        );
        Ok(requests)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
