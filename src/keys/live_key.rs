//! A key that can verify: the record opened, with its signing keys derived once a day and region.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::civil::Date;
use rand::CryptoRng;

use crate::identity::{AccessKeyId, OrganizationId, Permission, Principal, SecretAccessKey};
use crate::sigv4::SigningKey;

/// An access key with its secret open, ready to verify signatures. Lives in the cache; wiped when the
/// last holder lets go of it.
pub struct LiveKey {
    /// The key's id.
    pub id: AccessKeyId,
    /// Whose key it is.
    pub principal: Principal,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The most it may do; the ceiling of its principal may be lower.
    pub permission: Permission,
    /// When it ends, to be judged at each request; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    secret: SecretAccessKey,
    derived: ArcSwap<Vec<Arc<Derived>>>,
    /// The minute, since the epoch, of the last use that was noted.
    noted_minute: AtomicI64,
}

struct Derived {
    date: Date,
    region: Box<str>,
    service: Box<str>,
    key: SigningKey,
}

impl LiveKey {
    pub(super) fn new(
        id: AccessKeyId,
        principal: Principal,
        organization: OrganizationId,
        permission: Permission,
        expires_at: Option<Timestamp>,
        secret: SecretAccessKey,
    ) -> Self {
        Self {
            id,
            principal,
            organization,
            permission,
            expires_at,
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
        let secret = SecretAccessKey::generate(random);
        Self::new(id, principal, organization.clone(), Permission::None, None, secret)
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
