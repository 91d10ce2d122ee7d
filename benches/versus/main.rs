//! Portcullis against others: CPU of the proxy process per request, side by side, on loopback.
//!
//! `cargo bench --bench versus -- [--only ROW] [--rounds N] [--quick] [--chart FILE] [--pingora] [--sigv4-proxy FILE]`
//!
//! ```text
//! generator (wrk; newcomers, pace: our own) --signed requests--> proxy --> origin, which counts
//!    core 1                                                      core 0    core 1
//! contest: windows of all contestants in turn, round after round --> median of the rounds' ratios
//! ```
//!
//! What each row means, and how to read them, says the page `performance` of the manual.

mod binaries;
mod bout;
mod calls;
mod chart;
mod client;
mod contest;
mod generator;
mod memory;
mod newcomers;
mod origin;
mod pace;
mod pinned;
mod proxies;
mod report;
mod requests;
mod rows;
mod statistics;
mod store;
mod usage;
mod window;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use binaries::{Binaries, Needs};
use bout::{Bout, GROUPS, Group, Measured, Value};
use contest::Ground;
use generator::Generator;
use origin::Origin;
use rows::{Finding, Outcome};
use statistics::{Median, drift};

/// Measures Portcullis against nginx and others.
#[derive(Parser)]
struct Arguments {
    /// Measure this row only; may be given more than once.
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// How many windows of each contestant.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Three short rounds: shows that all of it works, and nothing else.
    #[arg(long)]
    quick: bool,
    /// Draw the chart into this file.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Build pingora if it is not built yet. It takes a quarter of an hour, cmake and libssl-dev.
    #[arg(long)]
    pingora: bool,
    /// The program aws-sigv4-proxy, if it is not in the path.
    #[arg(long, value_name = "FILE")]
    sigv4_proxy: Option<PathBuf>,
    /// Given by `cargo bench`, and not by `cargo test --benches`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("versus takes minutes and two whole cores: `cargo bench --bench versus` runs it");
        return ExitCode::SUCCESS;
    }
    let outcome = if pinned::is_bound() { run(&arguments) } else { prepare(&arguments) };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("versus: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// What may use every core: installs and builds. Then begins again on one core.
fn prepare(arguments: &Arguments) -> Result<bool> {
    for name in &arguments.only {
        ensure!(rows::row(name).is_some(), "no row is called {name}; {}", names());
    }
    pinned::refuse_one_core()?;
    pinned::install(&["nginx", "haproxy", "wrk", "strace"])?;
    Err(pinned::bind_and_begin_again(&ready(arguments)?))
}

fn names() -> String {
    let names: Vec<&str> = rows::ROWS.iter().map(|row| row.name).collect();
    format!("there are {}", names.join(", "))
}

fn ready(arguments: &Arguments) -> Result<Binaries> {
    let wanted = |row: &str| is_wanted(arguments, row);
    let needs = Needs { no_auth: wanted("auth"), pingora: arguments.pingora && wanted("pingora") };
    Binaries::ready(needs, arguments.sigv4_proxy.as_deref())
}

fn is_wanted(arguments: &Arguments, row: &str) -> bool {
    arguments.only.is_empty() || arguments.only.iter().any(|name| name == row)
}

/// Measures, and tells. Returns whether all of it is to be believed.
fn run(arguments: &Arguments) -> Result<bool> {
    let temporary = tempfile::tempdir()?;
    make_certificate(temporary.path())?;
    let binaries = ready(arguments)?;
    let origin = Origin::start()?;
    let generator = Generator::new(temporary.path())?;
    let tls = client::tls_settings(temporary.path())?;
    let (rounds, window) =
        if arguments.quick { (3, Duration::from_millis(500)) } else { (arguments.rounds, Duration::from_secs(2)) };
    let folder = temporary.path().to_owned();
    let ground = Ground { generator: &generator, origin: &origin, tls: &tls, folder, rounds, window };
    let bout = Bout { ground, binaries: &binaries, folder: temporary.path() };
    let mut findings = Vec::new();
    for group in GROUPS.iter().filter(|group| group.rows.iter().any(|row| is_wanted(arguments, row))) {
        eprintln!("{}", group.rows.join(", "));
        let measured = (group.measure)(&bout);
        findings.extend(judge(group, measured, arguments.quick));
    }
    findings.retain(|finding| is_wanted(arguments, finding.row.name));
    let machine = machine();
    println!("\n{machine}, {rounds} rounds\n\n{}", report::table(&findings));
    if arguments.quick {
        println!("A quick run shows that it works. Its numbers are no measurements.");
    }
    let file = binaries::target_folder()?.join("versus/results.json");
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    fs::write(&file, serde_json::to_string_pretty(&report::json(&findings, &machine, rounds))?)?;
    println!("every round: {}", file.display());
    if let Some(path) = &arguments.chart {
        let chart = chart::draw(&findings).context("nothing was measured that the chart shows")?;
        fs::write(path, chart).with_context(|| path.display().to_string())?;
        println!("chart: {}", path.display());
    }
    Ok(!findings.iter().any(|finding| matches!(finding.outcome, Outcome::Refused(_))))
}

/// What came of each row of a group. Numbers that the machine disturbed are refused, not told.
fn judge(group: &Group, measured: Result<Measured>, quick: bool) -> Vec<Finding> {
    let refused = |row: &str, why: String| finding(row, Outcome::Refused(why), None);
    match measured {
        Err(error) => group.rows.iter().filter_map(|row| refused(row, format!("{error:#}"))).collect(),
        Ok(measured) => measured
            .into_iter()
            .filter_map(|(row, value)| match value {
                Err(why) => finding(row, Outcome::Skipped(why), None),
                Ok(value) => {
                    let moved = drift(&value.anchor);
                    if moved > MOST_DRIFT && !quick {
                        let why = format!(
                            "what it is compared with moved by {:.0}% from the first third of the rounds to the last",
                            moved * 100.0
                        );
                        return finding(row, Outcome::Refused(why), Some(value));
                    }
                    let median = Median::of(&value.rounds);
                    let none = || Outcome::Refused("there was no round".to_owned());
                    finding(row, median.map_or_else(none, Outcome::Measured), Some(value))
                }
            })
            .collect(),
    }
}

fn finding(row: &str, outcome: Outcome, value: Option<Value>) -> Option<Finding> {
    let (series, note) = value.map(|value| (value.series, value.note)).unwrap_or_default();
    rows::row(row).map(|row| Finding { row, outcome, series, note })
}

/// Processor and system.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = processor_count(&read("/proc/cpuinfo"));
    let system = read("/proc/sys/kernel/osrelease");
    format!("{}, {cores} cores, Linux {}", processor.trim_start_matches([' ', '\t', ':']), system.trim())
}

fn processor_count(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("processor")).count()
}

/// A certificate on P-256, the same for all proxies.
fn make_certificate(folder: &Path) -> Result<()> {
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec![requests::HOST.to_owned()])?.self_signed(&key)?;
    fs::write(folder.join("cert.pem"), certificate.pem())?;
    proxies::secret(&folder.join("key.pem"), &key.serialize_pem())?;
    proxies::secret(&folder.join("both.pem"), &format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// How far the reference of a row may move while it is measured.
const MOST_DRIFT: f64 = 0.15;
