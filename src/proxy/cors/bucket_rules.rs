//! The CORS rules of buckets, remembered for a while. Anybody may ask for any name of a bucket, so what that
//! costs the backend is bounded: one question at a time about a bucket, few at a time about all, so many a
//! second, and no answer is asked for twice while it is remembered, "there are no rules" and "it does not
//! answer" among them. Buckets that are known to have rules do not wait behind invented names.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
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
    /// Whether anything was ever remembered. Where no browser comes, no request looks anything up.
    has_entries: AtomicBool,
    /// The buckets that had rules when they were asked about last, be it a while ago.
    with_rules: Cache<BucketName, ()>,
    changes: Changes,
    life: Duration,
    /// Questions that are under way about names that anybody may have invented, and how many may begin.
    of_anybody: Semaphore,
    pace: DefaultDirectRateLimiter,
    /// The other questions that are under way.
    of_known: Semaphore,
}

/// Who makes us ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asker {
    /// Nobody who was asked whether he may.
    Anybody,
    /// Somebody whose request the backend answers: one question more for each at most.
    Allowed,
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
            has_entries: AtomicBool::new(false),
            with_rules: Cache::builder().max_capacity(MOST_KNOWN).time_to_live(LIFE_OF_KNOWN).build(),
            changes: Changes::new(),
            life,
            of_anybody: Semaphore::new(MOST_QUESTIONS),
            pace: RateLimiter::direct(Quota::per_second(MOST_A_SECOND)),
            of_known: Semaphore::new(MOST_QUESTIONS),
        }
    }

    /// See [`Changing`].
    pub(super) fn changing(&self, bucket: &BucketName) -> Changing<'_> {
        self.changes.changing(bucket)
    }

    /// The rules of `bucket`, if they are remembered.
    pub(super) async fn known(&self, bucket: &BucketName) -> Option<Arc<CorsRules>> {
        if !self.has_entries.load(Ordering::Relaxed) {
            return None;
        }
        let entry = Box::pin(self.entries.get(bucket)).await;
        entry.filter(|entry| self.is_current(bucket, entry))?.found.ok()
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
        let is_known = asker == Asker::Allowed || self.with_rules.contains_key(bucket);
        let questions = if is_known { &self.of_known } else { &self.of_anybody };
        let _permit = questions.try_acquire().map_err(|_| NotKnown::Busy)?;
        if !is_known && self.pace.check().is_err() && !crate::fault::check_is_off("cors_pace") {
            return Err(NotKnown::Busy);
        }
        self.has_entries.store(true, Ordering::Relaxed);
        let count = self.changes.of(bucket);
        let (found, life) = match backend.cors_document(bucket).await {
            Ok(document) => (Ok(document.map_or_else(Arc::default, |document| read(&document, bucket))), self.life),
            Err(error) => {
                tracing::warn!(bucket = bucket.as_str(), %error, "the CORS rules of a bucket cannot be read");
                (Err(error.to_string().into()), self.life.min(LIFE_OF_FAILURE))
            }
        };
        match &found {
            Ok(rules) if rules.is_empty() => self.with_rules.invalidate(bucket).await,
            Ok(_) => self.with_rules.insert(bucket.clone(), ()).await,
            Err(_) => {}
        }
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
/// Questions at a time, of each kind.
const MOST_QUESTIONS: usize = 16;
/// Questions a second about names that anybody may have invented; as many may come at once.
const MOST_A_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("50 is not zero");
/// Buckets that are known to have rules, and for how long that counts.
const MOST_KNOWN: u64 = 10_000;
const LIFE_OF_KNOWN: Duration = Duration::from_hours(24);
/// How often rules may change while they are asked for.
const MOST_TRIES: usize = 3;
/// A backend that does not answer is asked again soon.
const LIFE_OF_FAILURE: Duration = Duration::from_secs(5);
