//! How records are named: a kind, a slash, and what it is about.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::CutoffScope;
use crate::identity::{AccessKeyId, Principal, SecretDigest, TokenId};

/// The prefix of access key records: `key/<access key id>`.
pub const KEYS: &str = "key/";
/// The prefix of principal records: `principal/<principal>`.
pub const PRINCIPALS: &str = "principal/";
/// The prefix of last-use records: `used/<access key id>`.
pub const USED: &str = "used/";

/// The prefix of ownership records: `owned/<principal's hash>/<access key id>`.
pub const OWNED: &str = "owned/";
/// The prefix of API token records: `token/<token id>`.
pub const TOKENS: &str = "token/";
/// The prefix of last-use records of tokens: `token-used/<token id>`.
pub const TOKENS_USED: &str = "token-used/";
/// The prefix of federation configurations: `federation/<kind>/<configuration id>`.
pub const FEDERATION: &str = "federation/";
const FEDERATION_UNIQUE: &str = "federation-unique/";
/// The prefix of organization policies: `policy/<name>`.
pub const POLICIES: &str = "policy/";
/// The prefix of what is kept about buckets: `bucket/<bucket>`.
pub const BUCKETS: &str = "bucket/";
/// The prefix of what is kept about the organization: `organization/settings`.
pub const ORGANIZATION: &str = "organization/";
/// The prefix of records that end many keys at once: `cutoff/<scope>`.
pub const CUTOFFS: &str = "cutoff/";

/// The name of a record: 1 to 4096 bytes without control characters. Ordered by bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordKey(Arc<str>);

/// Why a string is no record name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a record's name has 1 to 4096 bytes and no control characters")]
pub struct RecordKeyError;

impl RecordKey {
    /// Accepts `text` if it has the form of a record name.
    pub fn parse(text: &str) -> Result<Self, RecordKeyError> {
        let right = (1..=4096).contains(&text.len()) && !text.chars().any(char::is_control);
        if right { Ok(Self(text.into())) } else { Err(RecordKeyError) }
    }

    /// The record of an access key.
    #[must_use]
    pub fn for_access_key(id: &AccessKeyId) -> Self {
        Self(format!("{KEYS}{id}").into())
    }

    /// The record of a principal.
    #[must_use]
    pub fn for_principal(principal: &Principal) -> Self {
        // A principal is shorter than this name may be and holds no control characters.
        Self(format!("{PRINCIPALS}{principal}").into())
    }

    /// The record of when an access key was last used.
    #[must_use]
    pub fn for_use_of(id: &AccessKeyId) -> Self {
        Self(format!("{USED}{id}").into())
    }

    /// The prefix of the records that say which keys a principal has.
    #[must_use]
    pub fn prefix_of_owned(principal: &Principal) -> String {
        // Hashed: a principal may hold slashes, and one may begin with another.
        format!("{OWNED}{}/", hash(&[principal.as_str()]))
    }

    /// The record that says that a principal has a key.
    #[must_use]
    pub fn for_owned(principal: &Principal, id: &AccessKeyId) -> Self {
        Self(format!("{}{id}", Self::prefix_of_owned(principal)).into())
    }

    /// The record of an API token.
    #[must_use]
    pub fn for_token(id: &TokenId) -> Self {
        Self(format!("{TOKENS}{id}").into())
    }

    /// The record of when an API token was last used.
    #[must_use]
    pub fn for_use_of_token(id: &TokenId) -> Self {
        Self(format!("{TOKENS_USED}{id}").into())
    }

    /// The record of which token a secret belongs to.
    #[must_use]
    pub fn for_bearer(digest: &SecretDigest) -> Self {
        Self(format!("bearer/{}", digest.to_hex()).into())
    }

    /// The record of which token stands for a subject of an identity provider.
    #[must_use]
    pub fn for_single_sign_on(configuration: &str, subject: &str) -> Self {
        Self(format!("sso/{}", hash(&[configuration, subject])).into())
    }

