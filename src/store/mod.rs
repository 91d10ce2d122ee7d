//! Keeps sealed records and reports changes, behind [`KeyStore`]. What a record is for, and who may
//! change it, is decided by the folders that use it; a store sees names, bytes and revisions.

mod batch;
mod embedded;
mod error;
mod mirror;
mod new_file;
mod record_codec;
mod record_key;
mod seal;
mod seal_file;
#[cfg(test)]
mod tests;
mod watch;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rand::CryptoRng;

pub use batch::{Expected, Mutation, Revision, Versioned, Write};
pub use embedded::EmbeddedStore;
pub use error::{CommitError, OpenError, StoreError};
pub use mirror::{Mirror, list_all};
pub use record_codec::{
    BearerRecord, DueRecord, KeyRecord, KeyState, MintedFrom, OwnedRecord, PrincipalRecord, RecordError,
    SingleSignOnRecord, TokenEnd, TokenOrigin, TokenRecord, TokenState, UsedAssertionRecord, UsedRecord, decode,
    encode,
};
pub use record_key::{
    BUCKETS, DUE, FEDERATION, KEYS, ORGANIZATION, OWNED, POLICIES, PRINCIPALS, RecordKey, RecordKeyError, TOKENS,
    TOKENS_USED, USED,
};
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
    /// returned future is done, in order.
    fn watch<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Watch, StoreError>>;

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
        self.commit(vec![Write { key, expected: Expected::At(revision), change: Mutation::Put(value) }])
    }

    /// Removes a record if it is as `expected`.
    fn delete(&self, key: RecordKey, expected: Expected) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.commit(vec![Write { key, expected, change: Mutation::Delete }])
    }
}

/// Opens the embedded store at `path`, creating it (mode 0600) if there is none. Blocks while a store
/// that was not closed is made whole again.
pub fn open_embedded(path: &Path) -> Result<Arc<dyn KeyStore>, OpenError> {
    Ok(Arc::new(EmbeddedStore::open(path)?))
}

/// Opens the embedded store at `path` together with the key in `seal_key_file`, creating both where
/// there is neither. A store whose key is missing is an error.
pub fn open_sealed(
    path: &Path,
    seal_key_file: &Path,
    random: &mut impl CryptoRng,
) -> Result<(Arc<dyn KeyStore>, SealKeys), OpenError> {
    let seal = SealKeys::read_or_create(seal_key_file, path, random)?;
    Ok((open_embedded(path)?, seal))
}
