//! Contestants under the same load, round after round, one window each, so that whatever else the machine does
//! meets all of them. Every round begins with another one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};

use rustls::ClientConfig;

use super::generator::{Generating, Generator};
use super::newcomers::Newcomers;
use super::origin::Origin;
use super::proxies::Proxy;
use super::requests::{Action, Kind, Signer};
use super::store::{AccessKey, BUCKET};
use super::window::{Window, measure};

/// A proxy and what it is asked.
pub(crate) struct Contestant<'a> {
    /// What it is called in the report.
    pub(crate) name: &'static str,
    pub(crate) proxy: &'a Proxy,
    pub(crate) kind: Kind,
    /// Who signs.
    pub(crate) keys: &'a [AccessKey],
}

/// What was measured of a contestant, round by round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// CPU time of a request, in microseconds.
    pub(crate) cpu: Vec<f64>,
    /// Requests a second.
    pub(crate) rate: Vec<f64>,
    /// How much of a core it used.
    pub(crate) load: Vec<f64>,
}

/// The means of every contest.
pub(crate) struct Ground<'a> {
    pub(crate) generator: &'a Generator,
    pub(crate) origin: &'a Origin,
    /// Of clients of this program's own.
    pub(crate) tls: &'a Arc<ClientConfig>,
    pub(crate) folder: PathBuf,
    pub(crate) rounds: usize,
    /// The length of a window.
    pub(crate) window: Duration,
}

impl Ground<'_> {
    /// Runs all rounds, after a window of `warm_up` for each that does not count.
    pub(crate) fn contest(
        &self,
        contestants: &[Contestant<'_>],
        connections: usize,
        warm_up: Duration,
    ) -> Result<Vec<Series>> {
        for one in contestants {
            self.window(one, connections, warm_up, 0).with_context(|| format!("{} at first", one.name))?;
        }
        let mut series: Vec<Series> =
            contestants.iter().map(|one| Series { name: one.name, ..Series::default() }).collect();
        for round in 0..self.rounds {
            eprint!("  round {} of {}:", round + 1, self.rounds);
            for turn in 0..contestants.len() {
                let at = (round + turn) % contestants.len();
                let one = &contestants[at];
                let window = self.window(one, connections, self.window, round + 1);
                let added = window.and_then(|window| series[at].add(one.kind, window));
                added.with_context(|| format!("{} in round {}", one.name, round + 1))?;
                eprint!(" {} {:.1}", one.name, series[at].cpu[round]);
            }
            eprintln!(" µs");
        }
        Ok(series)
    }

    fn window(&self, one: &Contestant<'_>, connections: usize, length: Duration, number: usize) -> Result<Window> {
        // Signed for this window alone: all contestants have signatures of the same age.
        let signer = Signer::new(one.keys)?;
        let (proxy, path) = (one.proxy, self.folder.join("requests"));
        let start = || -> Result<Box<dyn Generating>> {
            if one.kind.closes {
                let requests = Arc::new(signer.requests(one.kind, BUCKET));
                return Ok(Box::new(Newcomers::start(proxy.address, self.tls, &requests, connections)));
            }
            signer.write(one.kind, BUCKET, number, &path)?;
            Ok(Box::new(self.generator.play(&path, proxy.address, proxy.tls, connections)?))
        };
        measure(start, proxy, self.origin, connections, length)
            .map_err(|error| anyhow!("{error:#}; {} said last:\n{}", proxy.name, proxy.last_words()))
    }
}

impl Series {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn add(&mut self, kind: Kind, window: Window) -> Result<()> {
        let requests = match kind.action {
            // Some of a request that is under way counts too: of large ones there are few in a window.
            Action::PutUnsigned | Action::PutHashed | Action::PutChunks => {
                window.tally.bytes_in as f64 / kind.size as f64
            }
            Action::Get if kind.size > 0 => window.tally.bytes_out as f64 / kind.size as f64,
            Action::Get => window.tally.requests as f64,
        };
        ensure!(requests >= 1.0, "no request came through in a window: the machine does too much else");
        self.cpu.push(window.cpu * 1e6 / requests);
        self.rate.push(requests / window.wall);
        self.load.push(window.cpu / window.wall);
        Ok(())
    }

    /// What it took in relation to `other`, round by round.
    pub(crate) fn over(&self, other: &Self) -> Vec<f64> {
        self.cpu.iter().zip(&other.cpu).map(|(this, other)| this / other).collect()
    }

    /// What it took more than `other`, in microseconds, round by round.
    pub(crate) fn minus(&self, other: &Self) -> Vec<f64> {
        self.cpu.iter().zip(&other.cpu).map(|(this, other)| this - other).collect()
    }
}
