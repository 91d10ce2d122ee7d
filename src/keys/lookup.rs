//! Finds a key by id: from the cache, or by one load from the store however many ask at once.
//!
//! A load that began before a change must never answer after it. Each id has a [`Generation`] that
//! every change advances: our own after its commit and before it is acknowledged, others' when the
//! watch reports them. A load notes the generation before it reads; whatever it brings is used only
//! while that is still the generation, and is loaded anew otherwise.
//!
//! Ids that no key has are remembered apart from the keys, few and briefly, so that a flood of invented
//! ids costs the keys nothing. Where other nodes issue keys too, only ids are that had a key which ended: any
//! other may be given to a key at any moment, and has to work here from then on, not from when we hear of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::Expiry;
use moka::future::Cache;

use super::generation::{Generation, Generations};
use super::{CacheSettings, KeysError, LiveKey};
use crate::clock::Clock;
use crate::identity::AccessKeyId;
use crate::store::{KeyRecord, KeyState, KeyStore, RecordKey, Revision, SealKeys};

/// What a look-up found. Both carry a key to verify against, so that both cost the same work.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The key is there and not revoked. It may be expired or suspended.
    Known(Arc<LiveKey>),
    /// There is no such key: never was, or was revoked. The key is a decoy, not even of that id.
    Unknown(Arc<LiveKey>),
}

/// The living keys of the store.
pub(super) struct LiveKeys {
    store: Arc<dyn KeyStore>,
    seal: Arc<SealKeys>,
    clock: Arc<dyn Clock>,
    decoy: Arc<LiveKey>,
    generations: Generations,
    live: Cache<AccessKeyId, Entry>,
    absent: Cache<AccessKeyId, Generation>,
    alone: bool,
    /// Our own latest commits, so that hearing of them again changes nothing.
    own_commits: Cache<AccessKeyId, Revision>,
    current: std::sync::atomic::AtomicBool,
}

#[derive(Clone)]
struct Entry {
    key: Arc<LiveKey>,
    generation: Generation,
    life: Option<Duration>,
}

/// Why a load brought no key.
enum Miss {
    /// `ended` if there was one.
    Absent {
        generation: Generation,
        ended: bool,
    },
    Failed(KeysError),
}

impl LiveKeys {
    pub(super) fn new(
        store: Arc<dyn KeyStore>,
        seal: Arc<SealKeys>,
        clock: Arc<dyn Clock>,
        decoy: Arc<LiveKey>,
        settings: &CacheSettings,
    ) -> Self {
        let live = Cache::builder()
            .max_capacity(settings.live_entries)
            .time_to_idle(LONGEST_IDLE)
            .expire_after(EndOfKey)
            .build();
        let absent = Cache::builder()
            .max_capacity(settings.absent_entries)
            .time_to_live(settings.absent_life.min(LONGEST_ABSENT_LIFE))
            .build();
        let own_commits = Cache::builder().max_capacity(REMEMBERED_COMMITS).time_to_live(LONGEST_ECHO).build();
        let generations = Generations::new();
        Self {
            store,
            seal,
            clock,
            decoy,
            generations,
            live,
            absent,
            alone: settings.alone,
            own_commits,
            current: true.into(),
        }
    }

    pub(super) async fn find(&self, id: &AccessKeyId) -> Result<Lookup, KeysError> {
        self.ensure_current()?;
        if let Some(found) = self.remembered(id).await {
            return Ok(found);
        }
        // In a box: the future of a load is large, and nearly every request does without.
        Box::pin(self.find_or_load(id)).await
    }

    /// What is found without asking the store.
    async fn remembered(&self, id: &AccessKeyId) -> Option<Lookup> {
        if let Some(entry) = self.live.get(id).await {
            if self.is_current(id, entry.generation) {
                return Some(Lookup::Known(entry.key));
            }
            self.live.invalidate(id).await;
            return None;
        }
        let generation = self.absent.get(id).await?;
        self.is_current(id, generation).then(|| self.unknown())
    }

    async fn find_or_load(&self, id: &AccessKeyId) -> Result<Lookup, KeysError> {
        for attempt in 0..ATTEMPTS {
            if let Some(found) = self.remembered(id).await {
                return Ok(found);
            }
            let mut is_ours = false;
            let load = async {
                is_ours = true;
                self.load(id).await
            };
            let loaded = self.live.try_get_with_by_ref(id, load).await;
            match loaded {
                Ok(entry) if self.is_current(id, entry.generation) => return Ok(Lookup::Known(entry.key)),
                Ok(_) => {}
                Err(miss) => match &*miss {
                    Miss::Absent { generation, ended } => {
                        // One that somebody else began may have read before the key was issued, and end after. The
                        // next one begins after us, whoever begins it.
                        let is_recent = self.alone || *ended || is_ours || attempt > 0;
                        if is_recent && self.is_current(id, *generation) {
                            if self.alone || *ended {
                                self.absent.insert(id.clone(), *generation).await;
                            }
                            return Ok(self.unknown());
                        }
                    }
                    Miss::Failed(error) => return Err(error.clone()),
                },
            }
        }
        Err(KeysError::Contended(id.clone()))
    }

