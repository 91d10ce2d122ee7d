//! How records are named: a kind, a slash, and what it is about.

use std::fmt;
use std::sync::Arc;

use crate::identity::{AccessKeyId, Principal};

/// The prefix of access key records: `key/<access key id>`.
pub const KEYS: &str = "key/";
/// The prefix of principal records: `principal/<principal>`.
pub const PRINCIPALS: &str = "principal/";
/// The prefix of last-use records: `used/<access key id>`.
pub const USED: &str = "used/";

/// The name of a record: 1 to 4096 bytes without control characters. Ordered by bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordKey(Arc<str>);

/// Why a string is no record name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a record's name has 1 to 4096 bytes and no control characters")]
pub struct RecordKeyError;

impl RecordKey {
    /// Accepts `text` if it has the form of a record name.
    pub fn parse(text: &str) -> Result<Self, RecordKeyError> {
        let right = (1..=4096).contains(&text.len()) && !text.chars().any(char::is_control);
        if right { Ok(Self(text.into())) } else { Err(RecordKeyError) }
    }

    /// The record of an access key.
    #[must_use]
    pub fn for_access_key(id: &AccessKeyId) -> Self {
        Self(format!("{KEYS}{id}").into())
    }

    /// The record of a principal.
    #[must_use]
    pub fn for_principal(principal: &Principal) -> Self {
        // A principal is shorter than this name may be and holds no control characters.
        Self(format!("{PRINCIPALS}{principal}").into())
    }

    /// The record of when an access key was last used.
    #[must_use]
    pub fn for_use_of(id: &AccessKeyId) -> Self {
        Self(format!("{USED}{id}").into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The access key that a `key/` or `used/` record is about.
    #[must_use]
    pub fn access_key(&self) -> Option<AccessKeyId> {
        let id = self.0.strip_prefix(KEYS).or_else(|| self.0.strip_prefix(USED))?;
        AccessKeyId::parse(id).ok()
    }

    /// The principal that a `principal/` record is about.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        Principal::parse(self.0.strip_prefix(PRINCIPALS)?).ok()
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
