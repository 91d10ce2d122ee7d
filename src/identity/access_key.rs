//! The public half of an access key: its id.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// An access key id: 16 to 128 characters of `A-Z a-z 0-9 _`. The length and alphabet are judged
/// before any store is asked, so that nothing a client invents reaches a look-up.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(Arc<str>);

/// Why a string is no access key id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an access key id has 16 to 128 characters of A-Z, a-z, 0-9 and _")]
pub struct AccessKeyIdError;

impl AccessKeyId {
    /// Draws a new id: `CW` and 18 characters of A-Z2-7, 90 bits of `random`.
    pub fn generate(random: &mut impl Rng) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut bits = [0_u8; 18];
        random.fill_bytes(&mut bits);
        let mut id = String::from("CW");
        // 32 divides 256, so taking five bits of each byte is uniform.
        id.extend(bits.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])));
        Self(id.into())
    }

    /// Accepts `text` if it has the form of an access key id.
    ///
    /// # Errors
    /// [`AccessKeyIdError`] if the length or the alphabet is wrong.
    pub fn parse(text: &str) -> Result<Self, AccessKeyIdError> {
        let right =
            (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if right { Ok(Self(text.into())) } else { Err(AccessKeyIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccessKeyId {
    type Error = AccessKeyIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AccessKeyId> for String {
    fn from(id: AccessKeyId) -> Self {
        id.0.as_ref().into()
    }
}

impl Borrow<str> for AccessKeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
