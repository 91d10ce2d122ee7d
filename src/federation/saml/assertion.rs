//! An assertion that passed every check.

use jiff::Timestamp;

use super::conditions::Validity;
use super::subject::Claims;
use crate::identity::Groups;

/// What a configured identity provider vouches for, to us, at this moment.
///
/// Only [`SamlTrust::verify`](super::SamlTrust::verify) makes one. It may have been used before: that
/// is for the caller to find out, by claiming [`assertion_id`](Self::assertion_id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    issuer: String,
    assertion_id: String,
    name_id: String,
    role: String,
    principal_name: String,
    groups: Groups,
    not_on_or_after: Timestamp,
    session_not_on_or_after: Option<Timestamp>,
}

impl VerifiedAssertion {
    pub(super) fn new(issuer: &str, assertion_id: &str, claims: Claims, validity: &Validity) -> Self {
        Self {
            issuer: issuer.to_owned(),
            assertion_id: assertion_id.to_owned(),
            name_id: claims.name_id,
            role: claims.role,
            principal_name: claims.principal_name,
            groups: claims.groups,
            not_on_or_after: validity.not_on_or_after,
            session_not_on_or_after: validity.session_not_on_or_after,
        }
    }

    /// The role: 1 to 64 characters of `[A-Za-z0-9_+=,.@-]`, as signed. The identity is `saml/<role>`.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// The name of the person or workload: 1 to 256 bytes, printable, as signed.
    pub fn principal_name(&self) -> &str {
        &self.principal_name
    }

    /// The groups: the values of the configured attribute, as signed; none if there is no such attribute.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The subject's name: up to 1024 bytes, printable, as signed.
    pub fn name_id(&self) -> &str {
        &self.name_id
    }

    /// The entity id of the identity provider.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The assertion's identifier, which its issuer uses once: up to 256 characters of
    /// `[A-Za-z0-9_.-]`. Another issuer may use the same one, so that a record of it needs both.
    pub fn assertion_id(&self) -> &str {
        &self.assertion_id
    }

    /// From when on this assertion is refused, clock skew included: until then, somebody has to
    /// remember that it was used. At most 24 hours and a minute after it was issued.
    pub fn not_on_or_after(&self) -> Timestamp {
        self.not_on_or_after
    }

    /// When the person's session at the identity provider ends, if it says so.
    pub fn session_not_on_or_after(&self) -> Option<Timestamp> {
        self.session_not_on_or_after
    }
}
