//! Which changes by proxies in front are forgiven in signatures, and how often that was needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::Record;
use crate::config::S3;
use crate::sigv4::{Forgiven, Forgiveness};

/// Requests that were verified as other than they came, since the start.
#[derive(Debug, Default)]
pub struct ForgivenCounters([AtomicU64; Forgiven::ALL.len()]);

impl ForgivenCounters {
    /// For how many requests it was `what`.
    #[must_use]
    pub fn count(&self, what: Forgiven) -> u64 {
        self.of(what).load(Ordering::Relaxed)
    }

    fn of(&self, what: Forgiven) -> &AtomicU64 {
        let place = Forgiven::ALL.iter().position(|known| *known == what).expect("every one is in the list");
        &self.0[place]
    }
}

/// What is forgiven, and the count of it.
#[derive(Debug)]
pub(super) struct Forgiving {
    rules: Option<Forgiveness>,
    counters: Arc<ForgivenCounters>,
}

impl Forgiving {
    pub(super) fn new(s3: &S3) -> Self {
        let default_port = if s3.tls.is_some() { 443 } else { 80 };
        let hosts: Vec<_> = s3.external_hosts.iter().map(|host| (host.name.clone(), host.port)).collect();
        let is_on = s3.forgive_signatures || crate::fault::check_is_off("forgiveness_configured");
        let rules = is_on.then(|| Forgiveness::new(&hosts, &s3.domains, default_port));
        Self { rules, counters: Arc::default() }
    }

    pub(super) fn rules(&self) -> Option<&Forgiveness> {
        self.rules.as_ref()
    }

    pub(super) fn counters(&self) -> Arc<ForgivenCounters> {
        Arc::clone(&self.counters)
    }

    /// Notes what was forgiven in one request, if anything was.
    pub(super) fn note(&self, forgiven: Option<Forgiven>, record: &mut Record) {
        let Some(what) = forgiven else { return };
        self.counters.of(what).fetch_add(1, Ordering::Relaxed);
        record.forgiven(what.as_str());
        tracing::debug!(
            request_id = record.request_id(),
            forgiven = what.as_str(),
            "the request is not as it was signed: a proxy in front changed it"
        );
    }
}
