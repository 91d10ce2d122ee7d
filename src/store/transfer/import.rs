//! Writes what a verified export holds into an empty store.

use std::sync::Arc;

use rand::CryptoRng;

use super::destination::Destination;
use super::verified::Verified;
use super::{Progress, Summary, TransferError, go_on};
use crate::identity::OrganizationId;
use crate::store::{KeyStore, SealKeys, seal_mark};

/// Fills `store` with what `file` holds. What an interrupted one left is taken up.
///
/// # Errors
/// [`TransferError`]; a store that holds a part of it is refused by servers until the same is done again.
pub async fn import(
    file: &Verified,
    organization: &OrganizationId,
    store: Arc<dyn KeyStore>,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
    mut progress: Progress<'_>,
) -> Result<Summary, TransferError> {
    if file.header().organization != *organization {
        let theirs = file.header().organization.to_string();
        return Err(TransferError::Organization { theirs, ours: organization.to_string() });
    }
    let mut destination = Destination::open(store, &file.name(), "portcullis store import with the same file").await?;
    let mut there = destination.done();
    let mut pages = file.read_pages()?;
    while let Some(mut entries) = pages.next()? {
        // What earlier attempts wrote: records come in the same order each time.
        let skipped = usize::try_from(there).map_or(entries.len(), |there| there.min(entries.len()));
        entries.drain(..skipped);
        there -= skipped as u64;
        destination.write(&entries).await?;
        go_on(&mut progress, destination.done(), Some(file.records()))?;
    }
    seal_mark::add(&*destination.store, keys, &pages.seal_keys, random).await?;
    let resumed = destination.resumed;
    destination.finish().await?;
    Ok(Summary { resumed, ..file.summary() })
}
