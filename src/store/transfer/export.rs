//! Writes all of a store into a file, beside its place until it is whole.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rand::CryptoRng;

use super::entry::{self, Entry};
use super::file::{Header, Kind, PageKey};
use super::source::Source;
use super::verified::{Log, Remains};
use super::{Progress, Summary, TransferError, go_on};
use crate::identity::OrganizationId;
use crate::store::{KeyStore, SealKeys, new_file};

/// What an export is of, and where it goes.
pub struct Export<'a> {
    /// Whose records these are.
    pub organization: &'a OrganizationId,
    /// The keys of the store; the file is sealed under the current one.
    pub keys: &'a SealKeys,
    /// The file, which must not exist.
    pub path: &'a Path,
    /// What time it is.
    pub now: Timestamp,
}

/// Writes everything in `store` into a file of mode 0600. What an interrupted one left is taken up.
///
/// # Errors
/// [`TransferError`]; there is no file of that name then.
pub async fn export(
    store: Arc<dyn KeyStore>,
    export: &Export<'_>,
    random: &mut impl CryptoRng,
    mut progress: Progress<'_>,
) -> Result<Summary, TransferError> {
    let mut partial = Partial::open(export, random)?;
    let resumed = partial.log.pages > 0;
    let known = std::mem::take(&mut partial.log.live);
    let known = known.into_iter().map(|(key, live)| (key, live.fingerprint));
    let mut source = Source::open(store, known).await?;
    while let Some(entries) = source.next().await? {
        partial.append(&entries, random)?;
        go_on(&mut progress, source.live(), None)?;
    }
    let bytes = partial.finish(source.live(), random)?;
    let mut summary = Summary { resumed, bytes, ..Summary::default() };
    source.count(&mut summary);
    Ok(summary)
}

/// A file that is not whole yet.
struct Partial<'a> {
    path: PathBuf,
    goal: &'a Path,
    file: File,
    key: PageKey,
    log: Log,
    bytes: u64,
}

impl<'a> Partial<'a> {
    fn open(export: &Export<'a>, random: &mut impl CryptoRng) -> Result<Self, TransferError> {
        let name = export.path.file_name().unwrap_or_default().to_string_lossy();
        let path = export.path.with_file_name(format!("{name}.partial"));
        let failed = |source| TransferError::File { path: path.clone(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TransferError::Busy(path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // After the lock: another process may have just finished, and then this is its file.
        if export.path.exists() {
            if file.metadata().map_err(failed)?.len() == 0 {
                std::fs::remove_file(&path).map_err(failed)?;
            }
            return Err(TransferError::AlreadyThere(export.path.into()));
        }
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        let unusable = |why: String| TransferError::Partial { path: path.clone(), why };
        let remains = Remains::read(&file, export.keys).map_err(failed)?;
        let remains = remains.map_err(|fault| unusable(fault.to_string()))?;
        let (key, log, bytes) = if let Some(remains) = remains {
            let Header { organization, seal_key, .. } = &remains.header;
            if organization != export.organization {
                return Err(unusable(format!("it is of organization {organization}")));
            }
            if *seal_key != export.keys.current() {
                return Err(unusable(format!("it is sealed under key {seal_key}, which does not seal any more")));
            }
            (remains.key, remains.log, remains.end)
        } else {
            let header = Header::new(export.organization.clone(), export.keys, export.now);
            let (line, key) = header.write(export.keys, random)?;
            file.set_len(0).map_err(failed)?;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            file.write_all(&line).map_err(failed)?;
            (key, Log::default(), line.len() as u64)
        };
        file.set_len(bytes).map_err(failed)?;
        file.seek(SeekFrom::Start(bytes)).map_err(failed)?;
        Ok(Self { goal: export.path, file, key, log, bytes, path })
    }

    fn append(&mut self, entries: &[Entry], random: &mut impl CryptoRng) -> Result<(), TransferError> {
        let mut rest = entries;
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take_while(|entry| {
                size += entry.size();
                size <= PAGE_BYTES
            });
            let (page, others) = rest.split_at(fits.count().max(1));
            self.page(Kind::Entries, entry::encode(page), random)?;
            self.log.pages += 1;
            self.log.entries += page.len() as u64;
            rest = others;
        }
        Ok(())
    }

    /// Writes the last page, and gives the file its name.
    fn finish(mut self, records: u64, random: &mut impl CryptoRng) -> Result<u64, TransferError> {
        let mut last = self.log.last();
        last.records = records;
        self.page(Kind::Last, last.encode(), random)?;
        let failed = |source| TransferError::File { path: self.goal.into(), source };
        self.file.sync_all().map_err(failed)?;
        if !new_file::publish(&self.path, self.goal).map_err(failed)? {
            return Err(TransferError::AlreadyThere(self.goal.into()));
        }
        Ok(self.bytes)
    }

    fn page(&mut self, kind: Kind, content: Vec<u8>, random: &mut impl CryptoRng) -> Result<(), TransferError> {
        let number = self.log.pages + 1;
        let written: io::Result<u64> = self.key.write(number, kind, content, &mut self.file, random);
        self.bytes += written.map_err(|source| TransferError::File { path: self.path.clone(), source })?;
        Ok(())
    }
}

const PAGE_BYTES: usize = 1 << 20;
