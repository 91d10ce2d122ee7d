//! Records of principals.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RecordError, decode, encode};
use crate::store::RecordKey;

/// What is known of a principal beyond its keys.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalRecord {
    /// Since when its keys are refused; `None` if they are not.
    pub suspended_since: Option<Timestamp>,
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
