//! Shows tokens to administrators: everything but the digest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity::{Groups, Permission, Principal, TokenId};
use crate::store::{TokenOrigin, TokenRecord, TokenState};

/// What an administrator may know of an API token. Its serialized form is that of the management routes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// The token's id.
    #[schema(value_type = String)]
    pub token_id: TokenId,
    /// What it is for, in its creator's words.
    pub name: String,
    /// Whether it can be used now.
    pub status: TokenStatus,
    /// Whose keys it makes.
    #[serde(rename = "principalName")]
    #[schema(value_type = String)]
    pub principal: Principal,
    /// The most that it and its keys may do.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// The groups that it and its keys are in.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub groups: Groups,
    /// What proves it.
    pub source: TokenSource,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends; `None` if never.
    #[serde(rename = "expiry")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The minute of its last use, as far as written down.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a token can be used, and if not, why. Of several reasons, the most final.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// It can be used.
    Active,
    /// It has ended; the keys made from it go on.
    Expired,
    /// It was revoked.
    #[default]
    Revoked,
    /// Its principal is suspended.
    Suspended,
}

/// What proves a token.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TokenSource {
    /// A secret that was shown at its creation.
    Secret,
    /// Tokens of an identity provider, for one of its subjects.
    SingleSignOn {
        /// Their `iss`.
        issuer: String,
        /// Their `sub`.
        subject: String,
    },
}

impl TokenStatus {
    /// The word for people and for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
        }
    }
}

impl TokenInfo {
    pub(super) fn new(record: &TokenRecord, is_suspended: bool, last_used: Option<Timestamp>, now: Timestamp) -> Self {
        let revoked_at = match record.state {
            TokenState::Active {} => None,
            TokenState::Revoked { at, .. } => Some(at),
        };
        let status = if revoked_at.is_some() {
            TokenStatus::Revoked
        } else if record.expires_at.is_some_and(|end| end <= now) {
            TokenStatus::Expired
        } else if is_suspended {
            TokenStatus::Suspended
        } else {
            TokenStatus::Active
        };
        let source = match &record.origin {
            TokenOrigin::Secret { .. } => TokenSource::Secret,
            TokenOrigin::SingleSignOn { issuer, subject, .. } => {
                TokenSource::SingleSignOn { issuer: issuer.clone(), subject: subject.clone() }
            }
        };
        Self {
            token_id: record.id.clone(),
            name: record.name.clone(),
            status,
            principal: Principal::for_token(&record.id),
            permission: record.permission,
            groups: record.groups.clone(),
            source,
            created_at: record.created_at,
            expires_at: record.expires_at,
            last_used,
            revoked_at,
        }
    }
}
