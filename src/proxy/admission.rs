//! How many requests may run at a time: in all, from one address, of one identity. A place is taken before
//! anything costly is done and given back when the answer has ended; whoever finds none is told to slow
//! down, and nobody waits.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::Record;
use super::room::{Place, Room};
use crate::config::Limits;
use crate::identity::Principal;
use crate::listener::Peer;
use crate::s3::{ErrorCode, S3Error};
use crate::telemetry::Occasional;

/// Requests refused because too many ran, since the start.
#[derive(Debug, Default)]
pub struct Counters {
    in_all: AtomicU64,
    by_peer: AtomicU64,
    by_identity: AtomicU64,
}

impl Counters {
    /// Refused because `max_requests` ran.
    pub fn refused_in_all(&self) -> u64 {
        self.in_all.load(Ordering::Relaxed)
    }

    /// Refused because `max_requests_per_peer` of their address ran.
    pub fn refused_by_peer(&self) -> u64 {
        self.by_peer.load(Ordering::Relaxed)
    }

    /// Refused because `max_requests_per_identity` of their identity ran.
    pub fn refused_by_identity(&self) -> u64 {
        self.by_identity.load(Ordering::Relaxed)
    }
}

/// The places for requests.
#[derive(Debug)]
pub(super) struct Admission {
    in_all: Room<()>,
    by_peer: Room<IpAddr>,
    by_identity: Room<Principal>,
    counters: Arc<Counters>,
    shedding: Occasional,
}

/// What a request holds while it runs.
#[derive(Debug, Default)]
pub(super) struct Held {
    in_all: Option<Place<()>>,
    of_peer: Option<Place<IpAddr>>,
    of_identity: Option<Place<Principal>>,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            in_all: Room::new(limits.max_requests),
            by_peer: Room::new(limits.max_requests_per_peer),
            by_identity: Room::new(limits.max_requests_per_identity),
            counters: Arc::default(),
            shedding: Occasional::default(),
        }
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// A place for a request of whoever is at the other end of the connection.
    ///
    /// # Errors
    /// `SlowDown` if there is none.
    pub(super) fn admit(&self, peer: &Peer, record: &mut Record) -> Result<(), S3Error> {
        let Some(in_all) = self.in_all.enter((), 1) else {
            return Err(self.full(&self.counters.in_all, "max_requests", "This server is"));
        };
        let Some(of_peer) = self.by_peer.enter(peer.network(), 1) else {
            return Err(self.full(&self.counters.by_peer, "max_requests_per_peer", "Your address is"));
        };
        record.held().in_all = Some(in_all);
        record.held().of_peer = Some(of_peer);
        Ok(())
    }

    /// A place for a request of `principal`. Who has not said who they are is counted by address alone.
    ///
    /// # Errors
    /// `SlowDown` if there is none.
    pub(super) fn admit_identity(&self, principal: Option<&Principal>, record: &mut Record) -> Result<(), S3Error> {
        let Some(principal) = principal else { return Ok(()) };
        let Some(place) = self.by_identity.enter(principal.clone(), 1) else {
            return Err(self.full(&self.counters.by_identity, "max_requests_per_identity", "Your identity is"));
        };
        record.held().of_identity = Some(place);
        Ok(())
    }

    fn full(&self, counter: &AtomicU64, limit: &'static str, who: &str) -> S3Error {
        counter.fetch_add(1, Ordering::Relaxed);
        if self.shedding.is_due() {
            tracing::warn!(limit, "too many requests run at a time; more are told to slow down (503)");
        }
        let message = format!("{who} running as many requests as it may. Please reduce your request rate and retry.");
        S3Error::new(ErrorCode::SlowDown, message)
    }
}