    /// What is answered for an id that no key has.
    pub(super) fn unknown(&self) -> Lookup {
        Lookup::Unknown(Arc::clone(&self.decoy))
    }

    /// # Errors
    /// [`KeysError::NotCurrent`] while changes of the store do not reach us.
    pub(super) fn ensure_current(&self) -> Result<(), KeysError> {
        let current = self.current.load(std::sync::atomic::Ordering::SeqCst) && self.store.is_current();
        if current { Ok(()) } else { Err(KeysError::NotCurrent) }
    }

    /// We changed, or tried to change, the key called `id`; `committed` says by which commit, if known.
    /// To be called before the change is acknowledged.
    pub(super) async fn changed_by_us(&self, id: &AccessKeyId, committed: Option<Revision>) {
        self.forget(id).await;
        if let Some(revision) = committed {
            self.own_commits.insert(id.clone(), revision).await;
        }
    }

    /// The store says that the key called `id` was changed by the commit `revision`.
    pub(super) async fn changed(&self, id: &AccessKeyId, revision: Revision) {
        // Everything from before our own commit is forgotten already, and so is what came before that.
        if self.own_commits.get(id).await.is_none_or(|ours| ours < revision) {
            self.forget(id).await;
        }
    }

    /// What is known of `id`, or is being loaded, is old.
    async fn forget(&self, id: &AccessKeyId) {
        self.generations.advance(id);
        // Not needed for the rule; lets go of the open secret now.
        self.live.invalidate(id).await;
        self.absent.invalidate(id).await;
    }

    /// Anything may have changed.
    pub(super) fn forget_all(&self) {
        self.generations.advance_all();
        self.live.invalidate_all();
        self.absent.invalidate_all();
    }

    /// Whether changes of the store reach us. While they do not, nothing is answered.
    pub(super) fn set_current(&self, current: bool) {
        self.current.store(current, std::sync::atomic::Ordering::SeqCst);
    }

    /// How many ids that no key has are remembered.
    #[cfg(test)]
    pub(super) async fn remembered_absent(&self) -> u64 {
        self.absent.run_pending_tasks().await;
        self.absent.entry_count()
    }

    async fn load(&self, id: &AccessKeyId) -> Result<Entry, Miss> {
        let generation = self.generations.of(id);
        let record_key = RecordKey::for_access_key(id);
        let failed = |error: KeysError| {
            tracing::error!(access_key = %id, %error, "an access key could not be loaded");
            Miss::Failed(error)
        };
        let stored = self.store.load(&record_key).await.map_err(|error| failed(error.into()))?;
        let Some(stored) = stored else { return Err(Miss::Absent { generation, ended: false }) };
        let record = KeyRecord::decode(&record_key, &stored.value).map_err(|error| failed(error.into()))?;
        let KeyState::Active { secret, .. } = &record.state else {
            return Err(Miss::Absent { generation, ended: true });
        };
        let secret = self.seal.open(&record_key, secret).map_err(|error| failed(error.into()))?;
        let life = record.expires_at.map(|end| life_until(end, self.clock.now()));
        let key = LiveKey::new(record, secret);
        Ok(Entry { key: Arc::new(key), generation, life })
    }

    fn is_current(&self, id: &AccessKeyId, generation: Generation) -> bool {
        generation == self.generations.of(id) || crate::fault::check_is_off("cache_generation")
    }
}

/// How long an entry of a key that ends at `end` is kept. An expired key is kept for a moment too, or
/// each request of a client that has not noticed would be a load.
fn life_until(end: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(now)).unwrap_or_default().max(SHORTEST_LIFE)
}

struct EndOfKey;

impl Expiry<AccessKeyId, Entry> for EndOfKey {
    fn expire_after_create(&self, _: &AccessKeyId, entry: &Entry, _: Instant) -> Option<Duration> {
        entry.life
    }

    fn expire_after_update(&self, _: &AccessKeyId, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        entry.life
    }
}

/// How often a look-up starts over because its key changed meanwhile.
const ATTEMPTS: usize = 64;
/// Keys that nobody uses are not kept open for longer.
const LONGEST_IDLE: Duration = Duration::from_hours(1);
const LONGEST_ABSENT_LIFE: Duration = Duration::from_secs(1);
/// How long the store may take to tell us of our own commit, and how many we remember meanwhile; past
/// either, a key is loaded once more than necessary.
const LONGEST_ECHO: Duration = Duration::from_secs(10);
const REMEMBERED_COMMITS: u64 = 10_000;
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
