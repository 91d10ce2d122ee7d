//! Who a key belongs to.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AccessKeyId, TokenId};

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

/// Why what an identity provider says of somebody makes no principal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SubjectError {
    /// The configured issuer is too long or holds a control character.
    #[error("the issuer is no part of a principal")]
    Issuer,
    /// A role of the wrong form.
    #[error("a role has 1 to 64 characters of A-Z, a-z, 0-9, _, +, =, comma, ., @ and -")]
    Role,
    /// A subject of the wrong form.
    #[error("a subject has 1 to 255 visible ASCII characters, without * and ?")]
    Subject,
}

impl Principal {
    /// The identity of a static key: `static/<key-id>`.
    #[must_use]
    pub fn for_static_key(id: &AccessKeyId) -> Self {
        Self(format!("static/{id}").into())
    }

    /// The identity of the keys that an API token makes: `coreweave/<token-id>`.
    #[must_use]
    pub fn for_token(id: &TokenId) -> Self {
        Self(format!("coreweave/{id}").into())
    }

    /// The identity of the keys that a role in a SAML assertion makes: `saml/<role>`.
    ///
    /// # Errors
    /// [`SubjectError::Role`] unless `role` has 1 to 64 characters of `A-Z a-z 0-9 _ + = , . @ -`.
    pub fn for_saml_role(role: &str) -> Result<Self, SubjectError> {
        let right = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(1..=64).contains(&role.len()) || !role.bytes().all(right) {
            return Err(SubjectError::Role);
        }
        Ok(Self(format!("saml/{role}").into()))
    }

    /// The identity of the keys that the subject of an OIDC token makes: `role/<issuer>:<sub>`, where
    /// `configured_issuer` is what an administrator wrote, never what a token says.
    ///
    /// # Errors
    /// [`SubjectError::Subject`] unless `subject` has 1 to 255 visible ASCII characters without `*` and
    /// `?`, which are wildcards in policies.
    pub fn for_oidc_subject(configured_issuer: &str, subject: &str) -> Result<Self, SubjectError> {
        let right = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'?');
        if !(1..=255).contains(&subject.len()) || !subject.bytes().all(right) {
            return Err(SubjectError::Subject);
        }
        Self::parse(&format!("role/{configured_issuer}:{subject}")).map_err(|_| SubjectError::Issuer)
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
