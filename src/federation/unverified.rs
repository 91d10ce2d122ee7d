//! What clients send to prove who they are, before anybody looked at it.

use std::fmt;

use zeroize::Zeroizing;

/// A JSON Web Token, compact form, that nobody has checked. `Debug` prints a placeholder.
pub struct UnverifiedJwt(Zeroizing<String>);

/// A base64 SAML response that nobody has checked. `Debug` prints a placeholder.
pub struct UnverifiedSaml(Zeroizing<String>);

impl UnverifiedJwt {
    /// Takes what a client sent.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl UnverifiedSaml {
    /// Takes what a client sent.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnverifiedJwt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnverifiedJwt(redacted)")
    }
}

impl fmt::Debug for UnverifiedSaml {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnverifiedSaml(redacted)")
    }
}
