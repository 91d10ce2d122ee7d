//! What can go wrong in a store, and whose fault it is.

use std::path::PathBuf;
use std::sync::Arc;

use super::{RecordKey, SealFileError};

/// The store could not answer. Never the client's fault, and never a reason to let a request pass.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database reported an error; the disk or the file is at fault.
    #[error("the store failed: {0}")]
    Database(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// A record in the database is shorter than any this program writes.
    #[error("the store holds a damaged record: {0}")]
    Damaged(RecordKey),
    /// The program is shutting down, or the store's worker panicked.
    #[error("the store has stopped")]
    Stopped,
}

impl StoreError {
    /// Wraps what an implementation's database reported.
    pub fn database(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// Why a commit did not happen, or may not have happened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A record was not as expected; nothing was written. Load it again and decide anew.
    #[error("{0} was changed by somebody else")]
    Conflict(RecordKey),
    /// The batch names a record twice; nothing was written. A mistake in this program.
    #[error("a batch names {0} twice")]
    Repeated(RecordKey),
    /// The store failed; whether the batch was written is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an embedded store could not be opened. The operator's to solve.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, usually a running server, has it open.
    #[error(
        "the store {path} is in use by another process; stop it, or let it do the work through its control socket (control.sock beside the store)"
    )]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file could not be created or opened.
    #[error("cannot open the store {path}: {source}")]
    File {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key that seals the secrets could not be read.
    #[error(transparent)]
    SealKey(#[from] SealFileError),
    /// The file is no database of this program, or a damaged one.
    #[error("cannot open the store {path}: {source}")]
    Database {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// The file was written by a newer version of this program.
    #[error("the store {path} has format {found}, and this version knows only format {known}; use a newer version")]
    Format {
        /// The database file.
        path: PathBuf,
        /// The format in the file.
        found: u64,
        /// The format this program writes.
        known: u64,
    },
}
