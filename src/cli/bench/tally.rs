//! What is counted while the load runs: requests, bytes, errors by their name, and latencies.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::trouble::Trouble;

/// What is counted on its own, in the order of the report.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    GetObject,
    PutObject,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    /// All requests of one multipart upload, from its intended beginning.
    WholeUpload,
}

/// Counts of all connections.
pub(super) struct Tally {
    /// Several, so that connections do not wait for each other.
    shards: Vec<Mutex<BTreeMap<Kind, Row>>>,
    requests: AtomicU64,
    failed: AtomicU64,
}

/// The counts of one kind.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) good: u64,
    pub(super) failed: u64,
    /// Bytes of objects in good requests.
    pub(super) bytes: u64,
    /// Of good requests, in microseconds.
    pub(super) latency: Histogram<u64>,
    pub(super) errors: BTreeMap<ErrorName, Errors>,
}

/// What an error is counted by: a status, if there was an answer, and S3's code or ours.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ErrorName {
    pub(super) status: Option<u16>,
    pub(super) code: String,
}

/// Errors of one name.
#[derive(Debug)]
pub(super) struct Errors {
    pub(super) count: u64,
    pub(super) first: Trouble,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::GetObject => "GetObject",
            Self::PutObject => "PutObject",
            Self::UploadPart => "UploadPart",
            Self::WholeUpload => "whole upload",
        }
    }

    /// Whether it is one request.
    pub(super) fn is_request(self) -> bool {
        self != Self::WholeUpload
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, requests: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    /// Counts one.
    pub(super) fn add<T>(&self, worker: u32, kind: Kind, result: &Result<T, Trouble>, bytes: u64, latency: Duration) {
        if kind.is_request() {
            self.requests.fetch_add(1, Ordering::Relaxed);
            self.failed.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
        }
        let shard = &self.shards[worker as usize % SHARDS];
        let mut rows = shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let row = rows.entry(kind).or_default();
        match result {
            Ok(_) => {
                row.good += 1;
                row.bytes += bytes;
                let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                row.latency.saturating_record(microseconds.clamp(1, LONGEST));
            }
            Err(trouble) => {
                row.failed += 1;
                let name = ErrorName { status: trouble.status(), code: trouble.name() };
                row.add_errors(name, 1, trouble);
            }
        }
    }

    /// Requests so far, and those of them that failed.
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// All counts.
    pub(super) fn rows(&self) -> BTreeMap<Kind, Row> {
        let mut all: BTreeMap<Kind, Row> = BTreeMap::new();
        for shard in &self.shards {
            for (kind, row) in &*shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
                all.entry(*kind).or_default().add(row);
            }
        }
        all
    }
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.failed += other.failed;
        self.bytes += other.bytes;
        self.latency += &other.latency;
        for (name, errors) in &other.errors {
            self.add_errors(name.clone(), errors.count, &errors.first);
        }
    }

    /// Names come from the target: what has too many is counted together.
    fn add_errors(&mut self, name: ErrorName, count: u64, first: &Trouble) {
        let is_full = self.errors.len() >= MOST_NAMES && !self.errors.contains_key(&name);
        let name = if is_full { ErrorName { status: None, code: "others".to_owned() } } else { name };
        let errors = self.errors.entry(name).or_insert_with(|| Errors { count: 0, first: first.clone() });
        errors.count += count;
    }
}

impl Default for Row {
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("1 is less than half of an hour");
        Self { good: 0, failed: 0, bytes: 0, latency, errors: BTreeMap::new() }
    }
}

const SHARDS: usize = 16;
const MOST_NAMES: usize = 32;
/// Microseconds: two hours.
const LONGEST: u64 = 7_200_000_000;
const DIGITS: u8 = 3;
