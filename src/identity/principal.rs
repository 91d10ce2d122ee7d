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
#[error("a principal is one of coreweave/, saml/, role/ or static/ followed by 1 to 2048 visible ASCII characters")]
pub struct PrincipalError;

/// Why what an identity provider says of somebody makes no principal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SubjectError {
    /// The subject continues its issuer: together they could be another issuer's subject.
    #[error("a subject of an issuer that names no port must not begin like one: digits or a path, then a colon")]
    Ambiguous,
    /// The configured issuer is no URL that can stand in a principal.
    #[error(
        "an issuer is a URL of scheme, host, port and path, in visible ASCII without * ? # @ and \\, with no colon in \
         its path"
    )]
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
    /// `configured_issuer` is what an administrator wrote, never what a token says. No two pairs of
    /// issuer and subject make the same principal.
    ///
    /// # Errors
    /// [`SubjectError::Subject`] unless `subject` has 1 to 255 visible ASCII characters without `*` and
    /// `?`, which are wildcards in policies; [`SubjectError::Issuer`] and [`SubjectError::Ambiguous`] for
    /// a pair that another pair could be mistaken for.
    pub fn for_oidc_subject(configured_issuer: &str, subject: &str) -> Result<Self, SubjectError> {
        let right = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'?');
        if !(1..=255).contains(&subject.len()) || !subject.bytes().all(right) {
            return Err(SubjectError::Subject);
        }
        let port_may_follow = port_may_follow(configured_issuer).ok_or(SubjectError::Issuer)?;
        if port_may_follow && reads_as_port_and_path(subject) {
            return Err(SubjectError::Ambiguous);
        }
        Self::parse(&format!("role/{configured_issuer}:{subject}")).map_err(|_| SubjectError::Issuer)
    }

    /// Accepts `text` as a principal that an administrator typed or the store kept.
    ///
    /// # Errors
    /// [`PrincipalError`] if the prefix is unknown, nothing follows it, or anything but visible ASCII occurs.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        let rest = ["coreweave/", "saml/", "role/", "static/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .ok_or(PrincipalError)?;
        let right = (1..=2048).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_graphic());
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

/// Whether `issuer` and a colon could be the beginning of another issuer: only before a port, since no
/// path may hold a colon. `None` if `issuer` cannot stand in a principal.
fn port_may_follow(issuer: &str) -> Option<bool> {
    let right = |byte: u8| byte.is_ascii_graphic() && !b"*?#@\\".contains(&byte);
    let (_, after_scheme) = issuer.split_once("://")?;
    let (host, path) = after_scheme.find('/').map_or((after_scheme, ""), |at| after_scheme.split_at(at));
    // The colons of an address in brackets are no port's.
    let colons = host.rsplit_once(']').map_or(host, |(_, after)| after).matches(':').count();
    if host.is_empty() || path.contains(':') || colons > 1 || !issuer.bytes().all(right) {
        return None;
    }
    Some(path.is_empty() && colons == 0)
}

/// Whether `subject` is a port and perhaps a path, and a subject of its own after a colon.
fn reads_as_port_and_path(subject: &str) -> bool {
    let after_port = subject.trim_start_matches(|c: char| c.is_ascii_digit());
    after_port.starts_with(':') || (after_port.starts_with('/') && after_port.contains(':'))
}
