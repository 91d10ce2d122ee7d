//! The records and their stored form: JSON with a version in front, `{"v":1,"record":{...}}`.
//!
//! A stored record that this version does not fully understand is an error, never half understood: a
//! field that is skipped could be the one that says "not any more".

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{RecordKey, SealedSecret};
use crate::identity::{AccessKeyId, OrganizationId, Permission, Principal};

/// An access key: everything but its last use, which has a record of its own so that writing it can
/// never undo a change of this one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The key's id, the same as in the record's name.
    pub id: AccessKeyId,
    /// Whose key it is.
    pub principal: Principal,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The most it may do.
    pub permission: Permission,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    /// What the issuer attached to it.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// How it came to be.
    pub minted_from: MintedFrom,
    /// Alive with a secret, or a tombstone without one.
    pub state: KeyState,
}

/// Whether a key is alive. There is no key without a secret, and no tombstone with one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyState {
    /// The key may be used until it expires.
    Active {
        /// The secret.
        secret: SealedSecret,
        /// A second secret that is valid too, while clients change over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_secret: Option<SealedSecret>,
    },
    /// The key was revoked and its secret destroyed.
    Revoked {
        /// When.
        at: Timestamp,
    },
}

/// What a key was made from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MintedFrom {
    /// An administrator's command.
    Static {
        /// Whether id and secret were made elsewhere.
        imported: bool,
    },
}

/// What is known of a principal beyond its keys.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalRecord {
    /// Since when its keys are refused; `None` if they are not.
    pub suspended_since: Option<Timestamp>,
}

/// When an access key was last used, to the minute.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedRecord {
    /// The last use that was written down.
    pub last_used: Timestamp,
}

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

impl KeyRecord {
    /// The name that this record is kept under.
    #[must_use]
    pub fn record_key(&self) -> RecordKey {
        RecordKey::for_access_key(&self.id)
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        let record: Self = decode(key, stored)?;
        if record.record_key() == *key { Ok(record) } else { Err(RecordError::Misfiled { key: key.clone() }) }
    }
}

impl PrincipalRecord {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        decode(key, stored)
    }
}

impl UsedRecord {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        decode(key, stored)
    }
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

fn encode<T: Serialize>(record: &T) -> Bytes {
    let written = Written { v: VERSION, record };
    serde_json::to_vec(&written).expect("records have string keys and no fallible serializers").into()
}

fn decode<T: DeserializeOwned>(key: &RecordKey, stored: &[u8]) -> Result<T, RecordError> {
    let malformed = |error: serde_json::Error| RecordError::Malformed { key: key.clone(), reason: error.to_string() };
    // The version is judged first: what follows it may be in a form that does not parse.
    let StoredVersion { v } = serde_json::from_slice(stored).map_err(malformed)?;
    if v != VERSION {
        return Err(RecordError::Version { key: key.clone(), found: v });
    }
    serde_json::from_slice::<Stored<T>>(stored).map(|stored| stored.record).map_err(malformed)
}

const VERSION: u32 = 1;
