//! How often somebody may try to log in, and get keys: by address, and by identity.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use crate::identity::Principal;

/// The limits in force on this node.
pub(super) struct Limits {
    logins: DefaultKeyedRateLimiter<IpAddr>,
    keys: DefaultKeyedRateLimiter<Principal>,
    asked: AtomicU32,
}

/// Too often; after so many seconds it would be in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooOften {
    /// How long to wait, in whole seconds, at least 1.
    pub retry_after_seconds: u64,
}

impl Limits {
    pub(super) fn new(logins_per_minute_per_peer: u32, keys_per_minute_per_identity: u32) -> Self {
        Self {
            logins: RateLimiter::keyed(quota(logins_per_minute_per_peer)),
            keys: RateLimiter::keyed(quota(keys_per_minute_per_identity)),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts an attempt to log in from `address`, right or wrong. To be asked before anything is looked
    /// up or parsed.
    pub(super) fn login_from(&self, address: IpAddr) -> Result<(), TooOften> {
        self.tidy_now_and_then();
        self.logins.check_key(&network_of(address)).map_err(|not_until| too_often(&not_until))
    }

    /// Counts a key for `principal`.
    pub(super) fn key_for(&self, principal: &Principal) -> Result<(), TooOften> {
        self.keys.check_key(principal).map_err(|not_until| too_often(&not_until))
    }

    /// Lets go of addresses and identities that have not been seen for long: at most so many of them are
    /// held beyond those that count.
    fn tidy_now_and_then(&self) {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY_EVERY) {
            self.logins.retain_recent();
            self.keys.retain_recent();
        }
    }
}

fn too_often(not_until: &NotUntil<<DefaultClock as Clock>::Instant>) -> TooOften {
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    TooOften { retry_after_seconds: wait.as_secs() + 1 }
}

/// Somebody with an IPv6 network has all of its addresses.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

fn quota(per_minute: u32) -> Quota {
    let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(per_minute).allow_burst(NonZeroU32::new(per_minute.get() / 2).unwrap_or(NonZeroU32::MIN))
}

const TIDY_EVERY: u32 = 4096;
