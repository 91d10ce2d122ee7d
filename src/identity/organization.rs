//! The organization that owns keys, buckets and policies.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An organization id: 1 to 64 characters of `a-z 0-9 -`, as it stands in principal ARNs.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganizationId(Arc<str>);

/// Why a string is no organization id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an organization id has 1 to 64 characters of a-z, 0-9 and -")]
pub struct OrganizationIdError;

impl OrganizationId {
    /// Accepts `text` if it has the form of an organization id.
    ///
    /// # Errors
    /// [`OrganizationIdError`] if the length or the alphabet is wrong.
    pub fn parse(text: &str) -> Result<Self, OrganizationIdError> {
        let right =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if right { Ok(Self(text.into())) } else { Err(OrganizationIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OrganizationId {
    type Error = OrganizationIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<OrganizationId> for String {
    fn from(id: OrganizationId) -> Self {
        id.0.as_ref().into()
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
