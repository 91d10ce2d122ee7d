//! The SHA-256 and the checksums of one body, computed together over each piece while it is in cache.

use sha2::{Digest, Sha256};

use crate::s3::checksum::{Algorithm, Checksum, Hasher};
use crate::s3::{ErrorCode, S3Error};

/// Everything that is computed over a body, and what has to come out.
#[derive(Debug, Default)]
pub(super) struct Digests {
    sha256: Option<(Sha256, [u8; 32])>,
    checksums: Vec<(Hasher, Checksum)>,
    /// The checksum whose value stands in the trailer.
    trailing: Option<Hasher>,
}

impl Digests {
    pub(super) fn new(sha256: Option<[u8; 32]>, checksums: Vec<Checksum>, trailing: Option<Algorithm>) -> Self {
        Self {
            sha256: sha256.map(|expected| (Sha256::new(), expected)),
            checksums: checksums.into_iter().map(|checksum| (Hasher::new(checksum.algorithm()), checksum)).collect(),
            trailing: trailing.map(Hasher::new),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some((hasher, _)) = &mut self.sha256 {
            hasher.update(bytes);
        }
        for (hasher, _) in &mut self.checksums {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.trailing {
            hasher.update(bytes);
        }
    }

    /// Compares everything, with `trailers` for what the trailer was to say; returns what it rightly said.
    pub(super) fn check(self, trailers: &[(String, String)]) -> Result<Option<Checksum>, S3Error> {
        if let Some((hasher, expected)) = self.sha256 {
            let computed: [u8; 32] = hasher.finalize().into();
            if computed != expected && !crate::fault::check_is_off("payload_hash") {
                return Err(S3Error::new(
                    ErrorCode::XAmzContentSHA256Mismatch,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                )
                .with("ClientComputedContentSHA256", const_hex::encode(expected))
                .with("S3ComputedContentSHA256", const_hex::encode(computed)));
            }
        }
        for (hasher, expected) in self.checksums {
            let result = expected.check(hasher);
            if !crate::fault::check_is_off("content_md5") {
                result?;
            }
        }
        let Some(hasher) = self.trailing else { return Ok(None) };
        let algorithm = hasher.algorithm();
        let value = trailers.iter().find(|(name, _)| name == algorithm.header());
        let (_, value) = value.ok_or_else(|| missing_trailer(algorithm.header()))?;
        let expected = Checksum::parse(algorithm, value)?;
        let result = expected.check(hasher);
        if !crate::fault::check_is_off("trailer_checksum") {
            result?;
        }
        Ok(Some(expected))
    }
}

pub(super) fn missing_trailer(name: &str) -> S3Error {
    S3Error::new(
        ErrorCode::MalformedTrailerError,
        format!("The request contained trailing data that was not well-formed: the trailer {name} is missing."),
    )
}

pub(super) fn undeclared_trailer(name: &str) -> S3Error {
    S3Error::new(
        ErrorCode::MalformedTrailerError,
        format!("The request contained trailing data that was not well-formed: x-amz-trailer does not name {name}."),
    )
}
