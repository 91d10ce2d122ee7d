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
    /// A member of the cluster gave no answer; the member or the network is at fault.
    #[error("the store at {endpoint} does not answer: {source}")]
    Unreachable {
        /// The member that was asked last.
        endpoint: Arc<str>,
        /// What became of the question.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
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

    /// Nobody answered at `endpoint`.
    pub fn unreachable(endpoint: String, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreachable { endpoint: endpoint.into(), source: Arc::new(error) }
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
    /// The cluster does not answer, or refuses to.
    #[error("cannot use the store at {endpoints}: {source}")]
    Cluster {
        /// The members that the configuration names.
        endpoints: String,
        /// What the last of them said.
        source: StoreError,
    },
    /// The configuration names etcd, which was left out of this build.
    #[cfg(not(feature = "etcd"))]
    #[error("this build is without etcd; build it with --features etcd")]
    NotBuilt,
    /// The cluster was written to by a newer version of this program.
    #[error(
        "the store at {endpoints} has format {found}, and this version knows only format {known}; use a newer version"
    )]
    ClusterFormat {
        /// The members that the configuration names.
        endpoints: String,
        /// The format in the store.
        found: String,
        /// The format this program writes.
        known: String,
    },
    /// Others changed the same record again and again.
    #[error("the record {0} is being changed by others; try again")]
    Contended(RecordKey),
    /// The store was restored from an older copy, in which revoked keys live.
    #[error("{0}")]
    WentBack(Arc<str>),
    /// What this node remembers of its store cannot be used.
    #[error("what this node remembers of its store, {path}: {source}")]
    NodeMemory {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The file could not be created or opened.
    #[error("cannot open the store {path}: {source}")]
    File {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A record that is needed at the start is in no form that this version knows.
    #[error(transparent)]
    Record(super::RecordError),
    /// A key that secrets in the store are sealed under is not among those that this node has.
    #[error("{0} (seal_key_file or older_seal_key_files); every node of a fleet has the same seal key files")]
    Seal(super::SealError),
    /// The store does not answer any more.
    #[error(transparent)]
    Unreadable(StoreError),
    /// Records were to be moved into it, and not all of them are there.
    #[error("the store holds only a part of {source_name}: run {command} again, which goes on where it stopped")]
    Unfinished {
        /// What is moved into it.
        source_name: String,
        /// How that is finished.
        command: String,
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
