//! Counts what may have changed the rules of a bucket, so that what was asked for before a change is told
//! from what was asked for after it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::s3::BucketName;

/// How many changes there have been, by bucket. Several buckets share a counter, which costs a needless
/// question now and then and is never wrong.
pub(super) struct Changes {
    counters: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// A change under way, counted when this is dropped: also if whoever asked for it did not wait for the end.
pub(in crate::proxy) struct Changing<'a>(&'a AtomicU64);

impl Changes {
    pub(super) fn new() -> Self {
        Self { counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// The count for `bucket` now.
    pub(super) fn of(&self, bucket: &BucketName) -> u64 {
        self.counter(bucket).load(Ordering::SeqCst)
    }

    pub(super) fn changing(&self, bucket: &BucketName) -> Changing<'_> {
        Changing(self.counter(bucket))
    }

    fn counter(&self, bucket: &BucketName) -> &AtomicU64 {
        let hash = self.hasher.hash_one(bucket) % COUNTERS;
        &self.counters[usize::try_from(hash).expect("less than COUNTERS, which is a usize")]
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

const COUNTERS: u64 = 1024;
