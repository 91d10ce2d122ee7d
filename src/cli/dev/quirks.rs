//! Where the file-system server behind `portcullis dev` differs from S3 in ways that clients trip over,
//! and what is done about it. Each is checked before the server acts; none of it is about who may do
//! what, which has been decided in front of it.

use std::path::{Path, PathBuf};

use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{ChecksumAlgorithm, ListObjectsInput, ListObjectsV2Input, PutObjectInput};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

/// The checks, for the objects in one folder.
pub(super) struct Quirks {
    objects: PathBuf,
}

impl Quirks {
    pub(super) fn new(objects: PathBuf) -> Self {
        Self { objects }
    }

    /// It removes a bucket with everything in it.
    fn bucket_is_empty(&self, bucket: &str) -> S3Result<()> {
        if holds_a_file(&self.objects.join(bucket)) {
            let message = "The bucket you tried to delete is not empty.";
            return Err(S3Error::with_message(S3ErrorCode::BucketNotEmpty, message));
        }
        Ok(())
    }

    /// It fails with 500 where a key is the name of a folder on the disk, which clients take for a fault
    /// that may pass.
    fn key_is_no_folder(&self, bucket: &str, key: &str) -> S3Result<()> {
        if self.objects.join(bucket).join(key.trim_start_matches('/')).is_dir() {
            return Err(S3Error::with_message(S3ErrorCode::NoSuchKey, "The specified key does not exist."));
        }
        Ok(())
    }

    /// It keeps each key as a file, and what it knows of the object in a second file whose name holds
    /// the whole key. The client is told the code only: the words are for whoever runs the server.
    fn key_fits(&self, bucket: &str, key: &str) -> S3Result<()> {
        if key.len() > LONGEST_KEY.saturating_sub(bucket.len()) {
            tracing::warn!(
                bucket,
                key,
                "the development backend keeps objects as files, and for those this key is too long: bucket and key \
                 together can have {LONGEST_KEY} bytes here"
            );
            return Err(S3Error::with_message(S3ErrorCode::KeyTooLongError, "Your key is too long."));
        }
        let path = self.objects.join(bucket).join(key.trim_start_matches('/'));
        let mut above = path.ancestors().skip(1).take_while(|above| above.starts_with(&self.objects));
        if above.any(Path::is_file) || (path.is_dir() && !key.ends_with('/')) {
            tracing::warn!(
                bucket,
                key,
                "the development backend keeps objects as files: it cannot hold a key and, at the same time, keys that \
                 begin with it and a slash"
            );
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, "The key is the name of a folder."));
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl S3Access for Quirks {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "A signature is required."));
        }
        match (context.s3_op().name(), context.s3_path()) {
            ("DeleteBucket", S3Path::Bucket { bucket }) => self.bucket_is_empty(bucket),
            ("GetObject" | "HeadObject", S3Path::Object { bucket, key }) => self.key_is_no_folder(bucket, key),
            ("CopyObject" | "CreateMultipartUpload" | "PutObject", S3Path::Object { bucket, key }) => {
                self.key_fits(bucket, key)
            }
            _ => Ok(()),
        }
    }

    /// It says that keys are URL-encoded when asked to, and does not encode them.
    async fn list_objects(&self, request: &mut S3Request<ListObjectsInput>) -> S3Result<()> {
        request.input.encoding_type = None;
        Ok(())
    }

    /// As for the first version.
    async fn list_objects_v2(&self, request: &mut S3Request<ListObjectsV2Input>) -> S3Result<()> {
        request.input.encoding_type = None;
        Ok(())
    }

    /// It computes only checksums that are announced in a header which the proxy does not send on.
    async fn put_object(&self, request: &mut S3Request<PutObjectInput>) -> S3Result<()> {
        let trailer = request.headers.get("x-amz-trailer").and_then(|value| value.to_str().ok());
        if let Some(algorithm) = trailer.and_then(|name| name.strip_prefix("x-amz-checksum-")) {
            request.input.checksum_algorithm = Some(ChecksumAlgorithm::from(algorithm.to_ascii_uppercase()));
        }
        Ok(())
    }
}

/// Whether there is a file anywhere below. Folders that objects left behind do not count.
fn holds_a_file(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries
        .flatten()
        .any(|entry| entry.file_type().is_ok_and(|kind| if kind.is_dir() { holds_a_file(&entry.path()) } else { true }))
}

/// Bytes of a bucket's name and a key. The name of the second file, `.bucket-<base64>.object-<base64>` and
/// `.upload-<uuid>.metadata.json`, may have 255.
const LONGEST_KEY: usize = (255 - 8 - 8 - 44 - 14 - 4) / 4 * 3;
