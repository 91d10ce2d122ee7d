//! Evidence: what a verified token or assertion of somebody else's proves. Only `federation` makes one,
//! once every check has passed, and only evidence makes a key for a federated identity.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Groups, Permission, Principal, SecretDigest};

/// Somebody whom a configured identity provider vouches for.
#[derive(Clone, Debug)]
pub struct Evidence {
    principal: Principal,
    origin: Origin,
    use_once: Option<UseOnce>,
    session_ends_at: Option<Timestamp>,
    at_most: Permission,
    groups: Groups,
}

/// Where evidence comes from, as it is kept with the keys that it makes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// An OIDC token.
    Oidc {
        /// The id of the configuration that it was verified by.
        configuration: String,
        /// Its `iss`, the same as the configuration's.
        issuer: String,
        /// Its `aud`, the same as the configuration's.
        audience: String,
        /// Its `sub`.
        subject: String,
        /// Its `jti`, if it has one.
        token_id: Option<String>,
    },
    /// A SAML assertion.
    Saml {
        /// The id of the configuration that it was verified by.
        configuration: String,
        /// The entity id of its issuer, the same as the configuration's.
        issuer: String,
        /// Its one value of the role attribute.
        role: String,
        /// Its one value of the principal name attribute: who that was, for people.
        principal_name: String,
        /// Its id.
        assertion_id: String,
    },
}

impl Origin {
    /// The id of the configuration that it was verified by.
    #[must_use]
    pub fn configuration(&self) -> &str {
        match self {
            Self::Oidc { configuration, .. } | Self::Saml { configuration, .. } => configuration,
        }
    }
}

/// Evidence that is good for one key: the name it is remembered by, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UseOnce {
    /// Stands for the configuration and the assertion's id.
    pub name: SecretDigest,
    /// The last moment at which it could still pass as valid.
    pub until: Timestamp,
}

impl Evidence {
    /// For `federation`, once every check has passed.
    pub(crate) fn verified(principal: Principal, origin: Origin) -> Self {
        let (at_most, groups) = (Permission::Admin, Groups::default());
        Self { principal, origin, use_once: None, session_ends_at: None, at_most, groups }
    }

    /// The same, good for one key.
    #[cfg_attr(not(feature = "saml"), expect(dead_code, reason = "only SAML assertions are like that"))]
    pub(crate) fn usable_once(self, use_once: UseOnce) -> Self {
        Self { use_once: Some(use_once), ..self }
    }

    /// The same, for keys that do not outlive the session at the identity provider.
    #[cfg_attr(not(feature = "saml"), expect(dead_code, reason = "only SAML assertions are like that"))]
    pub(crate) fn ending_with_session(self, session_ends_at: Option<Timestamp>) -> Self {
        Self { session_ends_at, ..self }
    }

    /// The same, of somebody who is in `groups`.
    pub(crate) fn in_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// The same, for keys that may do no more than `permission`.
    #[must_use]
    pub fn limited_to(self, permission: Permission) -> Self {
        Self { at_most: self.at_most.min(permission), ..self }
    }

    /// Who it is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Who says so.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Set if it is good for one key only.
    #[must_use]
    pub fn use_once(&self) -> Option<UseOnce> {
        self.use_once
    }

    /// The most that its keys may do, as far as the identity provider is concerned.
    #[must_use]
    pub fn at_most(&self) -> Permission {
        self.at_most
    }

    /// The groups that the identity provider says they are in.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// When the session at the identity provider ends: keys end with it.
    #[must_use]
    pub fn session_ends_at(&self) -> Option<Timestamp> {
        self.session_ends_at
    }
}
