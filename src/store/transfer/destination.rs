//! A store that records are moved into, and the mark in it that says from where and how far.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Fingerprint};
use super::{TransferError, kind};
use crate::store::{Expected, KeyStore, Mutation, OpenError, RecordKey, Revision, SealKeyId, Write, decode, encode};

/// What the mark says.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// What is moved into this store.
    source: String,
    /// How to finish that.
    command: String,
    /// How many records are there.
    done: u64,
}

/// A store that is being filled, and that nobody else uses.
pub(super) struct Destination {
    pub(super) store: Arc<dyn KeyStore>,
    mark: Mark,
    revision: Revision,
    /// Whether an earlier attempt is taken up.
    pub(super) resumed: bool,
}

/// Refuses a store that holds a part of something.
///
/// # Errors
/// [`OpenError::Unfinished`] if it does; others if the store fails.
pub(in crate::store) async fn refuse_unfinished(store: &dyn KeyStore) -> Result<(), OpenError> {
    let name = RecordKey::for_transfer_mark();
    let Some(stored) = store.load(&name).await.map_err(OpenError::Unreadable)? else { return Ok(()) };
    let mark: Mark = decode(&name, &stored.value).map_err(OpenError::Record)?;
    Err(OpenError::Unfinished { source_name: mark.source, command: mark.command })
}

impl Destination {
    /// Takes up what was begun from `source`, or begins it in a store without records.
    ///
    /// # Errors
    /// [`TransferError::NotEmpty`], [`TransferError::OtherUnfinished`].
    pub(super) async fn open(store: Arc<dyn KeyStore>, source: &str, command: &str) -> Result<Self, TransferError> {
        let name = RecordKey::for_transfer_mark();
        if let Some(stored) = store.load(&name).await? {
            let mark: Mark = decode(&name, &stored.value).map_err(OpenError::Record)?;
            if mark.source != source {
                return Err(TransferError::OtherUnfinished { source_name: mark.source });
            }
            return Ok(Self { store, mark, revision: stored.revision, resumed: true });
        }
        demand_empty(&*store).await?;
        let mark = Mark { source: source.to_owned(), command: command.to_owned(), done: 0 };
        let revision = store.commit(vec![put(Expected::Absent, &mark)]).await?;
        Ok(Self { store, mark, revision, resumed: false })
    }

    /// How many records earlier attempts and this one have written.
    pub(super) fn done(&self) -> u64 {
        self.mark.done
    }

    /// What earlier attempts have written, and the keys that the secrets among it are sealed under.
    pub(super) async fn there(&self) -> Result<(Vec<(RecordKey, Fingerprint)>, BTreeSet<SealKeyId>), TransferError> {
        let (mut there, mut seal_keys, mut after) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let page = self.store.list("", after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok((there, seal_keys)) };
            after = Some(last.clone());
            for (key, stored) in page.into_iter().filter(|(key, _)| !key.is_internal()) {
                let entry = Entry::of(key.clone(), Some(stored));
                seal_keys.extend(entry.seal_keys());
                there.extend(entry.fingerprint().map(|fingerprint| (key, fingerprint)));
            }
        }
    }

    /// Writes `entries`, and into the mark that they are there, in as few commits as can be.
    pub(super) async fn write(&mut self, entries: &[Entry]) -> Result<(), TransferError> {
        let mut rest = entries;
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take(BATCH).take_while(|entry| {
                size += entry.size();
                size <= BATCH_BYTES
            });
            let (batch, others) = rest.split_at(fits.count().max(1));
            self.commit(batch).await?;
            rest = others;
        }
        Ok(())
    }

    async fn commit(&mut self, entries: &[Entry]) -> Result<(), TransferError> {
        self.mark.done += entries.len() as u64;
        let mut writes = vec![put(Expected::At(self.revision), &self.mark)];
        writes.extend(entries.iter().map(|entry| Write {
            key: entry.key.clone(),
            // Under the mark nobody else writes; of a source that lives on, a record may come again.
            expected: Expected::Any,
            change: entry.value.clone().map_or(Mutation::Delete, Mutation::Put),
            until: entry.until,
        }));
        self.revision = self.store.commit(writes).await?;
        Ok(())
    }

    /// Everything is there: servers may use it.
    pub(super) async fn finish(self) -> Result<(), TransferError> {
        self.store.delete(RecordKey::for_transfer_mark(), Expected::At(self.revision)).await?;
        Ok(())
    }
}

fn put(expected: Expected, mark: &Mark) -> Write {
    Write::put(RecordKey::for_transfer_mark(), expected, encode(mark))
}

/// Refuses a store that has records, and says which.
async fn demand_empty(store: &dyn KeyStore) -> Result<(), TransferError> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.list("", after.as_ref(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (key, _) in page.iter().filter(|(key, _)| !key.is_internal()) {
            *kinds.entry(kind(key)).or_default() += 1;
        }
    }
    if kinds.is_empty() {
        return Ok(());
    }
    let mut found = String::new();
    for (kind, count) in kinds {
        let comma = if found.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(found, "{comma}{count} of {kind}");
    }
    Err(TransferError::NotEmpty { found })
}

/// With the mark, as many as one commit may have in any store.
const BATCH: usize = 100;
/// etcd takes requests of 1.5 MiB.
const BATCH_BYTES: usize = 512 << 10;
const PAGE: usize = 1000;
