//! Keeps sealed records and reports changes, behind [`KeyStore`]. What a record is for, and who may
//! change it, is decided by the folders that use it; a store sees names, bytes and revisions.

mod batch;
mod embedded;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
mod mirror;
mod new_file;
mod node_memory;
mod record_codec;
mod record_key;
mod report;
mod reseal;
mod seal;
mod seal_file;
mod seal_mark;
#[cfg(test)]
mod tests;
pub mod transfer;
mod watch;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rand::CryptoRng;

use crate::clock::Clock;
use crate::config::{self, StorePlace};

pub use batch::{Expected, Mutation, Revision, Versioned, Write};
pub use embedded::EmbeddedStore;
pub use error::{CommitError, OpenError, StoreError};
#[cfg(feature = "etcd")]
pub use etcd::EtcdStore;
pub use mirror::{Mirror, list_all};
pub use record_codec::{
    BearerRecord, CutoffRecord, CutoffScope, KeyRecord, KeyState, MintedFrom, OwnedRecord, PrincipalRecord,
    RecordError, SingleSignOnRecord, TokenEnd, TokenOrigin, TokenRecord, TokenState, UsedAssertionRecord, UsedRecord,
    decode, encode,
};
pub use record_key::{
    BUCKETS, CUTOFFS, FEDERATION, KEYS, ORGANIZATION, OWNED, POLICIES, PRINCIPALS, RecordKey, RecordKeyError, TOKENS,
    TOKENS_USED, USED,
};
pub use report::StoreReport;
pub use reseal::{ResealError, Resealed, reseal};
pub use seal::{SealError, SealKeyId, SealKeys, SealedSecret};
pub use seal_file::SealFileError;
pub use watch::{Change, Watch, WatchEvent};

/// A durable map from names to bytes with optimistic concurrency, the same for every implementation;
/// `tests/store` is the suite that each has to pass.
///
/// Revisions grow with every commit of the whole store, across restarts too. Whatever a commit that
/// returned `Ok` wrote, every later [`load`](Self::load) and [`list`](Self::list) sees.
///
/// A commit is not undone by dropping its future: the caller then does not know the outcome.
pub trait KeyStore: Send + Sync + 'static {
    /// The record called `key`, or `None`.
    fn load<'a>(&'a self, key: &'a RecordKey) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>>;

    /// At most `limit` records whose name begins with `prefix` and comes after `after`, in byte order.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a RecordKey>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(RecordKey, Versioned)>, StoreError>>;

    /// Makes all `writes` or none of them, durably, if each finds its record as it expects it.
    /// Watchers have been told when this returns `Ok`.
    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Revision, CommitError>>;

    /// Reports every change of a record whose name begins with `prefix` that is committed after the
    /// returned future is done, in order. Asking for the next event says that those before were taken in; a store that
    /// others write to as well is not [current](Self::is_current) for long while somebody holds a watch and does not ask.
    fn watch<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Watch, StoreError>>;

    /// Whether readers who took in all that watches reported may rely on what they know. Where it is not, something
    /// may have been changed for longer than the configuration says without being reported.
    fn is_current(&self) -> bool;

    /// How the store does, for people and for monitoring.
    fn report(&self) -> StoreReport;

    /// Removes records that may go since before `now`, and returns how many; watchers hear of it. Called now and
    /// then. A store that has a clock of its own removes them by itself, and has nothing to do here.
    fn forget(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Puts `value` under a name that must be free.
    fn create(&self, key: RecordKey, value: Bytes) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.commit(vec![Write::create(key, value)])
    }

    /// Replaces a record that must still be at `revision`.
    fn compare_and_set(
        &self,
        key: RecordKey,
        revision: Revision,
        value: Bytes,
    ) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.commit(vec![Write::put(key, Expected::At(revision), value)])
    }

    /// Removes a record if it is as `expected`.
    fn delete(&self, key: RecordKey, expected: Expected) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.commit(vec![Write::delete(key, expected)])
    }
}

/// Opens the embedded store at `path`, creating it (mode 0600) if there is none. Blocks while a store
/// that was not closed is made whole again.
pub fn open_embedded(path: &Path) -> Result<Arc<dyn KeyStore>, OpenError> {
    Ok(Arc::new(EmbeddedStore::open(path)?))
}

/// Opens the store of a configuration together with the key that seals its secrets.
///
/// # Errors
/// [`OpenError`]: the operator's to solve.
pub async fn open(
    settings: &config::Store,
    clock: &Arc<dyn Clock>,
    random: &mut impl CryptoRng,
) -> Result<(Arc<dyn KeyStore>, SealKeys), OpenError> {
    let seal = match &settings.place {
        StorePlace::Embedded(path) => {
            SealKeys::read_or_create(&settings.seal_key_file, &settings.older_seal_key_files, path, random)?
        }
        // Never made here: each node would make one of its own, and could not read what the others write.
        StorePlace::Etcd(_) => SealKeys::read(&settings.seal_key_file, &settings.older_seal_key_files)?,
    };
    let store = connect(settings, clock, random).await?;
    transfer::refuse_unfinished(&*store).await?;
    seal_mark::check(&*store, &seal, random).await?;
    Ok((store, seal))
}

/// Opens the store of a configuration, whatever is in it.
#[cfg_attr(not(feature = "etcd"), expect(unused_variables, reason = "etcd takes more"))]
async fn connect(
    settings: &config::Store,
    clock: &Arc<dyn Clock>,
    random: &mut impl CryptoRng,
) -> Result<Arc<dyn KeyStore>, OpenError> {
    match &settings.place {
        StorePlace::Embedded(path) => open_embedded(path),
        #[cfg(feature = "etcd")]
        StorePlace::Etcd(etcd) => Ok(Arc::new(EtcdStore::open(etcd, Arc::clone(clock), random).await?)),
        #[cfg(not(feature = "etcd"))]
        StorePlace::Etcd(_) => Err(OpenError::NotBuilt),
    }
}

/// Accepts the older copy that the store of a configuration was restored from: servers may start on it. Whether it is
/// known to be one.
///
/// # Errors
/// [`OpenError`]: the operator's to solve.
#[cfg_attr(not(feature = "etcd"), expect(clippy::unused_async, reason = "etcd is waited for"))]
pub async fn accept_restore(
    settings: &config::Store,
    clock: Arc<dyn Clock>,
    random: &mut impl CryptoRng,
) -> Result<bool, OpenError> {
    match &settings.place {
        StorePlace::Embedded(path) => EmbeddedStore::accept_restore(path),
        #[cfg(feature = "etcd")]
        StorePlace::Etcd(etcd) => EtcdStore::accept_restore(etcd, clock, random).await,
        #[cfg(not(feature = "etcd"))]
        StorePlace::Etcd(_) => {
            let _ = (clock, random);
            Err(OpenError::NotBuilt)
        }
    }
}

/// Opens the embedded store at `path` together with the key in `seal_key_file`, creating both where
/// there is neither. A store whose key is missing is an error.
pub fn open_sealed(
    path: &Path,
    seal_key_file: &Path,
    random: &mut impl CryptoRng,
) -> Result<(Arc<dyn KeyStore>, SealKeys), OpenError> {
    let seal = SealKeys::read_or_create(seal_key_file, &[], path, random)?;
    Ok((open_embedded(path)?, seal))
}
