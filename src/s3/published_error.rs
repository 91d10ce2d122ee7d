//! The sentences that S3 publishes for its error codes, for errors that a backend gave: its code is the
//! client's to know, its own words are not, since they may name hosts, accounts and keys of ours.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

/// The published sentence for `code`; a plain one for a code that is not published.
#[must_use]
pub fn sentence(code: &str) -> &'static str {
    SENTENCES
        .binary_search_by_key(&code, |(known, _)| known)
        .map_or("The storage behind this server refused the request.", |index| SENTENCES[index].1)
}

const SENTENCES: [(&str, &str); 52] = [
    ("AccessDenied", "Access Denied by the storage behind this server."),
    ("BadDigest", "The Content-MD5 or checksum value that you specified did not match what the server received."),
    ("BucketAlreadyExists", "The requested bucket name is not available. Select a different name and try again."),
    ("BucketAlreadyOwnedByYou", "The bucket you tried to create already exists, and you own it."),
    ("BucketNotEmpty", "The bucket you tried to delete is not empty."),
    ("ConditionalRequestConflict", "A conflicting operation occurred during the request to this resource."),
    ("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."),
    ("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size."),
    ("IllegalVersioningConfigurationException", "The versioning configuration specified in the request is invalid."),
    ("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."),
    ("InternalError", "The storage behind this server encountered an internal error. Please try again."),
    ("InvalidArgument", "Invalid Argument"),
    ("InvalidBucketName", "The specified bucket is not valid."),
    ("InvalidBucketState", "The request is not valid for the current state of the bucket."),
    ("InvalidDigest", "The Content-MD5 or checksum value that you specified is not valid."),
    ("InvalidLocationConstraint", "The specified location constraint is not valid."),
    ("InvalidObjectState", "The operation is not valid for the object's storage class."),
    ("InvalidPart", "One or more of the specified parts could not be found."),
    ("InvalidPartNumber", "The requested partnumber is not satisfiable."),
    ("InvalidPartOrder", "The list of parts was not in ascending order."),
    ("InvalidRange", "The requested range is not satisfiable."),
    ("InvalidRequest", "The request is not valid for the storage behind this server."),
    ("InvalidStorageClass", "The storage class you specified is not valid."),
    ("InvalidTag", "The tag provided was not a valid tag."),
    ("KeyTooLongError", "Your key is too long."),
    ("MalformedACLError", "The XML you provided was not well formed or did not validate against our published schema."),
    ("MalformedPolicy", "The policy is not valid."),
    ("MalformedXML", "The XML you provided was not well formed or did not validate against our published schema."),
    ("MethodNotAllowed", "The specified method is not allowed against this resource."),
    ("MissingContentLength", "You must provide the Content-Length HTTP header."),
    ("NoSuchBucket", "The specified bucket does not exist."),
    ("NoSuchBucketPolicy", "The bucket policy does not exist."),
    ("NoSuchCORSConfiguration", "The CORS configuration does not exist."),
    ("NoSuchKey", "The specified key does not exist."),
    ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist."),
    ("NoSuchObjectLockConfiguration", "The specified object does not have an ObjectLock configuration."),
    ("NoSuchTagSet", "The TagSet does not exist."),
    (
        "NoSuchUpload",
        "The specified multipart upload does not exist. The upload ID might be invalid, or the upload might have been aborted or completed.",
    ),
    ("NoSuchVersion", "The specified version does not exist."),
    ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration."),
    ("NotImplemented", "The storage behind this server does not implement this."),
    ("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket."),
    (
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Try again.",
    ),
    ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found."),
    ("PreconditionFailed", "At least one of the preconditions that you specified did not hold."),
    ("ReplicationConfigurationNotFoundError", "The replication configuration was not found."),
    ("RequestTimeout", "The storage behind this server did not get the request in time."),
    ("ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found."),
    ("ServiceUnavailable", "The storage behind this server is not available. Please retry."),
    ("SlowDown", "Please reduce your request rate."),
    ("TooManyBuckets", "You have attempted to create more buckets than are allowed."),
    ("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_binary_search() {
        assert!(SENTENCES.is_sorted_by_key(|(code, _)| *code));
        assert_eq!(sentence("NoSuchKey"), "The specified key does not exist.");
        assert_eq!(sentence("XNeverHeardOf"), "The storage behind this server refused the request.");
    }
}
