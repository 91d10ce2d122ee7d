//! Which contestants meet for which rows, and what is made of their windows. Rows that share contestants are
//! measured together.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::binaries::Binaries;
use super::calls::{self, Runs};
use super::contest::{Contestant, Ground, Series};
use super::memory::{self, Idle};
use super::pace;
use super::pinned::PROXY;
use super::proxies::{self, Proxy, Setup};
use super::requests::{Action, Kind, Signer};
use super::store::{AccessKey, BUCKET, Filling};

/// What the rows of one group were measured as, each with the windows it was made of.
pub(crate) type Measured = Vec<(&'static str, Result<Value, String>)>;

/// A row's numbers.
pub(crate) struct Value {
    /// One of each round.
    pub(crate) rounds: Vec<f64>,
    pub(crate) series: Vec<Series>,
    /// The series that must not move while it is measured.
    pub(crate) anchor: Vec<f64>,
    pub(crate) note: String,
}

/// Rows that are measured together.
pub(crate) struct Group {
    pub(crate) rows: &'static [&'static str],
    pub(crate) measure: fn(&Bout<'_>) -> Result<Measured>,
}

/// In the order in which they are measured.
pub(crate) static GROUPS: [Group; 12] = [
    Group { rows: &["get-1k", "auth", "pingora"], measure: |bout| bout.small() },
    Group { rows: &["get-1m"], measure: |bout| bout.large("get-1m", Kind::get(1 << 20)) },
    Group { rows: &["put-1m"], measure: |bout| bout.large("put-1m", Kind::put(Action::PutUnsigned, 1 << 20)) },
    Group { rows: &["put-16m", "put-16m-sha256", "put-16m-chunks"], measure: |bout| bout.uploads() },
    Group { rows: &["connect"], measure: |bout| bout.connections() },
    Group { rows: &["sigv4-proxy"], measure: |bout| bout.signers() },
    Group { rows: &["keys"], measure: |bout| bout.keys() },
    Group { rows: &["workers"], measure: |bout| bout.workers() },
    Group { rows: &["added-p50"], measure: |bout| bout.paced() },
    Group { rows: &["calls-get-1k", "calls-get-1m"], measure: |bout| bout.calls() },
    Group { rows: &["rss-streams"], measure: |bout| bout.streams() },
    Group { rows: &["rss-idle"], measure: |bout| bout.idle() },
];

/// Connections of small requests, and of large ones.
const MANY: usize = 16;
const FEW: usize = 4;

/// Everything that groups need.
pub(crate) struct Bout<'a> {
    pub(crate) ground: Ground<'a>,
    pub(crate) binaries: &'a Binaries,
    pub(crate) folder: &'a Path,
}

/// Portcullis with its keys.
struct Ours {
    proxy: Proxy,
    keys: Vec<AccessKey>,
}

