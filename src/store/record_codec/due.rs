//! Records with an end: which names may be forgotten from when on, and which assertions were used.

use serde::{Deserialize, Serialize};

/// Names that may be forgotten once the time in this record's own name has come:
/// `due/<seconds since the epoch, 12 digits>/<name>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueRecord {
    /// The names.
    pub names: Vec<String>,
}

/// Says that an assertion made a key, and can make no other: `assertion/<hash>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedAssertionRecord {
    /// The key that it made.
    pub access_key_id: crate::identity::AccessKeyId,
}
