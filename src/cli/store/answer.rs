//! What the commands print.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::management::as_json;
use crate::control::SealRotation;
use crate::store::transfer::Summary;

/// What was moved, and how long that took.
#[derive(Serialize)]
pub(super) struct Moved {
    records: BTreeMap<String, u64>,
    total: u64,
    bytes: u64,
    seconds: f64,
    resumed: bool,
}

impl Moved {
    pub(super) fn new(summary: &Summary, began: Instant) -> Self {
        Self {
            total: summary.total(),
            records: summary.records.clone(),
            bytes: summary.bytes,
            seconds: (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            resumed: summary.resumed,
        }
    }

    /// As one line, or as JSON.
    pub(super) fn shown(&self, verb: &str, place: &str, json: bool) -> Result<String, Failure> {
        if json {
            return as_json(self);
        }
        let kinds: Vec<_> = self.records.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let resumed = if self.resumed { ", going on from where it had stopped" } else { "" };
        let Self { total, bytes, seconds, .. } = self;
        Ok(format!("{verb} {total} records{kinds} {place}: {bytes} bytes in {seconds:.1} s{resumed}\n"))
    }
}

/// What became of the secrets. Not complete is a failure: the old key has to stay.
pub(super) fn rotated(rotation: &SealRotation, json: bool) -> Result<String, Failure> {
    let SealRotation { seal_key_id, resealed, already, failed, seal_keys_in_use, complete } = rotation;
    if !complete {
        let keys: Vec<_> = seal_keys_in_use.keys().map(String::as_str).collect();
        let why = if *failed > 0 {
            format!("{failed} could not be (the log says which)")
        } else {
            "some node goes on to seal with another key: give every node the same seal_key_file and restart it".into()
        };
        return Err(Failure::work(format!(
            "{resealed} keys were sealed anew, {already} were before, {why}; keys still in use: {}; keep their files",
            keys.join(", ")
        )));
    }
    if json {
        return as_json(rotation);
    }
    Ok(format!(
        "sealed {resealed} keys anew with {seal_key_id}, {already} were before; no other seal key is in use, and \
         older_seal_key_files can go\n"
    ))
}
