//! Reads the server's log: one JSON object a line, of which the records of S3 requests say what was judged.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::audit::Judged;
use crate::cli::failure::Failure;

/// What a line of the log is to a simulation.
pub(super) enum Line {
    /// Something else than the record of a request that was judged.
    Other,
    /// The record of a request.
    Request(Box<Recorded>),
    /// The record of a request that this version cannot read.
    Unreadable,
}

/// A request that was judged.
pub(super) struct Recorded {
    pub(super) request_id: String,
    pub(super) judged: Judged,
}

#[derive(Deserialize)]
struct Written {
    request_id: Option<String>,
    judged: Option<Value>,
}

/// Hands each line of `file` to `line`.
pub(super) fn read(file: &Path, mut line: impl FnMut(Line)) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::usage(format!("{}: {error}", file.display()));
    let source: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(failed)?))
    };
    for text in source.split(b'\n') {
        line(Line::parse(&text.map_err(failed)?));
    }
    Ok(())
}

impl Line {
    fn parse(text: &[u8]) -> Self {
        let Ok(Written { request_id: Some(request_id), judged: Some(judged) }) = serde_json::from_slice(text) else {
            return Self::Other;
        };
        match serde_json::from_value(judged) {
            Ok(judged) => Self::Request(Box::new(Recorded { request_id, judged })),
            Err(_) => Self::Unreadable,
        }
    }
}
