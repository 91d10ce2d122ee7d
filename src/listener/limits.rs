//! Connection caps, in all and by peer, and the counters of what happened to connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What happened to a listener's connections since it was bound.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    refused_in_all: AtomicU64,
    refused_by_peer: AtomicU64,
    accept_failures: AtomicU64,
    handshake_failures: AtomicU64,
    open: AtomicUsize,
}

impl Counters {
    /// Connections that were let in.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections closed at once because the listener had `max_connections`.
    pub fn refused_in_all(&self) -> u64 {
        self.refused_in_all.load(Ordering::Relaxed)
    }

    /// Connections closed at once because their peer had `max_connections_per_peer`.
    pub fn refused_by_peer(&self) -> u64 {
        self.refused_by_peer.load(Ordering::Relaxed)
    }

    /// Times that accepting failed for want of file descriptors or memory.
    pub fn accept_failures(&self) -> u64 {
        self.accept_failures.load(Ordering::Relaxed)
    }

    /// TLS handshakes that failed or took too long.
    pub fn handshake_failures(&self) -> u64 {
        self.handshake_failures.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn accept_failed(&self) {
        self.accept_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.handshake_failures.fetch_add(1, Ordering::Relaxed);
    }
}

/// The places for connections of one listener.
pub(super) struct ConnectionCaps {
    in_all: usize,
    by_peer: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// One place, given back when dropped.
pub(super) struct Permit {
    peer: IpAddr,
    taken: Arc<Mutex<Taken>>,
    counters: Arc<Counters>,
}

impl ConnectionCaps {
    pub(super) fn new(in_all: usize, by_peer: usize) -> Self {
        Self { in_all, by_peer, taken: Arc::default() }
    }

    /// A place for a connection from `address`, or none if the caps are reached.
    pub(super) fn admit(&self, address: IpAddr, counters: &Arc<Counters>) -> Option<Permit> {
        let peer = peer_of(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.in_all >= self.in_all {
            counters.refused_in_all.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let of_peer = taken.by_peer.entry(peer).or_default();
        // A peer with an entry has at least one connection, so a refusal never leaves an empty entry.
        if *of_peer >= self.by_peer {
            counters.refused_by_peer.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *of_peer += 1;
        taken.in_all += 1;
        counters.accepted.fetch_add(1, Ordering::Relaxed);
        counters.open.store(taken.in_all, Ordering::Relaxed);
        Some(Permit { peer, taken: Arc::clone(&self.taken), counters: Arc::clone(counters) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all -= 1;
        self.counters.open.store(taken.in_all, Ordering::Relaxed);
        if let Some(of_peer) = taken.by_peer.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                taken.by_peer.remove(&self.peer);
            }
        }
    }
}

/// One customer is one IPv4 address or one IPv6 /64: whoever has a /64 has 2^64 addresses to try.
fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_64_and_a_mapped_address_count_as_one_peer() {
        let parse = |text: &str| peer_of(text.parse().unwrap());
        assert_eq!(parse("2001:db8:0:1::1"), parse("2001:db8:0:1:ffff::9"));
        assert_ne!(parse("2001:db8:0:1::1"), parse("2001:db8:0:2::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
        assert_ne!(parse("192.0.2.2"), parse("192.0.2.1"));
    }

    #[test]
    fn a_place_is_given_back_when_its_permit_is_dropped() {
        let counters = Arc::<Counters>::default();
        let caps = ConnectionCaps::new(2, 1);
        let [first, second, third] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|text| text.parse().unwrap());
        let one = caps.admit(first, &counters).unwrap();
        assert!(caps.admit(first, &counters).is_none(), "one place for each peer");
        let _two = caps.admit(second, &counters).unwrap();
        assert!(caps.admit(third, &counters).is_none(), "two places in all");
        assert_eq!((counters.refused_by_peer(), counters.refused_in_all(), counters.open()), (1, 1, 2));
        drop(one);
        assert!(caps.admit(third, &counters).is_some());
        assert!(!caps.taken.lock().unwrap().by_peer.contains_key(&first), "no entry is left behind");
    }
}
