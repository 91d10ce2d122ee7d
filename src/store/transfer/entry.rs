//! One line of the log that an export is: what a record was at some time, or that it was gone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::{KEYS, KeyRecord, RecordKey, SealKeyId, SealedSecret, Versioned};

/// A record as it was, or that there was none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    pub(super) key: RecordKey,
    /// `None` if it was removed.
    pub(super) value: Option<Bytes>,
    /// From when on the store may remove it.
    pub(super) until: Option<Timestamp>,
}

/// Tells one value of a record from another.
pub(super) type Fingerprint = [u8; 16];

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Entry {
    /// What a store holds of a record.
    pub(super) fn of(key: RecordKey, stored: Option<Versioned>) -> Self {
        let until = stored.as_ref().and_then(|stored| stored.until);
        Self { key, value: stored.map(|stored| stored.value), until }
    }

    /// Stands for the value; `None` if the record is gone.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        let mut hash = Sha256::new();
        // To the minute, and later rather than earlier: no store keeps it more exactly than every other.
        let minute = self.until.map(|until| (until.as_second() + 59).div_euclid(60));
        hash.update(minute.unwrap_or(i64::MAX).to_be_bytes());
        hash.update(self.value.as_ref()?);
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().copied()
    }

    /// The keys that its secrets are sealed under; none if it has none.
    pub(super) fn seal_keys(&self) -> Vec<SealKeyId> {
        let Some(value) = self.value.as_ref().filter(|_| self.key.as_str().starts_with(KEYS)) else {
            return Vec::new();
        };
        // One that cannot be read is carried along: whether it is of use is not decided here.
        let Ok(record) = KeyRecord::decode(&self.key, value) else { return Vec::new() };
        record.state.secrets().filter_map(SealedSecret::key).collect()
    }

    /// About how long it is when written.
    pub(super) fn size(&self) -> usize {
        self.key.as_str().len() + self.value.as_ref().map_or(0, |value| value.len() / 3 * 4) + 32
    }
}

/// Entries as one page's bytes.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let written = entries.iter().map(|entry| Written {
        name: entry.key.as_str().to_owned(),
        value: entry.value.as_ref().map(|value| BASE64.encode(value)),
        until: entry.until,
    });
    serde_json::to_vec(&written.collect::<Vec<_>>()).expect("texts can be written as JSON")
}

/// Reads what [`encode`] wrote; `None` if it is anything else.
pub(super) fn decode(page: &[u8]) -> Option<Vec<Entry>> {
    let written: Vec<Written> = serde_json::from_slice(page).ok()?;
    let read = |written: Written| {
        let value = match written.value {
            Some(value) => Some(Bytes::from(BASE64.decode(value).ok()?)),
            None => None,
        };
        Some(Entry { key: RecordKey::parse(&written.name).ok()?, value, until: written.until })
    };
    written.into_iter().map(read).collect()
}
