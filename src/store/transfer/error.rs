//! Why records were not moved, or not all of them. The operator's to solve.

use std::io;
use std::path::PathBuf;

use crate::store::{CommitError, OpenError, RecordKey, ResealError, SealError, SealFileError, SealKeyId, StoreError};

/// Why records were not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// An export does not overwrite anything.
    #[error("{} is there already; name a file that does not exist, or remove it", .0.display())]
    AlreadyThere(PathBuf),
    /// Another process writes the same export.
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    /// Somebody else wrote into the store.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The file is no export, or not a whole one.
    #[error("{}: {fault}", path.display())]
    Fault {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was told to stop.
    #[error("interrupted; the same command again goes on from here")]
    Interrupted,
    /// Nodes run on a store that has to be still.
    #[error(
        "nodes are running on the store in etcd at {endpoints} under {prefix}; what they write meanwhile would be lost: \
         stop the nodes first"
    )]
    NodesRun {
        /// The members of the cluster.
        endpoints: String,
        /// The prefix of the store.
        prefix: String,
    },
    /// There is nothing to read.
    #[error("there is no store {}", .0.display())]
    NoStore(PathBuf),
    /// The destination has records already.
    #[error("the store is not empty, and nothing is mixed into it: it holds {found}; give an empty one")]
    NotEmpty {
        /// How many of what.
        found: String,
    },
    /// A store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The records belong to somebody else.
    #[error("the records are those of organization {theirs}, and the configuration says org_id = \"{ours}\"")]
    Organization {
        /// Whose records they are.
        theirs: String,
        /// Who the destination is for.
        ours: String,
    },
    /// Another import was begun, and not finished.
    #[error("the store holds a part of another import, of {source_name}; finish that one, or give an empty store")]
    OtherUnfinished {
        /// What that was an import of.
        source_name: String,
    },
    /// What is left of an earlier export cannot be gone on with.
    #[error("{}, left by an earlier export, cannot be gone on with: {why}; remove it to begin anew", path.display())]
    Partial {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Something could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key that seals could not be read.
    #[error(transparent)]
    SealFile(#[from] SealFileError),
    /// The destination could not open what it is given.
    #[error(
        "the secret of {record} is sealed under key {key}, which the destination does not have: add its file to \
         older_seal_key_files there"
    )]
    SealKey {
        /// A record that needs it.
        record: RecordKey,
        /// The key.
        key: SealKeyId,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a file that should be an export.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileFault {
    /// Its first line was changed.
    #[error("its first line was altered, or belongs to another export")]
    Header,
    /// It ends within its first line or a page.
    #[error("it was cut off within page {page}")]
    Cut {
        /// Counted from 1.
        page: u64,
    },
    /// It has no last page.
    #[error("it is not a whole export: it ends after page {pages}, and that is not its last")]
    Incomplete {
        /// How many pages there are.
        pages: u64,
    },
    /// It needs a key that is not loaded.
    #[error("it was sealed under key {0}, which the configuration does not have: add its file to older_seal_key_files")]
    KeyMissing(SealKeyId),
    /// Something else altogether.
    #[error("it is no export of this program")]
    NotAnExport,
    /// A page does not open where it is.
    #[error("page {page} was altered, or belongs elsewhere: to another place or another export")]
    Page {
        /// Counted from 1.
        page: u64,
    },
    /// Something follows the last page, or the last page says something else than the others.
    #[error("it does not end where it says that it ends")]
    Trailing,
    /// A newer version wrote it.
    #[error("it has version {found}, and this program knows only version {known}; use a newer version")]
    Version {
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
}

impl From<ResealError> for TransferError {
    fn from(error: ResealError) -> Self {
        Self::Open(error.into())
    }
}
