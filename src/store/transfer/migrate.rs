//! Writes everything in one store into another, empty one.

use std::sync::Arc;

use rand::CryptoRng;

use super::destination::Destination;
use super::source::Source;
use super::{Progress, Summary, TransferError, go_on, open_destination, open_source, refuse_nodes, seal_keys};
use crate::clock::Clock;
use crate::config::{self, StorePlace};
use crate::store::{KeyStore, RecordKey, SealKeys, seal_mark};

/// Fills the store `into` with everything in the store `from`. No node may run on either. What an interrupted one left
/// is taken up: only what differs is written again.
///
/// # Errors
/// [`TransferError`]; a store that holds a part of it is refused by servers until the same is done again.
pub async fn migrate(
    from: &config::Store,
    into: &config::Store,
    clock: &Arc<dyn Clock>,
    random: &mut impl CryptoRng,
    progress: Progress<'_>,
) -> Result<Summary, TransferError> {
    let (keys_from, keys_into) = (seal_keys(from)?, seal_keys(into)?);
    if !keys_into.holds(keys_from.current()) {
        return Err(TransferError::SealKey { record: RecordKey::for_seal_mark(), key: keys_from.current() });
    }
    refuse_nodes(from).await?;
    let destination = open_destination(into, clock, &keys_into, random).await?;
    let source = open_source(from, clock, &keys_from, random).await?;
    let command = "portcullis store migrate with the same configurations";
    let mut destination = Destination::open(destination, &name_of(from), command).await?;
    let summary = copy(source, &mut destination, &keys_into, random, progress).await?;
    // One that was started meanwhile writes what nobody copies.
    refuse_nodes(from).await?;
    destination.finish().await?;
    Ok(summary)
}

/// The source is let go of at the end, so that nodes on it can be told from ourselves.
async fn copy(
    source: Arc<dyn KeyStore>,
    destination: &mut Destination,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
    mut progress: Progress<'_>,
) -> Result<Summary, TransferError> {
    let (there, mut in_use) = destination.there().await?;
    let mut source = Source::open(source, there).await?;
    let mut summary = Summary { resumed: destination.resumed, ..Summary::default() };
    while let Some(entries) = source.next().await? {
        for entry in &entries {
            for key in entry.seal_keys() {
                if !keys.holds(key) {
                    return Err(TransferError::SealKey { record: entry.key.clone(), key });
                }
                in_use.insert(key);
            }
            summary.bytes += entry.value.as_ref().map_or(0, |value| value.len() as u64);
        }
        destination.write(&entries).await?;
        go_on(&mut progress, source.live(), None)?;
    }
    source.count(&mut summary);
    seal_mark::add(&*destination.store, keys, &in_use, random).await?;
    Ok(summary)
}

/// Names a store in the mark of a destination.
fn name_of(settings: &config::Store) -> String {
    match &settings.place {
        StorePlace::Embedded(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            format!("the store {}", path.display())
        }
        StorePlace::Etcd(etcd) => format!("the store in etcd under {}", etcd.prefix),
    }
}
