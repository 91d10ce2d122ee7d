//! Why policies could not be read or changed.

use std::path::PathBuf;

use crate::policy::{PolicyError, PolicyName};
use crate::s3::BucketName;
use crate::store::{CommitError, RecordError, StoreError};

/// Why policies could not be read or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Others keep changing the same record.
    #[error("others are changing the same policy or bucket; try again")]
    Busy,
    /// The store did not take the change.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The policy comes from a file of the configuration.
    #[error("the policy \"{name}\" is kept in the file {}: change it there", file.display())]
    KeptInFile {
        /// The policy.
        name: PolicyName,
        /// Its file.
        file: PathBuf,
    },
    /// A file of the configuration names a policy that the store has too.
    #[error(
        "the file {} names the policy \"{name}\", which is also in the store: give it another name there; or take the file \
         away, run `portcullis policy delete {name}`, and put the file back", file.display()
    )]
    NameTaken {
        /// The policy.
        name: PolicyName,
        /// Its file.
        file: PathBuf,
    },
    /// Nobody knows what is in force: the store cannot be followed, or holds an organization policy that
    /// cannot be understood. The log says which.
    #[error("the policies in force are not known now: the store, or a policy in it, cannot be read")]
    NotCurrent,
    /// A stored document cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A stored organization policy cannot be understood.
    #[error(
        "the stored organization policy \"{name}\" cannot be understood: {source}. Replace it (portcullis policy put), or \
         delete it (portcullis policy delete {name})"
    )]
    Unreadable {
        /// The policy.
        name: String,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// The bucket policy is public, and the bucket's public access block does not let it be.
    #[error("the policy is public, and the public access block of the bucket {} refuses public policies", .0.as_str())]
    PublicPolicyBlocked(BucketName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are as many organization policies as there may be.
    #[error("there are {limit} organization policies already, and there may be no more")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}
