//! An export that was read from its first line to its last page, and found whole.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::entry::{self, Entry, Fingerprint};
use super::file::{Header, Kind, Last, PageKey};
use super::{FileFault, Summary, TransferError};
use crate::store::{RecordKey, SealKeyId, SealKeys};

/// A file that is a whole export.
pub struct Verified {
    path: PathBuf,
    file: File,
    header: Header,
    key: PageKey,
    digest: String,
    log: Log,
    bytes: u64,
}

/// What the entries of a file come to.
#[derive(Default)]
pub(super) struct Log {
    pub(super) entries: u64,
    pub(super) pages: u64,
    /// Records that are left, and the last entry of each.
    pub(super) live: HashMap<RecordKey, Live>,
}

pub(super) struct Live {
    /// Which entry, counted from 0.
    at: u64,
    pub(super) fingerprint: Fingerprint,
}

impl Log {
    fn take(&mut self, entries: Vec<Entry>) {
        self.pages += 1;
        for entry in entries {
            match entry.fingerprint() {
                Some(fingerprint) => self.live.insert(entry.key, Live { at: self.entries, fingerprint }),
                None => self.live.remove(&entry.key),
            };
            self.entries += 1;
        }
    }

    pub(super) fn last(&self) -> Last {
        Last { entries: self.entries, pages: self.pages, records: self.live.len() as u64 }
    }
}

/// What is left of an export that may have been interrupted.
pub(super) struct Remains {
    pub(super) header: Header,
    pub(super) key: PageKey,
    pub(super) log: Log,
    /// Where the next page goes.
    pub(super) end: u64,
}

impl Remains {
    /// Reads what there is; `None` if not even the first line is whole.
    pub(super) fn read(file: &File, keys: &SealKeys) -> io::Result<Result<Option<Self>, FileFault>> {
        let mut reader = BufReader::new(file);
        reader.seek(SeekFrom::Start(0))?;
        let (header, key, mut end) = match Header::read(&mut reader, keys)? {
            Ok(read) => read,
            // A line that was never written to its end.
            Err(_) if !has_line(file)? => return Ok(Ok(None)),
            Err(fault) => return Ok(Err(fault)),
        };
        let mut log = Log::default();
        loop {
            let page = log.pages + 1;
            match key.read(page, &mut reader)? {
                Ok(Some((Kind::Entries, content, length))) => {
                    let Some(entries) = entry::decode(&content) else { return Ok(Err(FileFault::Page { page })) };
                    log.take(entries);
                    end += length;
                }
                // It goes on from before its last page too: that is written anew.
                Ok(None | Some((Kind::Last, ..))) | Err(FileFault::Cut { .. }) => {
                    return Ok(Ok(Some(Self { header, key, log, end })));
                }
                Err(fault) => return Ok(Err(fault)),
            }
        }
    }
}

fn has_line(mut file: &File) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut front = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut front)?;
    Ok(front.contains(&b'\n'))
}

impl Verified {
    /// Reads the whole file.
    ///
    /// # Errors
    /// [`TransferError::Fault`] says what is wrong with it; [`TransferError::SealKey`] if it has a secret that `keys`
    /// do not open.
    pub fn read(path: &Path, keys: &SealKeys) -> Result<Self, TransferError> {
        let failed = |source| TransferError::File { path: path.into(), source };
        let faulty = |fault| TransferError::Fault { path: path.into(), fault };
        let file = File::open(path).map_err(failed)?;
        let mut reader = BufReader::new(Hashing { file: &file, hash: Sha256::new(), bytes: 0 });
        let (header, key, _) = Header::read(&mut reader, keys).map_err(failed)?.map_err(faulty)?;
        let mut log = Log::default();
        let mut needs: HashMap<RecordKey, SealKeyId> = HashMap::new();
        let last = loop {
            let page = log.pages + 1;
            let read = key.read(page, &mut reader).map_err(failed)?.map_err(faulty)?;
            let content = match read {
                None => return Err(faulty(FileFault::Incomplete { pages: log.pages })),
                Some((Kind::Last, content, _)) => break Last::decode(&content),
                Some((Kind::Entries, content, _)) => content,
            };
            let entries = entry::decode(&content).ok_or_else(|| faulty(FileFault::Page { page }))?;
            for entry in &entries {
                match entry.seal_keys().into_iter().find(|key| !keys.holds(*key)) {
                    Some(key) => needs.insert(entry.key.clone(), key),
                    None => needs.remove(&entry.key),
                };
            }
            log.take(entries);
        };
        let is_at_end = reader.read(&mut [0]).map_err(failed)? == 0;
        if last != Some(log.last()) || !is_at_end {
            return Err(faulty(FileFault::Trailing));
        }
        if let Some((record, key)) = needs.into_iter().next() {
            return Err(TransferError::SealKey { record, key });
        }
        let Hashing { hash, bytes, .. } = reader.into_inner();
        let digest = const_hex::encode(<[u8; 32]>::from(hash.finalize()));
        Ok(Self { path: path.into(), file, header, key, digest, log, bytes })
    }

    /// What its first line says.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Names the file in the mark of a destination: by what is in it, not by where it lies.
    pub(super) fn name(&self) -> String {
        format!("the export with SHA-256 {}", self.digest)
    }

    /// How many records it holds.
    pub(super) fn records(&self) -> u64 {
        self.log.live.len() as u64
    }

    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary { bytes: self.bytes, ..Summary::default() };
        self.log.live.keys().for_each(|key| summary.count(key));
        summary
    }

    /// The keys that its secrets are sealed under, those that were replaced in it too.
    pub(super) fn read_pages(&self) -> Result<Pages<'_>, TransferError> {
        let failed = |source| TransferError::File { path: self.path.clone(), source };
        let mut reader = BufReader::new(&self.file);
        reader.seek(SeekFrom::Start(0)).map_err(failed)?;
        io::BufRead::skip_until(&mut reader, b'\n').map_err(failed)?;
        Ok(Pages { of: self, reader, page: 0, entry: 0, seal_keys: BTreeSet::new() })
    }
}

/// Goes through a verified file once more.
pub(super) struct Pages<'a> {
    of: &'a Verified,
    reader: BufReader<&'a File>,
    page: u64,
    entry: u64,
    /// The keys that the secrets so far are sealed under.
    pub(super) seal_keys: BTreeSet<SealKeyId>,
}

impl Pages<'_> {
    /// Those entries of the next page that nothing later in the file replaces; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Entry>>, TransferError> {
        self.page += 1;
        let path = || self.of.path.clone();
        let changed = || TransferError::Fault { path: path(), fault: FileFault::Page { page: self.page } };
        let read = self.of.key.read(self.page, &mut self.reader);
        let read = read.map_err(|source| TransferError::File { path: path(), source })?;
        let content = match read.map_err(|fault| TransferError::Fault { path: path(), fault })? {
            Some((Kind::Entries, content, _)) => content,
            Some((Kind::Last, ..)) => return Ok(None),
            None => return Err(changed()),
        };
        let mut entries = entry::decode(&content).ok_or_else(changed)?;
        entries.retain(|entry| {
            let at = self.entry;
            self.entry += 1;
            self.of.log.live.get(&entry.key).is_some_and(|live| live.at == at)
        });
        self.seal_keys.extend(entries.iter().flat_map(Entry::seal_keys));
        Ok(Some(entries))
    }
}

/// Hashes what is read.
struct Hashing<'a> {
    file: &'a File,
    hash: Sha256,
    bytes: u64,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

const LONGEST_LINE: u64 = 4096;
