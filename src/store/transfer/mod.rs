//! Moves everything between stores: into a sealed file and out of it, or directly.
//!
//! ```text
//! store --Source: watch, list, what the watch brought--> entries --+--> export: a file of sealed pages
//!                                                                  +--> copy: a Destination
//! file --Verified: every page opens, the last one is there--> import: a Destination
//! ```
//! What was interrupted is taken up again by doing the same thing again: an export by the pages that are there, the
//! others by a mark in the destination. As long as there is a mark, no server starts on that store.
//! Secrets stay sealed as they are.

mod destination;
mod entry;
mod error;
mod export;
mod file;
mod import;
mod migrate;
mod source;
#[cfg(test)]
mod tests;
mod verified;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rand::CryptoRng;

pub use error::{FileFault, TransferError};
pub use export::{Export, export};
pub use import::import;
pub use migrate::migrate;
pub use verified::Verified;

pub(super) use destination::refuse_unfinished;

use super::{KeyStore, OpenError, RecordKey, SealFileError, SealKeys, connect, seal_mark};
use crate::clock::Clock;
use crate::config::{self, StorePlace};

/// How far the work is.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// Records that were dealt with.
    pub records: u64,
    /// Of how many, where that is known.
    pub of: Option<u64>,
}

/// Is told how far the work is, and says whether to go on.
pub type Progress<'a> = &'a mut (dyn FnMut(Done) -> ControlFlow<()> + Send);

/// What was moved.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// How many records, by kind.
    pub records: BTreeMap<String, u64>,
    /// Whether an earlier attempt was taken up.
    pub resumed: bool,
    /// The size of the file, or of the values where there is none.
    pub bytes: u64,
}

impl Summary {
    /// How many records of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.records.values().sum()
    }

    fn count(&mut self, key: &RecordKey) {
        *self.records.entry(kind(key)).or_default() += 1;
    }
}

/// The first word of a record's name.
fn kind(key: &RecordKey) -> String {
    key.as_str().split('/').next().unwrap_or_default().to_owned()
}

fn go_on(progress: &mut Progress<'_>, records: u64, of: Option<u64>) -> Result<(), TransferError> {
    match progress(Done { records, of }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(TransferError::Interrupted),
    }
}

/// The keys of a configuration, which have to be there.
///
/// # Errors
/// If a file is missing or not acceptable.
pub fn seal_keys(settings: &config::Store) -> Result<SealKeys, SealFileError> {
    SealKeys::read(&settings.seal_key_file, &settings.older_seal_key_files)
}

/// Opens a store to read all of it. An embedded one has to exist.
///
/// # Errors
/// [`TransferError::Open`]; a store with an unfinished import is none to read.
pub async fn open_source(
    settings: &config::Store,
    clock: &Arc<dyn Clock>,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
) -> Result<Arc<dyn KeyStore>, TransferError> {
    if let StorePlace::Embedded(path) = &settings.place
        && !path.exists()
    {
        return Err(TransferError::NoStore(path.clone()));
    }
    let store = connect(settings, clock, random).await?;
    refuse_unfinished(&*store).await?;
    seal_mark::check(&*store, keys, random).await.map_err(OpenError::from)?;
    Ok(store)
}

/// Opens a store to write into it, and creates it if need be. No node may run on it.
///
/// # Errors
/// [`TransferError::NodesRun`], [`TransferError::Open`].
pub async fn open_destination(
    settings: &config::Store,
    clock: &Arc<dyn Clock>,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
) -> Result<Arc<dyn KeyStore>, TransferError> {
    refuse_nodes(settings).await?;
    let store = connect(settings, clock, random).await?;
    seal_mark::check(&*store, keys, random).await.map_err(OpenError::from)?;
    Ok(store)
}

/// Refuses a store on which nodes run. Nobody but one process can open an embedded one, so it has none.
///
/// # Errors
/// [`TransferError::NodesRun`]; [`TransferError::Open`] if that cannot be told.
pub async fn refuse_nodes(settings: &config::Store) -> Result<(), TransferError> {
    match &settings.place {
        StorePlace::Embedded(_) => Ok(()),
        #[cfg(feature = "etcd")]
        StorePlace::Etcd(etcd) if super::EtcdStore::has_nodes(etcd).await? => {
            Err(TransferError::NodesRun { endpoints: etcd.endpoints.join(", "), prefix: etcd.prefix.clone() })
        }
        StorePlace::Etcd(_) => Ok(()),
    }
}
