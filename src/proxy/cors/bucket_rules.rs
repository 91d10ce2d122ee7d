//! The CORS rules of buckets, remembered for a while. Anybody may ask for any name of a bucket, so what that
//! costs the backend is bounded: one question at a time about a bucket, few at a time about all, and no
//! answer is asked for twice while it is remembered, "there are no rules" and "it does not answer" among them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::changes::{Changes, Changing};
use crate::backend::Backend;
use crate::proxy::error::Refusal;
use crate::s3::cors::CorsRules;
use crate::s3::{BucketName, ErrorCode, S3Error};

/// What is remembered.
pub(super) struct BucketRules {
    entries: Cache<BucketName, Entry>,
    changes: Changes,
    life: Duration,
    /// Questions that are under way, by who made us ask.
    for_anybody: Semaphore,
    for_proved: Semaphore,
}

/// Who makes us ask. Those whose key was proved do not wait behind those whom nobody knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asker {
    Anybody,
    Proved,
}

/// Why the rules of a bucket are not known.
#[derive(Clone, Debug)]
pub(super) enum NotKnown {
    /// As many questions as may be are under way.
    Busy,
    /// The backend did not say.
    Failed(Arc<str>),
}

#[derive(Clone)]
struct Entry {
    found: Result<Arc<CorsRules>, Arc<str>>,
    /// The count of changes from before the backend was asked.
    count: u64,
    life: Duration,
}

impl BucketRules {
    /// Rules that are remembered for `life`.
    pub(super) fn new(life: Duration) -> Self {
        let weigher = |bucket: &BucketName, entry: &Entry| {
            let rules = entry.found.as_ref().map_or(0, |rules| rules.weight());
            u32::try_from(EACH + bucket.as_str().len() + rules).unwrap_or(u32::MAX)
        };
        Self {
            entries: Cache::builder().weigher(weigher).max_capacity(MOST_BYTES).expire_after(EndOfEntry).build(),
            changes: Changes::new(),
            life,
            for_anybody: Semaphore::new(MOST_QUESTIONS),
            for_proved: Semaphore::new(MOST_QUESTIONS),
        }
    }

    /// See [`Changing`].
    pub(super) fn changing(&self, bucket: &BucketName) -> Changing<'_> {
        self.changes.changing(bucket)
    }

    /// The rules of `bucket`, if they are remembered.
    pub(super) async fn known(&self, bucket: &BucketName) -> Option<Arc<CorsRules>> {
        self.entries.get(bucket).await.filter(|entry| self.is_current(bucket, entry))?.found.ok()
    }

    /// The rules of `bucket`, which `backend` has if it is anywhere. No rules if there is no such bucket.
    ///
    /// # Errors
    /// [`NotKnown`]
    pub(super) async fn of(
        &self,
        bucket: &BucketName,
        backend: &Backend,
        asker: Asker,
    ) -> Result<Arc<CorsRules>, NotKnown> {
        for _ in 0..MOST_TRIES {
            let loading = self.load(bucket, backend, asker);
            let entry = self.entries.try_get_with_by_ref(bucket, loading).await;
            let entry = entry.map_err(|busy: Arc<NotKnown>| NotKnown::clone(&busy))?;
            if self.is_current(bucket, &entry) {
                return entry.found.map_err(NotKnown::Failed);
            }
            // It was asked for before the rules changed.
            self.entries.invalidate(bucket).await;
        }
        Err(NotKnown::Busy)
    }

    async fn load(&self, bucket: &BucketName, backend: &Backend, asker: Asker) -> Result<Entry, NotKnown> {
        let questions = match asker {
            Asker::Anybody => &self.for_anybody,
            Asker::Proved => &self.for_proved,
        };
        let _permit = questions.try_acquire().map_err(|_| NotKnown::Busy)?;
        let count = self.changes.of(bucket);
        let (found, life) = match backend.cors_document(bucket).await {
            Ok(document) => (Ok(document.map_or_else(Arc::default, |document| read(&document, bucket))), self.life),
            Err(error) => {
                tracing::warn!(bucket = bucket.as_str(), %error, "the CORS rules of a bucket cannot be read");
                (Err(error.to_string().into()), self.life.min(LIFE_OF_FAILURE))
            }
        };
        Ok(Entry { found, count, life })
    }

    fn is_current(&self, bucket: &BucketName, entry: &Entry) -> bool {
        entry.count == self.changes.of(bucket)
    }
}

impl From<NotKnown> for Refusal {
    fn from(reason: NotKnown) -> Self {
        match reason {
            NotKnown::Busy => S3Error::new(
                ErrorCode::SlowDown,
                "CORS rules are asked for at many buckets just now. Please reduce your request rate and retry.",
            )
            .into(),
            NotKnown::Failed(reason) => Self::because(
                S3Error::new(
                    ErrorCode::ServiceUnavailable,
                    "The storage behind this server does not say what the CORS rules are. Please retry.",
                ),
                &*reason,
            ),
        }
    }
}

/// What cannot be read allows nothing.
fn read(document: &[u8], bucket: &BucketName) -> Arc<CorsRules> {
    match CorsRules::parse(document) {
        Ok(rules) => Arc::new(rules),
        Err(error) => {
            let reason = &*error.message;
            tracing::warn!(bucket = bucket.as_str(), reason, "the CORS document of a bucket cannot be read: no rules");
            Arc::default()
        }
    }
}

struct EndOfEntry;

impl Expiry<BucketName, Entry> for EndOfEntry {
    fn expire_after_create(&self, _: &BucketName, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }
}

/// What an entry takes beside its rules, about.
const EACH: usize = 512;
/// What all may take.
const MOST_BYTES: u64 = 16 << 20;
/// Questions at a time, of each kind of asker.
const MOST_QUESTIONS: usize = 16;
/// How often rules may change while they are asked for.
const MOST_TRIES: usize = 3;
/// A backend that does not answer is asked again soon.
const LIFE_OF_FAILURE: Duration = Duration::from_secs(5);
