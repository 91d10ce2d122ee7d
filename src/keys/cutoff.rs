//! Ends many keys at once: those of one principal, those that one identity provider vouched for, or all, issued before
//! a moment. One record says so, which is in force on every node as fast as any; their secrets are destroyed after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::issue::whole_second;
use super::{Keys, KeysError, LiveKey};
use crate::identity::Principal;
use crate::store::{
    CUTOFFS, CommitError, CutoffRecord, CutoffScope, Expected, KEYS, KeyRecord, KeyState, MintedFrom, Mirror,
    RecordKey, Revision, Write, decode, encode, list_all,
};

/// The cut-offs in force. News may come twice and out of order.
#[derive(Default)]
pub(super) struct Cutoffs {
    known: ArcSwap<Known>,
    /// Held while `known` is replaced.
    change: Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    records: Mirror<CutoffRecord>,
    everything: Option<Timestamp>,
    of_principals: HashMap<Principal, Timestamp>,
    of_federation: HashMap<String, Timestamp>,
}

/// What a cut-off is asked about.
struct Subject<'a> {
    principal: &'a Principal,
    vouched_by: Option<&'a str>,
}

impl Cutoffs {
    /// Whether `key` was issued before a moment that counts for it.
    pub(super) fn ends(&self, key: &LiveKey) -> bool {
        let subject = Subject { principal: &key.principal, vouched_by: key.vouched_by.as_deref() };
        self.known.load().before(&subject).is_some_and(|moment| key.issued_at < moment)
            && !crate::fault::check_is_off("cutoff")
    }

    /// Since when `record` does not count any more, if it does not.
    pub(super) fn ended_at(&self, record: &KeyRecord) -> Option<Timestamp> {
        let moment = self.known.load().before(&Subject::of(record))?;
        (record.issued_at < moment).then_some(moment)
    }

    /// When a new key counts as issued: now, or at the moment before which such keys are cut off, if our clock is not
    /// there yet.
    pub(super) fn issued_at(&self, principal: &Principal, minted_from: &MintedFrom, now: Timestamp) -> Timestamp {
        let subject = Subject { principal, vouched_by: vouched_by(minted_from) };
        self.known.load().before(&subject).map_or(now, |moment| now.max(moment))
    }

    /// Takes in what the commit `revision` said of a cut-off.
    pub(super) fn learn(&self, key: RecordKey, revision: Revision, record: Option<CutoffRecord>) {
        self.replace(|records| {
            records.learn(key, revision, |_| record);
        });
    }

    /// Takes in a listing, begun when [`newest`](Self::newest) was `listed_after`.
    pub(super) fn learn_all(&self, listing: Vec<(RecordKey, Revision, CutoffRecord)>, listed_after: Revision) {
        self.replace(|records| records.learn_all(listing, listed_after, |record, _| Some(record)));
    }

    /// The newest commit that anything here comes from.
    pub(super) fn newest(&self) -> Revision {
        self.known.load().records.newest()
    }

    fn replace(&self, change: impl FnOnce(&mut Mirror<CutoffRecord>)) {
        // A panic while it is held leaves the old ones in place, whole.
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = self.known.load().records.clone();
        change(&mut records);
        self.known.store(Arc::new(Known::of(records)));
    }
}

impl Known {
    fn of(records: Mirror<CutoffRecord>) -> Self {
        let mut known = Self::default();
        for CutoffRecord { scope, issued_before, .. } in records.values() {
            match scope {
                CutoffScope::Everything {} => known.everything = Some(*issued_before),
                CutoffScope::Principal { principal } => {
                    known.of_principals.insert(principal.clone(), *issued_before);
                }
                CutoffScope::Federation { configuration } => {
                    known.of_federation.insert(configuration.clone(), *issued_before);
                }
            }
        }
        Self { records, ..known }
    }

    /// The latest moment that counts for `subject`.
    fn before(&self, subject: &Subject<'_>) -> Option<Timestamp> {
        let by_principal = self.of_principals.get(subject.principal).copied();
        let by_federation = subject.vouched_by.and_then(|id| self.of_federation.get(id).copied());
        self.everything.max(by_principal).max(by_federation)
    }
}

impl<'a> Subject<'a> {
    fn of(record: &'a KeyRecord) -> Self {
        Self { principal: &record.principal, vouched_by: vouched_by(&record.minted_from) }
    }
}

fn vouched_by(minted_from: &MintedFrom) -> Option<&str> {
    match minted_from {
        MintedFrom::Federated { origin } => Some(origin.configuration()),
        MintedFrom::ApiToken { .. } | MintedFrom::Static { .. } => None,
    }
}

