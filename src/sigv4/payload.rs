//! How the body of a request is proved: decided by the signed value of `x-amz-content-sha256` alone.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, "Transferring
//! Payload in a Single Chunk" and "… in Multiple Chunks".

use super::Service;
use crate::s3::{ErrorCode, RequestHead, S3Error};

/// What the signature says of the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload {
    /// No `x-amz-content-sha256`: the signature covers the hash of nothing, so the body must be empty.
    Empty,
    /// The body has this SHA-256.
    Sha256([u8; 32]),
    /// `UNSIGNED-PAYLOAD`: the signature does not cover the body.
    Unsigned,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: aws-chunked framing, each chunk with its signature.
    SignedChunks,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`: the same with a checksum in a signed trailer.
    SignedChunksTrailer,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: aws-chunked framing with a checksum in the trailer.
    UnsignedTrailer,
}

/// Where a service takes the payload hash of the canonical request from.
#[derive(Clone, Copy, Debug)]
pub(super) enum PayloadSource {
    /// S3: `x-amz-content-sha256` says it.
    Claim,
    /// STS: it is the SHA-256 of the body, whatever `x-amz-content-sha256` says. Nothing else may stand
    /// there, so that no body goes unsigned.
    Body([u8; 32]),
}

impl PayloadSource {
    /// The service that does it so.
    pub(super) fn service(self) -> Service {
        match self {
            Self::Claim => Service::S3,
            Self::Body(_) => Service::Sts,
        }
    }

    /// What the signature of `head` says of the body, and the text of it; `claim` reads what the client
    /// says, and is not asked where that does not count.
    pub(super) fn read(
        self,
        head: &RequestHead,
        claim: impl FnOnce(&RequestHead) -> Result<(Payload, String), S3Error>,
    ) -> Result<(Payload, String), S3Error> {
        match self {
            Self::Claim => claim(head),
            Self::Body(hash) => Ok((Payload::Sha256(hash), const_hex::encode(hash))),
        }
    }
}

const SIGNED_CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_CHUNKS_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// The SHA-256 of nothing, in lower-case hexadecimal.
pub(crate) const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Payload {
    /// Reads the value of `x-amz-content-sha256`.
    ///
    /// # Errors
    /// `NotImplemented` for chunks with signatures of version 4A, which are refused by name; `InvalidArgument` for
    /// anything else that is not a known word or a SHA-256.
    pub fn parse(value: &str) -> Result<Self, S3Error> {
        match value {
            UNSIGNED => Ok(Self::Unsigned),
            UNSIGNED_TRAILER => Ok(Self::UnsignedTrailer),
            SIGNED_CHUNKS => Ok(Self::SignedChunks),
            SIGNED_CHUNKS_TRAILER => Ok(Self::SignedChunksTrailer),
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" | "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" => {
                Err(S3Error::new(
                    ErrorCode::NotImplemented,
                    format!(
                        "x-amz-content-sha256 '{value}' is not supported here. Sign with AWS4-HMAC-SHA256 for one \
                     region and send STREAMING-AWS4-HMAC-SHA256-PAYLOAD, the body's SHA-256, or UNSIGNED-PAYLOAD."
                    ),
                ))
            }
            _ => {
                let lower = value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                let mut hash = [0_u8; 32];
                if value.len() == 64 && lower && const_hex::decode_to_slice(value, &mut hash).is_ok() {
                    return Ok(Self::Sha256(hash));
                }
                Err(S3Error::new(
                    ErrorCode::InvalidArgument,
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                     STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or the SHA-256 of the body in lower-case hexadecimal.",
                )
                .with("ArgumentName", "x-amz-content-sha256")
                .with("ArgumentValue", value))
            }
        }
    }

    /// The word that says so, where it is one.
    #[must_use]
    pub fn sentinel(self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Sha256(_) => None,
            Self::SignedChunks => Some(SIGNED_CHUNKS),
            Self::SignedChunksTrailer => Some(SIGNED_CHUNKS_TRAILER),
            Self::Unsigned => Some(UNSIGNED),
            Self::UnsignedTrailer => Some(UNSIGNED_TRAILER),
        }
    }

    /// Whether the body comes in chunks with signatures.
    #[must_use]
    pub fn has_signed_chunks(self) -> bool {
        matches!(self, Self::SignedChunks | Self::SignedChunksTrailer)
    }

    /// Whether a trailer stands behind the body.
    #[must_use]
    pub fn has_trailer(self) -> bool {
        matches!(self, Self::SignedChunksTrailer | Self::UnsignedTrailer)
    }
}
