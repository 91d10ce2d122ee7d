//! Names the bucket, key and operation in a request, keeping path and query bytes as received, and
//! owns S3's error vocabulary. Knows nothing of who is asking, of signatures or of backends.

pub mod address;
pub mod checksum;
pub mod copy_source;
pub mod error_code;
pub mod operation;
pub mod percent;
pub mod request;

pub use address::{Address, BucketName, Domains, ObjectKey};
pub use copy_source::CopySource;
pub use error_code::{ErrorCode, S3Error};
pub use request::{Query, RequestHead};