impl Bout<'_> {
    /// A folder of its own for a proxy, with the certificate.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        // What another group left there is of no use.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        for file in ["cert.pem", "key.pem", "both.pem"] {
            std::fs::copy(self.folder.join(file), folder.join(file))?;
        }
        Ok(folder)
    }

    fn nginx(&self, tls: bool) -> Result<Proxy> {
        proxies::nginx(&self.place("nginx")?, PROXY, tls, self.ground.origin.address)
    }

    fn setup<'b>(&'b self, name: &'static str) -> Setup<'b> {
        Setup { name, program: &self.binaries.portcullis, cores: PROXY, tls: true, workers: 1, limits: "" }
    }

    fn ours(&self, setup: &Setup<'_>, filling: Filling) -> Result<Ours> {
        let folder = self.place(setup.name)?;
        let keys = filling.fill(&folder).context("the store cannot be filled")?;
        Ok(Ours { proxy: proxies::portcullis(&folder, setup, self.ground.origin.address)?, keys })
    }

    fn small(&self) -> Result<Measured> {
        let origin = self.ground.origin.address;
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let haproxy = proxies::haproxy(&self.place("haproxy")?, PROXY, origin)?;
        let kind = Kind::get(1024);
        let contestant = |name, proxy| Contestant { name, proxy, kind, keys: &ours.keys };
        let mut contestants =
            vec![contestant("nginx", &nginx), contestant("portcullis", &ours.proxy), contestant("haproxy", &haproxy)];
        let open = self.binaries.no_auth.as_deref();
        let open =
            open.map(|program| self.ours(&Setup { program, ..self.setup("no-auth") }, Filling::FEW)).transpose()?;
        contestants.extend(open.as_ref().map(|open| contestant("no-auth", &open.proxy)));
        let pingora = self.binaries.pingora.as_deref();
        let pingora = pingora.map(|program| proxies::pingora(program, &self.place("pingora")?, PROXY, origin));
        let pingora = pingora.transpose()?;
        contestants.extend(pingora.as_ref().map(|pingora| contestant("pingora", pingora)));
        let series = self.ground.contest(&contestants, MANY, WARM_UP)?;
        let against = |name: &str, missing: &str, make: fn(&Series, &Series) -> Vec<f64>| {
            let other = series.iter().find(|series| series.name == name).ok_or(missing)?;
            Ok(value(make(&series[1], other), &series))
        };
        Ok(vec![
            ("get-1k", against("nginx", "", Series::over)),
            ("auth", against("no-auth", "the build without authentication is not there", Series::minus)),
            ("pingora", against("pingora", "pingora is not built: --pingora builds it", Series::over)),
        ])
    }

    fn large(&self, row: &'static str, kind: Kind) -> Result<Measured> {
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let haproxy = proxies::haproxy(&self.place("haproxy")?, PROXY, self.ground.origin.address)?;
        let contestant = |name, proxy| Contestant { name, proxy, kind, keys: &ours.keys };
        let contestants =
            [contestant("nginx", &nginx), contestant("portcullis", &ours.proxy), contestant("haproxy", &haproxy)];
        let series = self.ground.contest(&contestants, FEW, WARM_UP)?;
        Ok(vec![(row, Ok(value(series[1].over(&series[0]), &series)))])
    }

    fn uploads(&self) -> Result<Measured> {
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let haproxy = proxies::haproxy(&self.place("haproxy")?, PROXY, self.ground.origin.address)?;
        let contestant =
            |name, proxy, action| Contestant { name, proxy, kind: Kind::put(action, 16 << 20), keys: &ours.keys };
        let contestants = [
            contestant("nginx", &nginx, Action::PutUnsigned),
            contestant("portcullis", &ours.proxy, Action::PutUnsigned),
            contestant("sha256", &ours.proxy, Action::PutHashed),
            contestant("chunks", &ours.proxy, Action::PutChunks),
            contestant("haproxy", &haproxy, Action::PutUnsigned),
        ];
        let series = self.ground.contest(&contestants, FEW, WARM_UP)?;
        let made = |at: usize| {
            let parts = [&series[0], &series[at], &series[4]].map(Clone::clone);
            Ok(value(series[at].over(&series[0]), &parts))
        };
        Ok(vec![("put-16m", made(1)), ("put-16m-sha256", made(2)), ("put-16m-chunks", made(3))])
    }

    fn connections(&self) -> Result<Measured> {
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let haproxy = proxies::haproxy(&self.place("haproxy")?, PROXY, self.ground.origin.address)?;
        let contestant = |name, proxy| Contestant { name, proxy, kind: Kind::get_once(1024), keys: &ours.keys };
        let contestants =
            [contestant("nginx", &nginx), contestant("portcullis", &ours.proxy), contestant("haproxy", &haproxy)];
        let series = self.ground.contest(&contestants, MANY, WARM_UP)?;
        Ok(vec![("connect", Ok(value(series[1].over(&series[0]), &series)))])
    }

    fn signers(&self) -> Result<Measured> {
        let Some(program) = &self.binaries.sigv4_proxy else {
            return Ok(vec![("sigv4-proxy", Err("no aws-sigv4-proxy: see --sigv4-proxy".to_owned()))]);
        };
        let origin = self.ground.origin.address;
        let other = proxies::sigv4_proxy(program, &self.place("aws-sigv4-proxy")?, PROXY, origin)?;
        let ours = self.ours(&Setup { tls: false, ..self.setup("portcullis") }, Filling::FEW)?;
        let nginx = self.nginx(false)?;
        let contestant = |name, proxy| Contestant { name, proxy, kind: Kind::get(1024), keys: &ours.keys };
        let contestants =
            [contestant("aws-sigv4-proxy", &other), contestant("portcullis", &ours.proxy), contestant("nginx", &nginx)];
        let series = self.ground.contest(&contestants, MANY, WARM_UP)?;
        let anchored = Value { anchor: series[2].cpu.clone(), ..value(series[1].over(&series[0]), &series) };
        Ok(vec![("sigv4-proxy", Ok(anchored))])
    }

    fn keys(&self) -> Result<Measured> {
        let few = Filling { keys: 1, organization_policies: 1, bucket_policies: 1 };
        let many = Filling { keys: 100_000, organization_policies: 500, bucket_policies: 500 };
        let (few, many) = (self.ours(&self.setup("few"), few)?, self.ours(&self.setup("many"), many)?);
        let kind = Kind::get(1024);
        let contestants = [
            Contestant { name: "few", proxy: &few.proxy, kind, keys: &few.keys },
            Contestant { name: "many", proxy: &many.proxy, kind, keys: &many.keys },
        ];
        // Long enough that every key that is used was used before.
        let series = self.ground.contest(&contestants, MANY, Duration::from_secs(8))?;
        Ok(vec![("keys", Ok(value(series[1].over(&series[0]), &series)))])
    }

    fn workers(&self) -> Result<Measured> {
        // Both may use both cores, which the generator needs, too.
        let one = self.ours(&Setup { cores: "0,1", ..self.setup("one") }, Filling::FEW)?;
        let two = self.ours(&Setup { cores: "0,1", workers: 2, ..self.setup("two") }, Filling::FEW)?;
        let kind = Kind::get(1024);
        let contestants = [
            Contestant { name: "one", proxy: &one.proxy, kind, keys: &one.keys },
            Contestant { name: "two", proxy: &two.proxy, kind, keys: &two.keys },
        ];
        let series = self.ground.contest(&contestants, MANY, WARM_UP)?;
        Ok(vec![("workers", Ok(value(series[1].over(&series[0]), &series)))])
    }

    fn paced(&self) -> Result<Measured> {
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let mut medians = [const { Vec::new() }; 3];
        for round in 0..self.ground.rounds {
            let requests = Arc::new(Signer::new(&ours.keys)?.requests(Kind::get(1024), BUCKET));
            for turn in 0..3 {
                let at = (round + turn) % 3;
                let (to, tls) = match at {
                    0 => (self.ground.origin.address, None),
                    1 => (nginx.address, Some(self.ground.tls)),
                    _ => (ours.proxy.address, Some(self.ground.tls)),
                };
                medians[at].push(pace::median_latency(to, tls, &requests, self.ground.window)?);
            }
            let [origin, nginx, ours] = medians.each_ref().map(|medians| medians[round]);
            eprintln!("  round {}: origin {origin:.0} nginx {nginx:.0} portcullis {ours:.0} µs", round + 1);
        }
        let added = |at: usize| medians[at].iter().zip(&medians[0]).map(|(all, bare)| all - bare).collect::<Vec<f64>>();
        let (of_nginx, of_ours) = (added(1), added(2));
        let rounds = of_ours.iter().zip(&of_nginx).map(|(ours, nginx)| ours / nginx).collect();
        let middle = |values: &[f64]| super::statistics::Median::of(values).map_or(0.0, |median| median.value);
        let note = format!(
            "bare origin {:.0} µs; nginx adds {:.0} µs, portcullis {:.0} µs",
            middle(&medians[0]),
            middle(&of_nginx),
            middle(&of_ours)
        );
        Ok(vec![("added-p50", Ok(Value { rounds, series: Vec::new(), anchor: medians[1].clone(), note }))])
    }

    fn calls(&self) -> Result<Measured> {
        let (nginx, ours) = (self.nginx(true)?, self.ours(&self.setup("portcullis"), Filling::FEW)?);
        let signer = Signer::new(&ours.keys)?;
        let count = |size, runs| -> Result<Value> {
            let request = signer.request(Kind::get(size), BUCKET, 0);
            let count = |proxy| calls::per_request(proxy, self.ground.tls, &request, runs, self.folder);
            let (of_nginx, rounds) = (count(&nginx)?, (0..3).map(|_| count(&ours.proxy)).collect::<Result<_>>()?);
            Ok(Value { rounds, series: Vec::new(), anchor: Vec::new(), note: format!("nginx {of_nginx:.2}") })
        };
        let small = count(1024, Runs { connections: MANY, short: 20, long: 320 });
        let large = count(1 << 20, Runs { connections: FEW, short: 5, long: 55 });
        let told = |outcome: Result<Value>| outcome.map_err(|error| format!("{error:#}"));
        Ok(vec![("calls-get-1k", told(small)), ("calls-get-1m", told(large))])
    }

    fn streams(&self) -> Result<Measured> {
        let nginx = self.nginx(true)?;
        let (mut rounds, mut note) = (Vec::new(), String::new());
        for round in 0..3 {
            let ours = self.ours(&self.setup("portcullis"), Filling::FEW)?;
            let signer = Signer::new(&ours.keys)?;
            let (fetched, stored) = memory::growth_with_streams(&ours.proxy, self.ground.tls, &signer)?;
            rounds.push(fetched.max(stored));
            let _ = write!(note, "{fetched:.1} MiB fetching, {stored:.1} MiB storing; ");
            if round == 0 {
                let (fetched, stored) = memory::growth_with_streams(&nginx, self.ground.tls, &signer)?;
                let _ = write!(note, "nginx {fetched:.1} and {stored:.1} MiB; ");
            }
        }
        Ok(vec![("rss-streams", Ok(Value { rounds, series: Vec::new(), anchor: Vec::new(), note }))])
    }

    fn idle(&self) -> Result<Measured> {
        let nginx = self.nginx(true)?;
        let (mut rounds, mut note) = (Vec::new(), String::new());
        let limits = "header_timeout = \"10min\"\nmax_connections = 20000\nmax_connections_per_peer = 20000";
        for round in 0..2 {
            let ours = self.ours(&Setup { limits, ..self.setup("portcullis") }, Filling::FEW)?;
            let signer = Signer::new(&ours.keys)?;
            let Idle { open, connected, used } = memory::of_idle_connection(&ours.proxy, self.ground.tls, &signer)?;
            rounds.push(used);
            let _ = write!(note, "{connected:.1} KiB after the handshake, {used:.1} KiB after a request; ");
            if round == 0 {
                let Idle { used, .. } = memory::of_idle_connection(&nginx, self.ground.tls, &signer)?;
                let _ = write!(note, "nginx {used:.1} KiB after a request; {open} open; ");
            }
        }
        Ok(vec![("rss-idle", Ok(Value { rounds, series: Vec::new(), anchor: Vec::new(), note }))])
    }
}

/// A row made of windows; the first series is the one it is compared with.
fn value(rounds: Vec<f64>, series: &[Series]) -> Value {
    Value { rounds, series: series.to_vec(), anchor: series[0].cpu.clone(), note: String::new() }
}

/// Before the first round.
const WARM_UP: Duration = Duration::from_millis(500);
