//! The records and their stored form: JSON with a version in front, `{"v":1,"record":{...}}`.
//!
//! A stored record that this version does not fully understand is an error, never half understood: a
//! field that is skipped could be the one that says "not any more".

mod assertion;
mod cutoff;
mod key;
mod principal;
mod token;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::RecordKey;

pub use assertion::UsedAssertionRecord;
pub use cutoff::{CutoffRecord, CutoffScope};
pub use key::{KeyRecord, KeyState, MintedFrom, OwnedRecord, UsedRecord};
pub use principal::PrincipalRecord;
pub use token::{BearerRecord, SingleSignOnRecord, TokenEnd, TokenOrigin, TokenRecord, TokenState};

/// Why a stored record could not be read. The store, or a newer version of this program, is at fault.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not in the form that this version writes.
    #[error("the record {key} cannot be read: {reason}")]
    Malformed {
        /// The record.
        key: RecordKey,
        /// What is wrong. A sealed secret may show in it, an open one cannot.
        reason: String,
    },
    /// A newer version wrote it.
    #[error("the record {key} has version {found}, and this program knows only version {VERSION}")]
    Version {
        /// The record.
        key: RecordKey,
        /// Its version.
        found: u32,
    },
    /// It is filed under another key's name.
    #[error("the record {key} is about another key")]
    Misfiled {
        /// The record.
        key: RecordKey,
    },
}

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    record: &'a T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T> {
    #[serde(rename = "v")]
    _version: u32,
    record: T,
}

#[derive(Deserialize)]
struct StoredVersion {
    v: u32,
}

/// The stored form of `record`, a struct with string keys and no fallible serializers.
#[must_use]
pub fn encode<T: Serialize>(record: &T) -> Bytes {
    let written = Written { v: VERSION, record };
    serde_json::to_vec(&written).expect("records have string keys and no fallible serializers").into()
}

/// Reads the stored form of the record called `key`.
///
/// # Errors
/// [`RecordError`]; a form that this version does not fully understand is one.
pub fn decode<T: DeserializeOwned>(key: &RecordKey, stored: &[u8]) -> Result<T, RecordError> {
    let malformed = |error: serde_json::Error| RecordError::Malformed { key: key.clone(), reason: error.to_string() };
    // The version is judged first: what follows it may be in a form that does not parse.
    let StoredVersion { v } = serde_json::from_slice(stored).map_err(malformed)?;
    if v != VERSION {
        return Err(RecordError::Version { key: key.clone(), found: v });
    }
    serde_json::from_slice::<Stored<T>>(stored).map(|stored| stored.record).map_err(malformed)
}

const VERSION: u32 = 1;
