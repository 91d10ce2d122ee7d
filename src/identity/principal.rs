//! Who a key belongs to.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::AccessKeyId;

/// The identity that a key belongs to, such as `static/CW…` or `saml/<role>`. Compared as one whole
/// value and never split apart again: the prefix is set here, by the constructor, and what an issuer
/// or a person wrote follows it as it is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Principal(Arc<str>);

/// Why a string is no principal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a principal is one of coreweave/, saml/, role/ or static/ followed by 1 to 2048 printable characters")]
pub struct PrincipalError;

impl Principal {
    /// The identity of a static key: `static/<key-id>`.
    #[must_use]
    pub fn for_static_key(id: &AccessKeyId) -> Self {
        Self(format!("static/{id}").into())
    }

    /// Accepts `text` as a principal that an administrator typed or the store kept.
    ///
    /// # Errors
    /// [`PrincipalError`] if the prefix is unknown, nothing follows it, or a control character occurs.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        let rest = ["coreweave/", "saml/", "role/", "static/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .ok_or(PrincipalError)?;
        let right = (1..=2048).contains(&rest.len()) && !rest.chars().any(char::is_control);
        if right { Ok(Self(text.into())) } else { Err(PrincipalError) }
    }

    /// The principal as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Principal {
    type Error = PrincipalError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.0.as_ref().into()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
