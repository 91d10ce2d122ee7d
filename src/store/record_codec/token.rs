//! Records of API tokens, and the two ways to find one: by its secret's digest, and by the person at
//! an identity provider whom it stands for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RecordError, decode};
use crate::identity::{Groups, Permission, SecretDigest, TokenId};
use crate::store::RecordKey;

/// An API token: everything but its last use.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// The token's id, the same as in the record's name.
    pub id: TokenId,
    /// What it is for, in its creator's words.
    pub name: String,
    /// The most that it and its keys may do.
    pub permission: Permission,
    /// The groups that it and its keys are in.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends; `None` if never. Its keys go on.
    pub expires_at: Option<Timestamp>,
    /// What proves it.
    pub origin: TokenOrigin,
    /// Alive, or a tombstone.
    pub state: TokenState,
}

/// What proves a token.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenOrigin {
    /// A secret that was drawn here.
    Secret {
        /// What it hashes to.
        digest: SecretDigest,
    },
    /// Tokens of an identity provider, for one of its subjects.
    SingleSignOn {
        /// The id of the configuration that they are verified by.
        configuration: String,
        /// Their `iss`.
        issuer: String,
        /// Their `sub`.
        subject: String,
        /// The most that an administrator lets it do, whatever the identity provider says.
        at_most: Permission,
        /// Whether it may make permanent keys, as its configuration said at the last login.
        makes_permanent_keys: bool,
    },
}

/// Whether a token is alive.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenState {
    /// It may be used until it expires.
    Active {},
    /// It was revoked.
    Revoked {
        /// When.
        at: Timestamp,
        /// Whether the keys made from it go on.
        keeps_keys: bool,
    },
}

/// Which token a secret belongs to: `bearer/<digest>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BearerRecord {
    /// The token.
    pub token: TokenId,
}

/// Which token stands for a subject of an identity provider: `sso/<hash>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleSignOnRecord {
    /// The token.
    pub token: TokenId,
}

/// Why a token proves nothing any more, and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenEnd {
    /// Its time came.
    Expired(Timestamp),
    /// It was revoked.
    Revoked(Timestamp),
}

impl TokenRecord {
    /// Why it proves nothing at `now`; `None` while it does. Of several reasons, the most final.
    #[must_use]
    pub fn end_by(&self, now: Timestamp) -> Option<TokenEnd> {
        let off = crate::fault::check_is_off;
        match self.state {
            TokenState::Revoked { at, .. } if !off("token_revoked") => Some(TokenEnd::Revoked(at)),
            _ => self.expires_at.filter(|end| *end <= now && !off("token_expiry")).map(TokenEnd::Expired),
        }
    }

    /// The name that this record is kept under.
    #[must_use]
    pub fn record_key(&self) -> RecordKey {
        RecordKey::for_token(&self.id)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        let record: Self = decode(key, stored)?;
        if record.record_key() == *key { Ok(record) } else { Err(RecordError::Misfiled { key: key.clone() }) }
    }
}
