//! What is said of signatures that are not there, not known, or wrong.

use super::canonical::MissingHeader;
use super::verify::UnverifiedSignature;
use crate::s3::{ErrorCode, S3Error};

/// The one answer to a request without a signature, whatever it asks for: it tells neither what there is nor
/// what others may read without one.
#[must_use]
pub fn unsigned() -> S3Error {
    S3Error::new(ErrorCode::AccessDenied, "Access Denied: the request is not signed.")
}

/// The one answer for a key that is not known, revoked, or cannot exist.
pub(super) fn unknown_access_key() -> S3Error {
    S3Error::new(ErrorCode::InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
}

pub(super) fn signature_version_2() -> S3Error {
    S3Error::new(
        ErrorCode::InvalidRequest,
        "Signature Version 2 is not supported. Please use AWS4-HMAC-SHA256 \
         (boto3 presigns with it after Config(signature_version=\"s3v4\")).",
    )
}

pub(super) fn signature_version_4a() -> S3Error {
    S3Error::new(
        ErrorCode::NotImplemented,
        "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported. Sign with AWS4-HMAC-SHA256 for one region.",
    )
}

/// What S3 says too: with the two strings in hand, a client's author finds the difference.
pub(super) fn mismatch(
    claim: &UnverifiedSignature,
    complete: Result<(), MissingHeader>,
    canonical_request: &[u8],
    string_to_sign: &[u8],
) -> S3Error {
    let message = match complete {
        Ok(()) => "The request signature we calculated does not match the signature you provided. \
                   Check your key and signing method."
            .to_owned(),
        Err(missing) => format!("The request signature cannot match: {missing}."),
    };
    S3Error::new(ErrorCode::SignatureDoesNotMatch, message)
        .with("AWSAccessKeyId", claim.access_key_id.as_str())
        .with("StringToSign", String::from_utf8_lossy(string_to_sign))
        .with("SignatureProvided", const_hex::encode(claim.signature))
        .with("CanonicalRequest", String::from_utf8_lossy(canonical_request))
}
