//! What a run found, in numbers: for programs as JSON, for people as a table.

mod text;

use std::time::Duration;

use serde::Serialize;

use super::chores::Cleaned;
use super::tally::{Kind, Row, Tally};

/// Everything there is to say of a run. The JSON form is for scripts: fields are added, not changed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) setup: Setup,
    /// From the first operation that counts to the end of the last.
    elapsed_seconds: f64,
    requests: u64,
    failed: u64,
    /// Good requests.
    requests_per_second: f64,
    /// Bytes of objects in good requests, both ways.
    bytes_per_second: f64,
    /// Operations of an open loop for which no connection was free in time.
    missed: u64,
    /// Whether somebody stopped it.
    interrupted: bool,
    /// Whether `--max-bytes` was used up before the time was.
    stopped_by_bytes: bool,
    kinds: Vec<KindReport>,
    clean_up: Option<CleanUp>,
}

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setup {
    pub(super) endpoint: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) workload: String,
    pub(super) reads_percent: Option<u8>,
    pub(super) payload: String,
    pub(super) object_size: u64,
    pub(super) part_size: Option<u64>,
    pub(super) objects: u32,
    pub(super) connections: u32,
    pub(super) keep_alive: bool,
    /// Operations a second; none in a closed loop.
    pub(super) rate: Option<u32>,
    pub(super) warm_up_seconds: f64,
    pub(super) duration_seconds: f64,
    pub(super) max_operations: u64,
    pub(super) max_bytes: u64,
}

/// One kind of request, or the uploads made of several.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KindReport {
    name: &'static str,
    good: u64,
    failed: u64,
    per_second: f64,
    bytes_per_second: f64,
    /// Of those that were good; none if none was.
    latency_microseconds: Option<Latency>,
    /// How many took at most so long, and longer than the one before.
    histogram: Vec<Bar>,
    errors: Vec<ErrorReport>,
}

#[derive(Serialize)]
struct Latency {
    min: u64,
    mean: f64,
    p50: u64,
    p90: u64,
    p99: u64,
    #[serde(rename = "p99.9")]
    p999: u64,
    max: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bar {
    up_to_microseconds: u64,
    count: u64,
}

#[derive(Serialize)]
struct ErrorReport {
    /// Of the answer, if there was one.
    status: Option<u16>,
    /// S3's code, or a word for what happened.
    code: String,
    count: u64,
    /// The first one, in full.
    example: String,
    advice: String,
}

#[derive(Serialize)]
struct CleanUp {
    deleted: u64,
    left: u64,
    problem: Option<String>,
}

/// How the load ended.
pub(super) struct End {
    pub(super) elapsed: Duration,
    pub(super) missed: u64,
    pub(super) interrupted: bool,
    pub(super) stopped_by_bytes: bool,
}

impl Report {
    pub(super) fn new(setup: Setup, tally: &Tally, end: &End, cleaned: Option<&Cleaned>) -> Self {
        // A run that was over at once has no rate worth the name, and no infinite one either.
        let seconds = end.elapsed.as_secs_f64().max(1e-6);
        let kinds: Vec<_> = tally.rows().iter().map(|(kind, row)| KindReport::new(*kind, row, seconds)).collect();
        let requests = || kinds.iter().filter(|kind| kind.name != Kind::WholeUpload.name());
        let sum = |number: fn(&KindReport) -> u64| requests().map(number).sum::<u64>();
        Self {
            elapsed_seconds: seconds,
            requests: sum(|kind| kind.good + kind.failed),
            failed: sum(|kind| kind.failed),
            requests_per_second: requests().map(|kind| kind.per_second).sum(),
            bytes_per_second: requests().map(|kind| kind.bytes_per_second).sum(),
            missed: end.missed,
            interrupted: end.interrupted,
            stopped_by_bytes: end.stopped_by_bytes,
            clean_up: cleaned.map(|cleaned| CleanUp {
                deleted: cleaned.deleted,
                left: cleaned.left,
                problem: cleaned.trouble.as_ref().map(ToString::to_string),
            }),
            setup,
            kinds,
        }
    }

    /// Why the run is no success, if it is none.
    pub(super) fn complaint(&self) -> Option<String> {
        let left = self.clean_up.as_ref().filter(|clean_up| clean_up.left > 0);
        let complaints = [
            (self.requests == 0).then(|| "not one request counted".to_owned()),
            (self.failed > 0).then(|| format!("{} of {} requests failed", self.failed, self.requests)),
            (self.missed > 0).then(|| {
                format!("the rate was not held: for {} operations no connection was free in time", self.missed)
            }),
            left.map(|clean_up| {
                let why = clean_up.problem.as_deref().unwrap_or("nobody knows why");
                format!("up to {} objects or uploads are left below {}: {why}", clean_up.left, self.setup.prefix)
            }),
        ];
        let complaints: Vec<_> = complaints.into_iter().flatten().collect();
        (!complaints.is_empty()).then(|| complaints.join("; "))
    }

    /// One line of JSON.
    pub(super) fn as_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

impl KindReport {
    fn new(kind: Kind, row: &Row, seconds: f64) -> Self {
        let latency = &row.latency;
        let at = |quantile: f64| latency.value_at_quantile(quantile).min(latency.max());
        let latencies = (row.good > 0).then(|| Latency {
            min: latency.min(),
            mean: latency.mean(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: latency.max(),
        });
        let errors = row.errors.iter().map(|(name, errors)| ErrorReport {
            status: name.status,
            code: name.code.clone(),
            count: errors.count,
            example: errors.first.to_string(),
            advice: errors.first.advice(),
        });
        Self {
            name: kind.name(),
            good: row.good,
            failed: row.failed,
            per_second: float(row.good) / seconds,
            bytes_per_second: float(row.bytes) / seconds,
            latency_microseconds: latencies,
            histogram: histogram(row),
            errors: errors.collect(),
        }
    }
}

/// Bars that end at 1, 2 and 5 times the powers of ten, from the first that holds something to the last.
fn histogram(row: &Row) -> Vec<Bar> {
    if row.good == 0 {
        return Vec::new();
    }
    let ends = (0..11).map(|power| 10_u64.pow(power)).flat_map(|power| [power, 2 * power, 5 * power]);
    let mut bars = Vec::new();
    let mut below = 0;
    for end in ends {
        let upto = row.latency.count_between(0, end);
        let count = upto - below;
        below = upto;
        if count > 0 || !bars.is_empty() {
            bars.push(Bar { up_to_microseconds: end, count });
        }
        if below == row.good {
            break;
        }
    }
    bars
}

/// For rates, where the last of sixteen digits does not matter.
#[expect(clippy::cast_precision_loss, reason = "said above")]
fn float(number: u64) -> f64 {
    number as f64
}
