//! Names the bucket, key and operation in a request, keeping path and query bytes as received, and
//! owns S3's error vocabulary. Knows nothing of who is asking, of signatures or of backends.

pub mod acl;
pub mod address;
pub mod ambiguous;
pub mod checksum;
pub mod complete_upload;
pub mod copy_source;
pub mod cors;
pub mod delete_objects;
pub mod error_code;
pub mod list_buckets;
pub mod location;
pub mod named_buckets;
pub mod object_lock;
pub mod operation;
pub mod percent;
pub mod post_form;
pub mod post_policy;
pub mod public_access_block;
pub mod published_error;
pub mod request;
pub mod restore;
pub mod tagging;
pub mod xml;

pub use address::{Address, BucketName, Domains, ObjectKey};
pub use ambiguous::refuse_ambiguous_headers;
pub use complete_upload::CompleteUpload;
pub use copy_source::CopySource;
pub use delete_objects::{DeleteObjects, DeleteResult, ObjectToDelete};
pub use error_code::{ErrorCode, S3Error};
pub use named_buckets::named_buckets;
pub use object_lock::{LegalHold, Retention};
pub use post_policy::PostPolicy;
pub use public_access_block::PublicAccessBlock;
pub use request::{Query, RequestHead};
pub use restore::Restore;
pub use tagging::Tagging;