impl Keys {
    /// Ends all keys of `scope` that were issued before `moment`, or so far; on every node, and for good. Those issued
    /// later work. Their secrets are destroyed by [`sweep`](Self::sweep).
    ///
    /// # Errors
    /// [`KeysError::Invalid`] for a moment in the future; else the store's.
    pub async fn cut_off(&self, scope: CutoffScope, moment: Option<Timestamp>) -> Result<CutoffRecord, KeysError> {
        let now = self.clock.now();
        // Behind the second that it is, in which keys may have been issued.
        let so_far = whole_second(now).saturating_add(ONE_SECOND).unwrap_or(Timestamp::MAX);
        let asked = moment.map_or(so_far, next_second);
        // Whoever asks may have a clock that is ahead of ours: what they mean has been.
        if asked.duration_since(so_far) > MOST_SKEW {
            return Err(KeysError::Invalid("the moment before which keys are revoked must not lie in the future"));
        }
        let key = RecordKey::for_cutoff(&scope);
        for _ in 0..ATTEMPTS {
            let stored = self.store.load(&key).await?;
            let before = stored.as_ref().map(|stored| decode::<CutoffRecord>(&key, &stored.value)).transpose()?;
            let issued_before = match (before, moment) {
                // What was issued since counts as issued at the moment of the last time.
                (Some(before), None) => so_far.max(before.issued_before.saturating_add(ONE_SECOND).unwrap_or(so_far)),
                (Some(before), Some(_)) => before.issued_before.max(asked.min(so_far)),
                (None, _) => asked.min(so_far),
            };
            let record = CutoffRecord { scope: scope.clone(), issued_before, at: now, swept: false };
            let expected = stored.map_or(Expected::Absent, |stored| Expected::At(stored.revision));
            match self.store.commit(vec![Write::put(key.clone(), expected, encode(&record))]).await {
                Ok(revision) => {
                    self.cutoffs.learn(key, revision, Some(record.clone()));
                    self.ends.advance();
                    return Ok(record);
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(KeysError::Busy)
    }

    /// Destroys the secrets of all keys that were cut off, and returns of how many. What is interrupted is gone on
    /// with by whichever node sweeps next.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<usize, KeysError> {
        let mut destroyed = 0;
        for (key, stored) in list_all(&*self.store, CUTOFFS).await? {
            let record: CutoffRecord = decode(&key, &stored.value)?;
            if record.swept {
                continue;
            }
            // Perhaps the watch has not brought it yet.
            self.cutoffs.learn(key.clone(), stored.revision, Some(record.clone()));
            destroyed += self.sweep_scope(&record).await?;
            let swept = encode(&CutoffRecord { swept: true, ..record });
            match self.store.compare_and_set(key, stored.revision, swept).await {
                // Another node was quicker, or the cut-off was moved: then it is swept again.
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(destroyed)
    }

    async fn sweep_scope(&self, cutoff: &CutoffRecord) -> Result<usize, KeysError> {
        let prefix = match &cutoff.scope {
            CutoffScope::Principal { principal } => RecordKey::prefix_of_owned(principal),
            CutoffScope::Everything {} | CutoffScope::Federation { .. } => KEYS.to_owned(),
        };
        let (mut destroyed, mut after) = (0, None);
        loop {
            let page = self.store.list(&prefix, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(destroyed) };
            after = Some(last.clone());
            let ended = stream::iter(page).map(async |(key, stored)| {
                let Some(record) = self.listed_record(key, stored).await? else { return Ok(false) };
                let is_active = matches!(record.state, KeyState::Active { .. });
                if is_active && self.cutoffs.ended_at(&record).is_some() {
                    self.end(&record.id).await
                } else {
                    Ok(false)
                }
            });
            destroyed +=
                ended.buffer_unordered(AT_ONCE).try_fold(0, async |sum, ended| Ok(sum + usize::from(ended))).await?;
        }
    }
}

/// `time` if it is a whole second, else the next one. Keys are issued at whole seconds.
fn next_second(time: Timestamp) -> Timestamp {
    let second = whole_second(time);
    if second < time { second.saturating_add(ONE_SECOND).unwrap_or(time) } else { second }
}

/// How often a change starts over because somebody else changed the same record.
const ATTEMPTS: usize = 64;
const PAGE: usize = 1000;
/// How far another clock may be ahead.
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(5);
const ONE_SECOND: SignedDuration = SignedDuration::from_secs(1);
/// How many keys are ended side by side.
const AT_ONCE: usize = 32;
