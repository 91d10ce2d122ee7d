//! The store in one local file, by redb: the default, for a single process.
//!
//! One table holds the records, each value led by its revision (8 bytes, big endian); another the
//! store's revision and format; two more which records may go, and from when on, by name and by time. Commits are
//! durable when they return, and one at a time.

mod ends;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::broadcast;

use self::ends::{ENDS, Ends};
use super::node_memory::NodeMemory;
use super::{
    Change, CommitError, Expected, KeyStore, Mutation, OpenError, RecordKey, Revision, StoreError, StoreReport,
    Versioned, Watch, WatchEvent, Write, new_file,
};

/// A [`KeyStore`] in one file. One process at a time can have it open.
#[derive(Clone)]
pub struct EmbeddedStore(Arc<Shared>);

struct Shared {
    database: Database,
    /// Held from before a commit until its changes are announced, so that they are announced in order.
    order: Mutex<()>,
    changes: broadcast::Sender<Change>,
    memory: NodeMemory,
}

impl EmbeddedStore {
    /// Opens the file at `path`, or creates it with mode 0600.
    ///
    /// # Errors
    /// [`OpenError::WentBack`] if it is an older copy of what was there.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let store = Self::open_unchecked(path)?;
        let (known, found) = (store.0.memory.known().count, store.0.revision().map_err(OpenError::Unreadable)?);
        if known > found.0 && !crate::fault::check_is_off("restored_copy") {
            let reason = format!(
                "the store {} is an older copy: it was at commit {known}, and this one is at {}. Keys that were revoked \
                 since live again in it. Put back the newer one; or, to go on with this one, run portcullis store \
                 accept-restore",
                path.display(),
                found.0
            );
            return Err(OpenError::WentBack(reason.into()));
        }
        Ok(store)
    }

    /// Accepts a copy that is older than what was there.
    ///
    /// # Errors
    /// [`OpenError`]; if the store is open in a server, among others.
    pub fn accept_restore(path: &Path) -> Result<bool, OpenError> {
        let store = Self::open_unchecked(path)?;
        let found = store.0.revision().map_err(OpenError::Unreadable)?.0;
        let was_older = store.0.memory.known().count > found;
        let failed = |source| OpenError::NodeMemory { path: memory_path(path), source };
        store.0.memory.remember(|known| known.count = found).map_err(failed)?;
        Ok(was_older)
    }

    fn open_unchecked(path: &Path) -> Result<Self, OpenError> {
        let memory = memory_path(path);
        let failed = |source| OpenError::NodeMemory { path: memory.clone(), source };
        if !path.exists() {
            create(path)?;
            // What is empty brings nothing back.
            match std::fs::remove_file(&memory) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        let database = open_database(path)?;
        let memory = NodeMemory::open(Some(&memory)).map_err(failed)?;
        let failed = |error: redb::Error| OpenError::Database { path: path.into(), source: Box::new(error) };
        let format = prepare(&database).map_err(failed)?;
        if format != FORMAT {
            return Err(OpenError::Format { path: path.into(), found: format, known: FORMAT });
        }
        let (changes, _) = broadcast::channel(REMEMBERED_CHANGES);
        Ok(Self(Arc::new(Shared { database, order: Mutex::new(()), changes, memory })))
    }

    async fn blocking<T, E>(&self, work: impl FnOnce(&Shared) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&shared)).await.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }
}

impl KeyStore for EmbeddedStore {
    fn load<'a>(&'a self, key: &'a RecordKey) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        let key = key.clone();
        Box::pin(self.blocking(move |shared| shared.load(&key)))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a RecordKey>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(RecordKey, Versioned)>, StoreError>> {
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        Box::pin(self.blocking(move |shared| shared.list(&prefix, after.as_ref(), limit)))
    }

    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(self.blocking(move |shared| shared.commit(&writes)))
    }

    fn forget(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let mut forgotten = 0;
            loop {
                match self.blocking(move |shared| shared.forget(now.as_second())).await? {
                    0 => return Ok(forgotten),
                    some => forgotten += some,
                }
            }
        })
    }

    /// It has the disk, and nobody else writes to it.
    fn report(&self) -> StoreReport {
        StoreReport::default()
    }

    /// Watches are told within a commit.
    fn is_current(&self) -> bool {
        true
    }

    fn watch<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Watch, StoreError>> {
        let prefix = prefix.to_owned();
        let changes = self.0.changes.subscribe();
        let events = stream::unfold(changes, |mut changes| async move {
            let event = match changes.recv().await {
                Ok(change) => WatchEvent::Changed(change),
                Err(broadcast::error::RecvError::Lagged(_)) => WatchEvent::Lagged,
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            Some((event, changes))
        });
        let events = events.filter(move |event| {
            let wanted = match event {
                WatchEvent::Changed(change) => change.key.as_str().starts_with(&prefix),
                WatchEvent::Lagged => true,
            };
            std::future::ready(wanted)
        });
        Box::pin(std::future::ready(Ok(Watch::new(events.boxed()))))
    }
}

