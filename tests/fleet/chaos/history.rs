//! What was done, when, and how it ended: as seen by those who asked.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

/// One operation. Times are microseconds since the history began.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Operation {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) node: usize,
    /// Which key, by its number in this history.
    pub(crate) key: usize,
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A use with a secret that is not the key's.
    ForgedUse,
    /// A use after everything was well again for long enough.
    LastUse,
    Mint,
    Revoke,
    Use,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Done, or let through.
    Accepted,
    /// 403.
    Refused,
    /// 503, or the connection died: it may have been done or not.
    Unknown,
    /// An answer that nothing justifies.
    Wrong(String),
}

/// Where workers write it down.
pub(crate) struct History {
    began: Instant,
    written: Mutex<Written>,
}

struct Written {
    operations: Vec<Operation>,
    file: BufWriter<File>,
    keys: usize,
}

impl History {
    pub(crate) fn new(file: &Path) -> Self {
        let file = BufWriter::new(File::create(file).unwrap());
        Self { began: Instant::now(), written: Mutex::new(Written { operations: Vec::new(), file, keys: 0 }) }
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap()
    }

    /// The number of a key that is about to be minted.
    pub(crate) fn next_key(&self) -> usize {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.keys += 1;
        written.keys - 1
    }

    pub(crate) fn add(&self, operation: Operation) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut written.file, &operation).unwrap();
        written.file.write_all(b"\n").unwrap();
        written.operations.push(operation);
    }

    /// Everything, in the order in which it ended.
    pub(crate) fn finish(self) -> Vec<Operation> {
        let mut written = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        written.file.flush().unwrap();
        written.operations
    }
}
