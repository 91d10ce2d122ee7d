//! Reads all of a store while others may write to it, and misses nothing that was acknowledged before it ends.
//!
//! It watches first and lists then. What the watch brings meanwhile comes after the listing, in the order in which it
//! was made. To know that the watch has brought everything, it writes a record of its own and waits until it hears of
//! it: whatever was acknowledged before has come by then.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::entry::{Entry, Fingerprint};
use super::{Summary, TransferError};
use crate::store::{Change, Expected, KeyStore, RecordKey, Revision, StoreError, Versioned, Watch, WatchEvent, Write};

/// A store that is being read.
pub(super) struct Source {
    store: Arc<dyn KeyStore>,
    watch: Watch,
    /// What has been handed out of each record.
    known: HashMap<RecordKey, Known>,
    /// Which listing it is; another one begins if the watch missed something.
    round: u32,
    step: Step,
    /// What the watch brought and was not handed out yet.
    pending: VecDeque<Change>,
    /// The watch missed something since the listing began.
    missed: bool,
}

/// What whoever takes the entries knows of a record.
pub(super) struct Known {
    /// The commit that it is from; 0 if it is from an earlier attempt.
    revision: Revision,
    /// `None` if it is known to be gone.
    fingerprint: Option<Fingerprint>,
    /// The last listing that had it.
    round: u32,
}

enum Step {
    List { after: Option<RecordKey> },
    Gone,
    Settle,
    Done,
}

impl Source {
    /// Begins to read `store` for somebody who has `known` already.
    pub(super) async fn open(
        store: Arc<dyn KeyStore>,
        known: impl IntoIterator<Item = (RecordKey, Fingerprint)>,
    ) -> Result<Self, StoreError> {
        let watch = store.watch("").await?;
        let known = known
            .into_iter()
            .map(|(key, fingerprint)| (key, Known { revision: Revision(0), fingerprint: Some(fingerprint), round: 0 }));
        Ok(Self {
            store,
            watch,
            known: known.collect(),
            round: 1,
            step: Step::List { after: None },
            pending: VecDeque::new(),
            missed: false,
        })
    }

    /// More entries; `None` once whoever took all of them has everything. An empty page is none at all.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, TransferError> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::List { after } => self.list(after).await.map(Some),
            Step::Gone => {
                self.step = Step::Settle;
                Ok(Some(self.gone()))
            }
            Step::Settle => self.settle().await.map(Some),
            Step::Done => Ok(None),
        }
    }

    /// How many records there are, as far as known.
    pub(super) fn live(&self) -> u64 {
        self.known.values().filter(|known| known.fingerprint.is_some()).count() as u64
    }

    /// Counts the records by kind.
    pub(super) fn count(&self, summary: &mut Summary) {
        for (key, _) in self.known.iter().filter(|(_, known)| known.fingerprint.is_some()) {
            summary.count(key);
        }
    }

    async fn list(&mut self, after: Option<RecordKey>) -> Result<Vec<Entry>, TransferError> {
        let page = self.store.list("", after.as_ref(), PAGE).await?;
        self.hear();
        self.step = match page.last() {
            Some((last, _)) => Step::List { after: Some(last.clone()) },
            None => Step::Gone,
        };
        let news = page.into_iter().filter_map(|(key, stored)| {
            let revision = stored.revision;
            self.news(key, Some(stored), revision)
        });
        Ok(news.collect())
    }

    /// What the listing did not have any more.
    fn gone(&mut self) -> Vec<Entry> {
        let mut gone = Vec::new();
        for (key, known) in &mut self.known {
            if known.fingerprint.is_some() && known.round != self.round {
                known.fingerprint = None;
                gone.push(Entry::of(key.clone(), None));
            }
        }
        gone
    }

    /// Waits until everything was heard, and hands it out; or lists again, if something was missed.
    async fn settle(&mut self) -> Result<Vec<Entry>, TransferError> {
        let name = RecordKey::for_transfer_probe();
        let put = Write::put(name.clone(), Expected::Any, Bytes::from_static(b"{}"));
        let probe = self.store.commit(vec![put]).await?;
        let heard = tokio::time::timeout(LONGEST_ECHO, self.hear_of(probe)).await;
        self.store.delete(name, Expected::Any).await?;
        heard.map_err(|late| StoreError::Database(Arc::new(late)))??;
        if std::mem::take(&mut self.missed) {
            self.round += 1;
            self.step = Step::List { after: None };
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for Change { key, revision, value } in std::mem::take(&mut self.pending) {
            if key.is_internal() || self.known.get(&key).is_some_and(|known| known.revision >= revision) {
                continue;
            }
            // Its end is in the store alone. What is there may be newer than the change: so much the better.
            let stored = match value {
                Some(_) => self.store.load(&key).await?,
                None => None,
            };
            entries.extend(self.news(key, stored, revision));
        }
        Ok(entries)
    }

    async fn hear_of(&mut self, probe: Revision) -> Result<(), StoreError> {
        while let Some(event) = self.watch.next().await {
            let is_probe = matches!(&event, WatchEvent::Changed(change)
                if change.key == RecordKey::for_transfer_probe() && change.revision >= probe);
            self.take(event);
            // One that missed something may have missed this.
            if is_probe || self.missed {
                return Ok(());
            }
        }
        Err(StoreError::Stopped)
    }

    /// Takes what the watch has brought already, so that it does not fall behind.
    fn hear(&mut self) {
        while let Some(Some(event)) = self.watch.next().now_or_never() {
            self.take(event);
        }
    }

    fn take(&mut self, event: WatchEvent) {
        match event {
            WatchEvent::Changed(change) => self.pending.push_back(change),
            WatchEvent::Lagged => {
                // A listing that begins after this has what was missed, and what came before it.
                self.pending.clear();
                self.missed = true;
            }
        }
    }

    /// The entry that tells what a record is, or that it was gone at `seen`, if it is one that is moved and whoever
    /// takes it does not know this already.
    fn news(&mut self, key: RecordKey, stored: Option<Versioned>, seen: Revision) -> Option<Entry> {
        if key.is_internal() {
            return None;
        }
        let revision = stored.as_ref().map_or(seen, |stored| stored.revision);
        let entry = Entry::of(key.clone(), stored);
        let fingerprint = entry.fingerprint();
        let before = self.known.insert(key, Known { revision, fingerprint, round: self.round });
        (before.and_then(|known| known.fingerprint) != fingerprint).then_some(entry)
    }
}

const PAGE: usize = 1000;
/// How long the store may take to tell of what was written to it.
const LONGEST_ECHO: Duration = Duration::from_secs(30);