impl Shared {
    fn load(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let transaction = self.database.begin_read().map_err(database)?;
        let table = transaction.open_table(RECORDS).map_err(database)?;
        let Some(stored) = table.get(key.as_str()).map_err(database)? else { return Ok(None) };
        let ends = transaction.open_table(ENDS).map_err(database)?;
        versioned(key, stored.value(), &ends).map(Some)
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Versioned)>, StoreError> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let transaction = self.database.begin_read().map_err(database)?;
        let table = transaction.open_table(RECORDS).map_err(database)?;
        let ends = transaction.open_table(ENDS).map_err(database)?;
        let start = match after {
            Some(after) if after.as_str() >= prefix => Excluded(after.as_str()),
            _ => Included(prefix),
        };
        let mut records = Vec::new();
        for entry in table.range::<&str>((start, Unbounded)).map_err(database)? {
            let (name, stored) = entry.map_err(database)?;
            if records.len() == limit || !name.value().starts_with(prefix) {
                break;
            }
            let key = RecordKey::parse(name.value()).map_err(StoreError::database)?;
            let record = versioned(&key, stored.value(), &ends)?;
            records.push((key, record));
        }
        Ok(records)
    }

    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write().map_err(database)?;
        transaction.set_durability(redb::Durability::Immediate).map_err(database)?;
        // A killed process then opens at once, and never depends on a checksum to tell which commit is whole.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Removes some of the records that may go since before `now`, in seconds since the epoch.
    fn forget(&self, now: i64) -> Result<usize, StoreError> {
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.begin()?;
        let mut changes = Vec::new();
        let mut ended = 0;
        {
            let mut ends = Ends::open(&transaction)?;
            let names = ends.before(now)?;
            if names.is_empty() {
                return Ok(0);
            }
            let revision = next_revision(&transaction)?;
            let mut records = transaction.open_table(RECORDS).map_err(database)?;
            for name in names {
                let key = RecordKey::parse(&name).map_err(StoreError::database)?;
                ends.set(&key, None)?;
                ended += 1;
                if records.remove(key.as_str()).map_err(database)?.is_some() {
                    changes.push(Change { key, revision, value: None });
                }
            }
        }
        transaction.commit().map_err(database)?;
        self.announce(changes);
        Ok(ended)
    }

    fn revision(&self) -> Result<Revision, StoreError> {
        let meta = self.database.begin_read().map_err(database)?.open_table(META).map_err(database)?;
        Ok(Revision(meta.get(REVISION).map_err(database)?.map_or(0, |stored| stored.value())))
    }

    fn remember(&self, revision: Revision) {
        if let Err(error) = self.memory.remember(|known| known.count = revision.0) {
            tracing::warn!(%error, "what lies beside the store cannot be written: it would not be noticed that an older \
                copy of the store was put in its place");
        }
    }

    fn announce(&self, changes: Vec<Change>) {
        for change in changes {
            // An error only says that nobody watches.
            let _ = self.changes.send(change);
        }
    }

    fn commit(&self, writes: &[Write]) -> Result<Revision, CommitError> {
        // A panic while it is held leaves nothing half done: the transaction is rolled back.
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.begin()?;
        let mut changes = Vec::with_capacity(writes.len());
        let revision;
        {
            revision = next_revision(&transaction)?;
            let mut records = transaction.open_table(RECORDS).map_err(database)?;
            let mut ends = Ends::open(&transaction)?;
            for (position, write) in writes.iter().enumerate() {
                if writes[..position].iter().any(|earlier| earlier.key == write.key) {
                    return Err(CommitError::Repeated(write.key.clone()));
                }
                let before = match records.get(write.key.as_str()).map_err(database)? {
                    Some(stored) => Some(split(&write.key, stored.value())?.0),
                    None => None,
                };
                let as_expected = match write.expected {
                    Expected::Absent => before.is_none(),
                    Expected::Any => true,
                    Expected::At(revision) => before == Some(revision),
                };
                if !as_expected {
                    // Dropping the transaction rolls it back.
                    return Err(CommitError::Conflict(write.key.clone()));
                }
                let value = match &write.change {
                    Mutation::Delete if before.is_none() => continue,
                    Mutation::Delete => {
                        records.remove(write.key.as_str()).map_err(database)?;
                        ends.set(&write.key, None)?;
                        None
                    }
                    Mutation::Put(value) => {
                        let stored = [&revision.0.to_be_bytes()[..], value].concat();
                        records.insert(write.key.as_str(), stored.as_slice()).map_err(database)?;
                        if write.until.is_some() || !matches!(write.expected, Expected::At(_)) {
                            ends.set(&write.key, write.until)?;
                        }
                        Some(value.clone())
                    }
                };
                changes.push(Change { key: write.key.clone(), revision, value });
            }
        }
        transaction.commit().map_err(database)?;
        self.remember(revision);
        self.announce(changes);
        Ok(revision)
    }
}

