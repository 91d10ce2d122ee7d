//! Connection caps, in all and by peer, and the counters of what happened to connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::peer::network_of;

/// What happened to a listener's connections since it was bound.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    refused_in_all: AtomicU64,
    refused_by_peer: AtomicU64,
    accept_failures: AtomicU64,
    handshake_failures: AtomicU64,
    malformed: AtomicU64,
    http2_failures: AtomicU64,
    floods: AtomicU64,
    slow_bodies: AtomicU64,
    slow_readers: AtomicU64,
    open: AtomicUsize,
    resting: AtomicUsize,
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

    /// HTTP/1.1 requests that could not be parsed: answered with an empty 4xx, and their connection closed.
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    /// HTTP/2 connections that ended with an error: of the client's frames, or of its network.
    pub fn http2_failures(&self) -> u64 {
        self.http2_failures.load(Ordering::Relaxed)
    }

    /// HTTP/2 connections closed because they sent `h2_max_idle_bytes` without any request making progress.
    pub fn floods(&self) -> u64 {
        self.floods.load(Ordering::Relaxed)
    }

    /// Request bodies given up because they paused, came too slowly or took too long.
    pub fn slow_bodies(&self) -> u64 {
        self.slow_bodies.load(Ordering::Relaxed)
    }

    /// Connections and HTTP/2 streams cut because their client took the answer too slowly, or not at all.
    pub fn slow_readers(&self) -> u64 {
        self.slow_readers.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// HTTP/1.1 connections that gave up their buffers because no request came lately.
    pub fn resting(&self) -> usize {
        self.resting.load(Ordering::Relaxed)
    }

    /// One more rests, until what this returns is dropped.
    pub(super) fn rests(&self) -> Rests<'_> {
        self.resting.fetch_add(1, Ordering::Relaxed);
        Rests(self)
    }

    pub(super) fn accept_failed(&self) {
        self.accept_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.handshake_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn request_malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn http2_failed(&self) {
        self.http2_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn flooded(&self) {
        self.floods.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn slow_body(&self) {
        self.slow_bodies.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn slow_reader(&self) {
        self.slow_readers.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection that rests.
pub(super) struct Rests<'counters>(&'counters Counters);

impl Drop for Rests<'_> {
    fn drop(&mut self) {
        self.0.resting.fetch_sub(1, Ordering::Relaxed);
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
        let peer = network_of(address);
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

#[cfg(test)]
mod tests {
    use super::*;

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
