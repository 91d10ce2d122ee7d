//! A key that can verify: the record opened, with its signing keys derived once a day and region.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::civil::Date;
use rand::CryptoRng;

use super::issue::forgotten_at;
use crate::identity::{
    AccessKeyId, Attributes, Groups, OrganizationId, Permission, Principal, SecretAccessKey, SecretDigest, TokenId,
};
use crate::sigv4::SigningKey;
use crate::store::{KeyRecord, MintedFrom};

/// An access key with its secret open, ready to verify signatures. Lives in the cache; wiped when the
/// last holder lets go of it.
pub struct LiveKey {
    /// The key's id.
    pub id: AccessKeyId,
    /// Whose key it is.
    pub principal: Principal,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// Both as one: every request needs it.
    arn: Box<str>,
    /// The most it could do when it was made: see [`Keys::permission_of`](super::Keys::permission_of).
    pub(super) permission: Permission,
    /// What whoever asked for it attached to it.
    pub attributes: Attributes,
    /// The groups it was made with: see [`Keys::standing_of`](super::Keys::standing_of).
    pub(super) groups: Groups,
    /// When it was issued.
    pub(super) issued_at: Timestamp,
    /// The configuration by which somebody vouched for its holder, if somebody did.
    pub(super) vouched_by: Option<Box<str>>,
    /// When it ends, to be judged at each request; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    /// From when on nothing is known of it any more; `None` if it is kept for ever.
    pub(super) until: Option<Timestamp>,
    /// The API token that it was made from, and follows.
    pub(super) minted_by: Option<TokenId>,
    session_token: Option<SecretDigest>,
    secret: SecretAccessKey,
    derived: ArcSwap<Vec<Arc<Derived>>>,
    /// The minute, since the epoch, of the last use that was noted.
    noted_minute: AtomicI64,
}

/// Why the session token of a request does not go with its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SessionTokenError {
    /// The key needs one and none came.
    #[error("this access key works only together with its session token")]
    Missing,
    /// One came, and the key has none.
    #[error("this access key has no session token")]
    Unwanted,
    /// It is another key's, or nobody's.
    #[error("this is not the session token of this access key")]
    Wrong,
}

struct Derived {
    date: Date,
    region: Box<str>,
    service: Box<str>,
    key: SigningKey,
}

impl LiveKey {
    pub(super) fn new(record: KeyRecord, secret: SecretAccessKey) -> Self {
        let until = forgotten_at(&record);
        let (minted_by, vouched_by) = match record.minted_from {
            MintedFrom::ApiToken { token } => (Some(token), None),
            MintedFrom::Federated { origin } => (None, Some(origin.configuration().into())),
            MintedFrom::Static { .. } => (None, None),
        };
        Self {
            id: record.id,
            arn: arn(&record.organization, &record.principal),
            principal: record.principal,
            organization: record.organization,
            permission: record.permission,
            attributes: record.attributes,
            groups: record.groups,
            issued_at: record.issued_at,
            vouched_by,
            expires_at: record.expires_at,
            until,
            minted_by,
            session_token: record.session_token,
            secret,
            derived: ArcSwap::default(),
            noted_minute: AtomicI64::new(i64::MIN),
        }
    }

    /// A key that nobody holds and that may do nothing: verifying against it costs what verifying
    /// against a real one costs, and always fails.
    pub(super) fn decoy(organization: &OrganizationId, random: &mut impl CryptoRng) -> Self {
        let id = AccessKeyId::generate(random);
        let principal = Principal::for_static_key(&id);
        Self {
            arn: arn(organization, &principal),
            principal,
            id,
            organization: organization.clone(),
            permission: Permission::None,
            attributes: Attributes::default(),
            groups: Groups::default(),
            issued_at: Timestamp::UNIX_EPOCH,
            vouched_by: None,
            expires_at: None,
            until: None,
            minted_by: None,
            session_token: None,
            secret: SecretAccessKey::generate(random),
            derived: ArcSwap::default(),
            noted_minute: AtomicI64::new(i64::MIN),
        }
    }

    /// `arn:aws:iam::<org>:<principal>`.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Judges the session token that came with a request, or that none came.
    ///
    /// # Errors
    /// [`SessionTokenError`]; the signature has to be verified before, or it would tell strangers which
    /// keys have one.
    pub fn judge_session_token(&self, sent: Option<&[u8]>) -> Result<(), SessionTokenError> {
        match (&self.session_token, sent) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(SessionTokenError::Unwanted),
            (Some(_), None) => Err(SessionTokenError::Missing),
            (Some(digest), Some(sent)) if digest.is_of(sent) => Ok(()),
            (Some(_), Some(_)) => Err(SessionTokenError::Wrong),
        }
    }

    /// The signing key for the credential scope `date`/`region`/`service`/`aws4_request`: derived at the
    /// first call, remembered for later ones. At most 16 scopes are remembered, the oldest goes first.
    #[must_use]
    pub fn signing_key(&self, date: Date, region: &str, service: &str) -> SigningKey {
        let matches = |derived: &&Arc<Derived>| {
            derived.date == date && *derived.region == *region && *derived.service == *service
        };
        if let Some(derived) = self.derived.load().iter().find(matches) {
            return derived.key.clone();
        }
        let key = SigningKey::derive(&self.secret, date, region, service);
        let fresh = Arc::new(Derived { date, region: region.into(), service: service.into(), key: key.clone() });
        self.derived.rcu(|known| {
            if known.iter().any(|derived| matches(&derived)) {
                return Arc::clone(known);
            }
            let surplus = (known.len() + 1).saturating_sub(REMEMBERED_SCOPES);
            Arc::new(known.iter().skip(surplus).chain([&fresh]).cloned().collect())
        });
        key
    }

    /// Whether `other` is what was known of this very key at another time.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        (&self.id, &self.principal, self.issued_at) == (&other.id, &other.principal, other.issued_at)
    }

    /// Whether a use in `minute` is news.
    pub(super) fn first_use_in(&self, minute: i64) -> bool {
        self.noted_minute.load(Ordering::Relaxed) != minute
            && self.noted_minute.swap(minute, Ordering::Relaxed) != minute
    }

    #[cfg(test)]
    pub(super) fn remembered_scopes(&self) -> usize {
        self.derived.load().len()
    }
}

fn arn(organization: &OrganizationId, principal: &Principal) -> Box<str> {
    format!("arn:aws:iam::{organization}:{principal}").into()
}

impl fmt::Debug for LiveKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LiveKey")
            .field("id", &self.id)
            .field("principal", &self.principal)
            .field("permission", &self.permission)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

const REMEMBERED_SCOPES: usize = 16;