fn next_revision(transaction: &WriteTransaction) -> Result<Revision, StoreError> {
    let mut meta = transaction.open_table(META).map_err(database)?;
    let last = meta.get(REVISION).map_err(database)?.map_or(0, |stored| stored.value());
    meta.insert(REVISION, last + 1).map_err(database)?;
    Ok(Revision(last + 1))
}

/// Where it is remembered, beside the store, how far it was.
fn memory_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".memory");
    name.into()
}

/// Makes an empty store. A process killed in the middle of that leaves no file that is half a store.
fn create(path: &Path) -> Result<(), OpenError> {
    let made = new_file::appear(path, |unborn| {
        // The database would create the file too, but readable by everybody.
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(unborn)?;
        let database = open_database(unborn).map_err(io::Error::other)?;
        prepare(&database).map_err(io::Error::other)
    });
    // If somebody else was quicker, theirs is the store.
    made.map(|_| ()).map_err(|source| OpenError::File { path: path.into(), source })
}

fn open_database(path: &Path) -> Result<Database, OpenError> {
    redb::Builder::new().set_cache_size(CACHE_BYTES).create(path).map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path.into() },
        other => OpenError::Database { path: path.into(), source: Box::new(other.into()) },
    })
}

/// Creates the tables of a new file; returns the format of the file.
fn prepare(database: &Database) -> Result<u64, redb::Error> {
    let transaction = database.begin_write()?;
    let format = {
        let mut meta = transaction.open_table(META)?;
        let found = meta.get("format")?.map(|stored| stored.value());
        if found.is_none() {
            meta.insert("format", FORMAT)?;
        }
        transaction.open_table(RECORDS)?;
        ends::create(&transaction)?;
        found.unwrap_or(FORMAT)
    };
    transaction.commit()?;
    Ok(format)
}

fn split<'a>(key: &RecordKey, stored: &'a [u8]) -> Result<(Revision, &'a [u8]), StoreError> {
    let (revision, value) = stored.split_first_chunk::<8>().ok_or_else(|| StoreError::Damaged(key.clone()))?;
    Ok((Revision(u64::from_be_bytes(*revision)), value))
}

fn versioned(
    key: &RecordKey,
    stored: &[u8],
    ends: &impl ReadableTable<&'static str, i64>,
) -> Result<Versioned, StoreError> {
    let (revision, value) = split(key, stored)?;
    let end = ends.get(key.as_str()).map_err(database)?.map(|at| at.value());
    let until = end.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Ok(Versioned { value: Bytes::copy_from_slice(value), revision, until })
}

fn database(error: impl Into<redb::Error>) -> StoreError {
    StoreError::database(error.into())
}

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const REVISION: &str = "revision";
const FORMAT: u64 = 1;
/// Records are small and the keys in use sit in a cache above: a few megabytes hold the upper tree levels.
const CACHE_BYTES: usize = 16 << 20;
/// How far a watcher may fall behind before it has to list again.
const REMEMBERED_CHANGES: usize = 4096;
