//! Records of access keys: the key, when it was used, and whose it is.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RecordError, decode, encode};
use crate::identity::{
    AccessKeyId, Attributes, Groups, OrganizationId, Origin, Permission, Principal, SecretDigest, TokenId,
};
use crate::store::{RecordKey, SealedSecret};

/// An access key: everything but its last use, which has a record of its own so that writing it can
/// never undo a change of this one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The key's id, the same as in the record's name.
    pub id: AccessKeyId,
    /// Whose key it is.
    pub principal: Principal,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The most it may do.
    pub permission: Permission,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    /// What the issuer attached to it.
    #[serde(default)]
    pub attributes: Attributes,
    /// The groups that an identity provider said its owner is in. A key made from an API token has none of
    /// its own: it follows its token.
    #[serde(default, skip_serializing_if = "Groups::is_empty")]
    pub groups: Groups,
    /// How it came to be.
    pub minted_from: MintedFrom,
    /// What the session token that has to come with the key hashes to; `None` if none may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretDigest>,
    /// Alive with a secret, or a tombstone without one.
    pub state: KeyState,
}

/// Whether a key is alive. There is no key without a secret, and no tombstone with one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyState {
    /// The key may be used until it expires.
    Active {
        /// The secret.
        secret: SealedSecret,
        /// A second secret that is valid too, while clients change over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_secret: Option<SealedSecret>,
    },
    /// The key was revoked and its secret destroyed.
    Revoked {
        /// When.
        at: Timestamp,
    },
}

/// What a key was made from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MintedFrom {
    /// An API token, which the key follows: what narrows or ends the one narrows or ends the other.
    ApiToken {
        /// Which.
        token: TokenId,
    },
    /// The word of an identity provider.
    Federated {
        /// Whose, and of whom.
        origin: Origin,
    },
    /// An administrator's command.
    Static {
        /// Whether id and secret were made elsewhere.
        imported: bool,
    },
}

/// Says that a principal has a key; what it says is in its name, `owned/<principal's hash>/<key id>`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedRecord {}

/// When an access key was last used, to the minute.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedRecord {
    /// The last use that was written down.
    pub last_used: Timestamp,
}

impl KeyState {
    /// The secrets that it holds: one or two while the key is alive, none afterwards.
    pub fn secrets(&self) -> impl Iterator<Item = &SealedSecret> {
        let (first, second) = match self {
            Self::Active { secret, second_secret } => (Some(secret), second_secret.as_ref()),
            Self::Revoked { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl KeyRecord {
    /// The name that this record is kept under.
    #[must_use]
    pub fn record_key(&self) -> RecordKey {
        RecordKey::for_access_key(&self.id)
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        let record: Self = decode(key, stored)?;
        if record.record_key() == *key { Ok(record) } else { Err(RecordError::Misfiled { key: key.clone() }) }
    }
}

impl UsedRecord {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// Reads the stored form of the record called `key`.
    pub fn decode(key: &RecordKey, stored: &[u8]) -> Result<Self, RecordError> {
        decode(key, stored)
    }
}
