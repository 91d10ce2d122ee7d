//! Counts changes, so that what was loaded before a change is told from what was loaded after it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::identity::AccessKeyId;

/// How many changes there have been, by id: many ids share one counter, which costs a needless load
/// now and then and is never wrong.
pub(super) struct Generations {
    shards: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// The count at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Generation(u64);

impl Generations {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// The count for `id` now. Read it before loading; compare it before answering.
    pub(super) fn of(&self, id: &AccessKeyId) -> Generation {
        Generation(self.shard(id).load(Ordering::SeqCst))
    }

    /// Makes everything that was loaded for `id` so far, or is being loaded, old.
    pub(super) fn advance(&self, id: &AccessKeyId) {
        self.shard(id).fetch_add(1, Ordering::SeqCst);
    }

    /// Makes everything that was loaded so far, or is being loaded, old.
    pub(super) fn advance_all(&self) {
        for shard in &self.shards {
            shard.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn shard(&self, id: &AccessKeyId) -> &AtomicU64 {
        // The low bits of a hash pick one of a power of two.
        let hash = self.hasher.hash_one(id) & (SHARDS as u64 - 1);
        &self.shards[usize::try_from(hash).expect("less than SHARDS, which is a usize")]
    }
}

const SHARDS: usize = 16_384;
