//! File descriptors: as many as the system allows are asked for, and what may be open at a time is made to
//! fit, so that connections to backends, the store and the control plane never lack one because clients
//! took them all.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// Asks for as many file descriptors as the system allows, and returns how many there are.
pub(super) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return u64::MAX };
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if wanted <= current {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, current, wanted, "cannot raise the limit on open files");
            current
        }
    }
}

/// `limits` for the S3 listener and for the others, so that all connections together fit `available` file
/// descriptors: 45% for S3 clients, as many for backends, and a rest that clients of S3 cannot take.
pub(super) fn fit(limits: &Limits, available: u64) -> (Limits, Limits) {
    let share = |percent: u64| usize::try_from(available.saturating_mul(percent) / 100).unwrap_or(usize::MAX).max(4);
    let (clients, others) = (share(45), share(2));
    let mut s3 = limits.clone();
    s3.max_connections = limits.max_connections.min(clients);
    // Each request may need a connection to a backend.
    s3.max_requests = limits.max_requests.min(clients);
    if s3 != *limits {
        tracing::warn!(
            available,
            max_connections = s3.max_connections,
            max_requests = s3.max_requests,
            "the limit on open files is too low for [limits] max_connections or max_requests; these are used \
             instead. Raise it (systemd: LimitNOFILE)"
        );
    }
    let mut own = limits.clone();
    if others < limits.max_connections {
        own.max_connections = others;
        // An address that takes all it gets leaves the others in.
        own.max_connections_per_peer = limits.max_connections_per_peer.min(others / 2);
    }
    (s3, own)
}

/// More than any configuration makes use of, and few enough for what walks through all of them.
const ENOUGH: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_open_leaves_a_reserve_and_is_never_nothing() {
        let limits = Limits::default();
        let (s3, own) = fit(&limits, 1 << 20);
        assert_eq!((s3, own.max_connections), (limits.clone(), limits.max_connections));
        let (s3, own) = fit(&limits, 1_000);
        assert_eq!((s3.max_connections, s3.max_requests, own.max_connections), (450, 450, 20));
        assert_eq!(own.max_connections_per_peer, 10, "whoever takes all he gets leaves others in");
        let (s3, own) = fit(&limits, 10);
        assert_eq!((s3.max_connections, s3.max_requests, own.max_connections), (4, 4, 4));
        let (s3, _) = fit(&limits, u64::MAX);
        assert_eq!(s3, limits);
    }
}
