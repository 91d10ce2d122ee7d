//! What a key is issued for: who proved what, how long it may live and how much it may do.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use super::TokenHolder;
use crate::identity::{Attributes, Evidence, Groups, Permission, Principal, UseOnce};
use crate::store::MintedFrom;

/// A key that may be issued. Made from a verified token or from verified evidence, and from nothing else.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(super) principal: Principal,
    pub(super) permission: Permission,
    pub(super) life: KeyLife,
    pub(super) attributes: Attributes,
    /// Of the key itself: one that follows a token has none.
    pub(super) groups: Groups,
    pub(super) minted_from: MintedFrom,
    pub(super) with_session_token: bool,
    pub(super) use_once: Option<UseOnce>,
    pub(super) ends_before: Option<Timestamp>,
    pub(super) may_be_permanent: bool,
}

/// How long a key lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyLife {
    /// For ever, unless revoked.
    Permanent,
    /// This many seconds, at most [`KeyLife::LONGEST`].
    Seconds(NonZeroU32),
}

impl KeyLife {
    /// The longest life of a temporary key: 12 hours.
    pub const LONGEST: Duration = Duration::from_hours(12);
}

impl Grant {
    /// For the holder of an API token. `ceiling` is the most that its principal may do.
    #[must_use]
    pub fn from_token(holder: &TokenHolder, ceiling: Permission, life: KeyLife) -> Self {
        Self {
            principal: holder.principal().clone(),
            permission: holder.permission().min(ceiling),
            life,
            attributes: Attributes::default(),
            groups: Groups::default(),
            minted_from: MintedFrom::ApiToken { token: holder.token().clone() },
            with_session_token: false,
            use_once: None,
            ends_before: None,
            may_be_permanent: holder.may_make_permanent_keys(),
        }
    }

    /// For whom an identity provider vouches. `ceiling` is the most that the principal may do; beside what
    /// the evidence says, nothing else limits such a key until policies decide. It is never permanent.
    #[must_use]
    pub fn from_evidence(evidence: &Evidence, ceiling: Permission, seconds: NonZeroU32) -> Self {
        Self {
            principal: evidence.principal().clone(),
            permission: evidence.at_most().min(ceiling),
            life: KeyLife::Seconds(seconds),
            attributes: Attributes::default(),
            groups: evidence.groups().clone(),
            minted_from: MintedFrom::Federated { origin: evidence.origin().clone() },
            with_session_token: false,
            use_once: evidence.use_once(),
            ends_before: evidence.session_ends_at(),
            may_be_permanent: false,
        }
    }

    /// The same, with attributes attached to the key.
    #[must_use]
    pub fn with_attributes(self, attributes: Attributes) -> Self {
        Self { attributes, ..self }
    }

    /// The same, for a key that works only together with a session token.
    #[must_use]
    pub fn with_session_token(self) -> Self {
        Self { with_session_token: true, ..self }
    }
}