    /// The record of an assertion that was used.
    #[must_use]
    pub fn for_used_assertion(name: &SecretDigest) -> Self {
        Self(format!("assertion/{}", name.to_hex()).into())
    }

    /// The record that ends the keys of `scope`.
    #[must_use]
    pub fn for_cutoff(scope: &CutoffScope) -> Self {
        Self(match scope {
            CutoffScope::Everything {} => format!("{CUTOFFS}everything").into(),
            CutoffScope::Principal { principal } => {
                format!("{CUTOFFS}principal/{}", hash(&[principal.as_str()])).into()
            }
            CutoffScope::Federation { configuration } => {
                format!("{CUTOFFS}federation/{}", hash(&[configuration])).into()
            }
        })
    }

    /// A federation configuration: `federation/<kind>/<configuration id>`. `None` if `id` is no part of
    /// a record's name.
    #[must_use]
    pub fn for_federation(kind: &'static str, id: &str) -> Option<Self> {
        Self::parse(&format!("{FEDERATION}{kind}/{id}")).ok()
    }

    /// The record that no two federation configurations share: of those whose `parts` are the same, one
    /// only can be created.
    #[must_use]
    pub fn for_unique_federation(kind: &'static str, parts: &[&str]) -> Self {
        Self(format!("{FEDERATION_UNIQUE}{kind}/{}", hash(parts)).into())
    }

    /// The organization policy called `name`: `policy/<name>`. `None` if that is no part of a record's name.
    #[must_use]
    pub fn for_policy(name: &str) -> Option<Self> {
        Self::parse(&format!("{POLICIES}{name}")).ok()
    }

    /// The record that every additional organization policy changes, so that they are added one after the
    /// other.
    #[must_use]
    pub fn for_policy_turn() -> Self {
        Self("policy-turn".into())
    }

    /// What is kept about a bucket: `bucket/<bucket>`. `None` if that is no part of a record's name.
    #[must_use]
    pub fn for_bucket(bucket: &str) -> Option<Self> {
        Self::parse(&format!("{BUCKETS}{bucket}")).ok()
    }

    /// What tells whether a node has the key that the others seal with.
    #[must_use]
    pub fn for_seal_mark() -> Self {
        Self("seal-mark".into())
    }

    /// What is being moved into this store, and how far that is.
    #[must_use]
    pub fn for_transfer_mark() -> Self {
        Self("transfer-mark".into())
    }

    /// What is written to hear of it.
    #[must_use]
    pub fn for_transfer_probe() -> Self {
        Self("transfer-probe".into())
    }

    /// Whether it says something of this store alone, and stays where it is when records are moved.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        let name = self.as_str();
        matches!(name, "format" | "seal-mark" | "transfer-mark" | "transfer-probe")
            || ["beat/", "epoch/"].iter().any(|prefix| name.starts_with(prefix))
    }

    /// The settings of the organization.
    #[must_use]
    pub fn for_organization_settings() -> Self {
        Self(format!("{ORGANIZATION}settings").into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The access key that a `key/` or `used/` record is about.
    #[must_use]
    pub fn access_key(&self) -> Option<AccessKeyId> {
        let id = self.0.strip_prefix(KEYS).or_else(|| self.0.strip_prefix(USED))?;
        AccessKeyId::parse(id).ok()
    }

    /// The access key that an `owned/` record is about.
    #[must_use]
    pub fn owned_access_key(&self) -> Option<AccessKeyId> {
        AccessKeyId::parse(self.0.strip_prefix(OWNED)?.split_once('/')?.1).ok()
    }

    /// The token that a `token/` or `token-used/` record is about.
    #[must_use]
    pub fn token(&self) -> Option<TokenId> {
        TokenId::parse(self.0.strip_prefix(TOKENS).or_else(|| self.0.strip_prefix(TOKENS_USED))?).ok()
    }

    /// The principal that a `principal/` record is about.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        Principal::parse(self.0.strip_prefix(PRINCIPALS)?).ok()
    }
}

/// Stands for a list of texts: each with its length, so that no two lists look alike.
fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    const_hex::encode(hash.finalize())
}

impl fmt::Display for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
