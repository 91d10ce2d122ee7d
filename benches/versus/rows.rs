//! The goals, and how what was measured stands to them.

use super::contest::Series;
use super::statistics::Median;

/// A goal.
pub(crate) struct Row {
    /// Its name for `--only`.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    /// What must be reached, and what is aimed at. Less is better.
    pub(crate) must: f64,
    pub(crate) aim: f64,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    /// CPU time, or time, in relation to another's.
    Ratio,
    Microseconds,
    Calls,
    Mebibytes,
    Kibibytes,
}

/// How a goal stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// All of the interval is at or below the aim.
    Aim,
    /// All of the interval is at or below what must be reached.
    Must,
    /// The interval reaches across: more rounds would tell.
    Open,
    /// All of the interval is above.
    Missed,
}

/// What came of a row.
pub(crate) struct Finding {
    pub(crate) row: &'static Row,
    pub(crate) outcome: Outcome,
    /// What it was made of.
    pub(crate) series: Vec<Series>,
    /// What else there is to say.
    pub(crate) note: String,
}

/// What came of the measurement.
pub(crate) enum Outcome {
    /// The median of the rounds.
    Measured(Median),
    /// It was not measured, on purpose.
    Skipped(String),
    /// It was measured, and is not to be believed.
    Refused(String),
}

impl Verdict {
    /// How `median` stands to `row`.
    pub(crate) fn of(row: &Row, median: Median) -> Self {
        if median.high <= row.aim {
            Self::Aim
        } else if median.high <= row.must {
            Self::Must
        } else if median.low <= row.must {
            Self::Open
        } else {
            Self::Missed
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Aim => "aim met",
            Self::Must => "must met",
            Self::Open => "open",
            Self::Missed => "MISSED",
        }
    }
}

impl Unit {
    /// `value` with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.3}"),
            Self::Microseconds => format!("{value:.1} µs"),
            Self::Calls => format!("{value:.2}"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Kibibytes => format!("{value:.1} KiB"),
        }
    }
}

const fn ratio(name: &'static str, what: &'static str, must: f64, aim: f64) -> Row {
    Row { name, what, unit: Unit::Ratio, must, aim }
}

/// Every goal. Without another word: CPU of the proxy for a request over TLS, in relation to nginx without any
/// authentication.
pub(crate) static ROWS: [Row; 17] = [
    ratio("get-1k", "signed 1 KiB GET, keep-alive", 0.95, 0.80),
    Row {
        name: "auth",
        what: "the same, minus the same without authentication",
        unit: Unit::Microseconds,
        must: 5.0,
        aim: 3.0,
    },
    ratio("pingora", "the same, against pingora without authentication", 0.50, 0.35),
    ratio("get-1m", "1 MiB GET", 0.80, 0.70),
    ratio("put-1m", "1 MiB PUT, unsigned payload", 0.75, 0.65),
    ratio("put-16m", "16 MiB PUT, unsigned payload", 0.75, 0.65),
    ratio("put-16m-sha256", "16 MiB PUT, SHA-256 verified", 1.00, 0.85),
    ratio("put-16m-chunks", "16 MiB PUT in signed chunks of 64 KiB", 1.15, 1.00),
    ratio("connect", "new TLS connection and one GET", 0.75, 0.62),
    ratio("sigv4-proxy", "1 KiB GET, plain HTTP, against aws-sigv4-proxy", 0.2, 1.0 / 7.0),
    ratio("keys", "100,000 keys and 1,000 policies, against 1 and 1", 1.10, 1.03),
    ratio("workers", "two workers, against one", 1.10, 1.03),
    ratio("added-p50", "added median time at 1,000 requests/s, against nginx's", 1.1, 0.9),
    Row { name: "calls-get-1k", what: "system calls of a 1 KiB GET", unit: Unit::Calls, must: 5.0, aim: 4.5 },
    Row { name: "calls-get-1m", what: "system calls of a 1 MiB GET", unit: Unit::Calls, must: 45.0, aim: 37.0 },
    Row {
        name: "rss-streams",
        what: "memory for 16 streams of 64 MiB, each way",
        unit: Unit::Mebibytes,
        must: 16.0,
        aim: 8.0,
    },
    Row {
        name: "rss-idle",
        what: "memory of an idle TLS connection, 10,000 open",
        unit: Unit::Kibibytes,
        must: 20.0,
        aim: 12.0,
    },
];

/// The row called `name`.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
