//! Attributes of an access key: names and values that whoever asks for a key attaches to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// At most 15 attributes. A name is a lower-case DNS label (1 to 63 characters of `a-z 0-9 -`, beginning
/// and ending with a letter or digit) that does not begin with `cw-`, `role` or `groups`; a value is a
/// Kubernetes label value (at most 63 characters of `A-Z a-z 0-9 - _ .`, beginning and ending with a
/// letter or digit) or empty.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Attributes(BTreeMap<String, String>);

/// Why attributes are not acceptable. Names the offending one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AttributesError {
    /// A name of the wrong form, or one that is reserved.
    #[error(
        "the attribute name {0:?} must have 1 to 63 characters of a-z, 0-9 and -, begin and end with a letter or \
         digit, and not begin with cw-, role or groups"
    )]
    Name(String),
    /// Too many.
    #[error("a key has at most 15 attributes")]
    TooMany,
    /// A value of the wrong form.
    #[error(
        "the value of the attribute {0:?} must be empty or have at most 63 characters of A-Z, a-z, 0-9, -, _ and ., \
         beginning and ending with a letter or digit"
    )]
    Value(String),
}

impl Attributes {
    /// Accepts `attributes` if each of them is of the right form.
    ///
    /// # Errors
    /// [`AttributesError`], for the first that is not.
    pub fn parse(attributes: BTreeMap<String, String>) -> Result<Self, AttributesError> {
        if attributes.len() > 15 {
            return Err(AttributesError::TooMany);
        }
        for (name, value) in &attributes {
            if !is_name(name) {
                return Err(AttributesError::Name(name.chars().take(80).collect()));
            }
            if !is_value(value) {
                return Err(AttributesError::Value(name.clone()));
            }
        }
        Ok(Self(attributes))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl TryFrom<BTreeMap<String, String>> for Attributes {
    type Error = AttributesError;

    fn try_from(attributes: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        Self::parse(attributes)
    }
}

impl From<Attributes> for BTreeMap<String, String> {
    fn from(attributes: Attributes) -> Self {
        attributes.0
    }
}

fn is_name(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && edge(text.bytes().next())
        && edge(text.bytes().next_back())
        && !RESERVED.iter().any(|reserved| text.starts_with(reserved))
}

fn is_value(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && edge(text.bytes().next())
        && edge(text.bytes().next_back())
}

/// What Portcullis itself says of a key.
const RESERVED: [&str; 3] = ["cw-", "role", "groups"];
