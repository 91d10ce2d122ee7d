//! System calls per request, counted by strace outside of every timed window: two runs of so many requests each,
//! and their difference, so that what connections and strace itself take does not count.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};
use rustls::ClientConfig;

use super::client::Client;
use super::proxies::Proxy;
use super::usage::family;

/// How many requests on how many connections.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    pub(crate) connections: usize,
    pub(crate) short: usize,
    pub(crate) long: usize,
}

/// System calls that one more request takes.
pub(crate) fn per_request(
    proxy: &Proxy,
    settings: &Arc<ClientConfig>,
    request: &[u8],
    runs: Runs,
    folder: &Path,
) -> Result<f64> {
    let short = counted(proxy, settings, request, (runs.connections, runs.short), folder)?;
    let long = counted(proxy, settings, request, (runs.connections, runs.long), folder)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok((long as f64 - short as f64) / (runs.connections * (runs.long - runs.short)) as f64)
}

/// The system calls of a run of so many connections with so many requests each.
fn counted(
    proxy: &Proxy,
    settings: &Arc<ClientConfig>,
    request: &[u8],
    (connections, each): (usize, usize),
    folder: &Path,
) -> Result<u64> {
    let table = folder.join("strace");
    let mut command = Command::new("strace");
    command.args(["-c", "-f", "-o"]).arg(&table);
    let processes = family(proxy.process());
    for process in &processes {
        command.args(["-p", &process.to_string()]);
    }
    let mut strace = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("strace")?;
    let mut said = BufReader::new(strace.stderr.take().context("its errors")?).lines();
    for _ in &processes {
        let attached = said.next().transpose()?.unwrap_or_default();
        ensure!(attached.contains("attached"), "strace cannot watch {}: {attached}", proxy.name);
    }
    let outcome = run(proxy, settings, request, connections, each);
    kill_process(Pid::from_child(&strace), Signal::INT)?;
    strace.wait()?;
    outcome?;
    let text = std::fs::read_to_string(&table)?;
    let total = text.lines().find(|line| line.ends_with(" total")).context("strace counted nothing")?;
    // % time, seconds, usecs/call, calls, errors (if any), "total"
    let calls = total.split_whitespace().nth(3).context("a table of strace")?;
    calls.parse().with_context(|| format!("strace says {total:?}"))
}

fn run(proxy: &Proxy, settings: &Arc<ClientConfig>, request: &[u8], connections: usize, each: usize) -> Result<()> {
    std::thread::scope(|scope| {
        let ask = || {
            let mut client = Client::connect(proxy.address, Some(settings), None)?;
            (0..each).try_for_each(|_| client.exchange(request))
        };
        let asking: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow!("a client failed"))?)
    })
}
