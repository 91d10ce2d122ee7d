//! Body checksums: `Content-MD5` and `x-amz-checksum-*`, as a header or as a trailer.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{ErrorCode, S3Error};

/// A checksum algorithm that is verified here.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Algorithm {
    /// CRC-32 (ISO HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// MD5, of `Content-MD5` only.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// A checksum that the client named and that the body has to have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checksum {
    algorithm: Algorithm,
    value: Vec<u8>,
}

/// A checksum being computed.
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

enum State {
    Crc(Box<crc_fast::Digest>),
    Md5(Box<Md5>),
    Sha1(Box<Sha1>),
    Sha256(Box<Sha256>),
}

impl Algorithm {
    /// The algorithms that have an `x-amz-checksum-*` header, by it.
    const HEADERS: [(&'static str, Self); 5] = [
        ("x-amz-checksum-crc32", Self::Crc32),
        ("x-amz-checksum-crc32c", Self::Crc32c),
        ("x-amz-checksum-crc64nvme", Self::Crc64Nvme),
        ("x-amz-checksum-sha1", Self::Sha1),
        ("x-amz-checksum-sha256", Self::Sha256),
    ];

    /// The algorithm whose value the header (or trailer) `name` carries.
    ///
    /// # Errors
    /// `NotImplemented` for a checksum header that cannot be verified here: passing it on unverified
    /// would vouch for it.
    pub fn of_header(name: &str) -> Result<Option<Self>, S3Error> {
        let Some(rest) = name.strip_prefix("x-amz-checksum-") else { return Ok(None) };
        if matches!(rest, "algorithm" | "mode" | "type") {
            return Ok(None);
        }
        match Self::HEADERS.iter().find(|(header, _)| *header == name) {
            Some((_, algorithm)) => Ok(Some(*algorithm)),
            None => Err(S3Error::new(
                ErrorCode::NotImplemented,
                format!("The checksum {name} cannot be verified here. Use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256."),
            )
            .with("Header", name)),
        }
    }

    /// The header or trailer that carries the value.
    #[must_use]
    pub fn header(self) -> &'static str {
        Self::HEADERS.iter().find(|(_, algorithm)| *algorithm == self).map_or("content-md5", |(header, _)| header)
    }

    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Md5 => "Content-MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        })
    }
}

impl Checksum {
    /// Reads the base64 value of the header or trailer of `algorithm`.
    ///
    /// # Errors
    /// `InvalidDigest` for `Content-MD5`, `BadDigest` for the others: AWS says `InvalidRequest`, the storage that
    /// this stands in front of (Ceph, SeaweedFS) `BadDigest`, and no body has such a checksum.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, S3Error> {
        match STANDARD.decode(text.trim()) {
            Ok(value) if value.len() == algorithm.length() => Ok(Self { algorithm, value }),
            _ if algorithm == Algorithm::Md5 => {
                Err(S3Error::new(ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid.")
                    .with("Content-MD5", text))
            }
            _ => {
                Err(S3Error::new(ErrorCode::BadDigest, format!("Value for {} header is invalid.", algorithm.header())))
            }
        }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The value in base64, as the header carries it.
    #[must_use]
    pub fn encoded(&self) -> String {
        STANDARD.encode(&self.value)
    }

    /// Whether the body that went through `hasher` has this checksum.
    ///
    /// # Errors
    /// `BadDigest` if it has not.
    pub fn check(&self, hasher: Hasher) -> Result<(), S3Error> {
        if hasher.finish() == self.value {
            return Ok(());
        }
        Err(S3Error::new(
            ErrorCode::BadDigest,
            format!("The {} you specified did not match what we received.", self.algorithm),
        )
        .with("ExpectedDigest", self.encoded()))
    }
}

impl Hasher {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 => State::Crc(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc))),
            Algorithm::Crc32c => State::Crc(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi))),
            Algorithm::Crc64Nvme => State::Crc(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme))),
            Algorithm::Md5 => State::Md5(Box::default()),
            Algorithm::Sha1 => State::Sha1(Box::default()),
            Algorithm::Sha256 => State::Sha256(Box::default()),
        };
        Self { algorithm, state }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Md5(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The value, big-endian.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.state {
            State::Crc(digest) => {
                let all = digest.finalize().to_be_bytes();
                all[all.len() - self.algorithm.length()..].to_vec()
            }
            State::Md5(digest) => digest.finalize().to_vec(),
            State::Sha1(digest) => digest.finalize().to_vec(),
            State::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hasher({})", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published check values of "123456789", and of the digests' own specifications.
    #[test]
    fn the_check_values_come_out() {
        for (algorithm, expected) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"12345");
            hasher.update(b"6789");
            assert_eq!(const_hex::encode(hasher.finish()), expected, "{algorithm}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_length_or_alphabet_is_refused() {
        assert!(Checksum::parse(Algorithm::Crc32, "AAAAAA==").is_ok());
        for text in ["", "AAAA", "AAAAAA", "!!!!!!!!", "AAAAAAAAAAA="] {
            assert_eq!(Checksum::parse(Algorithm::Crc32, text).unwrap_err().code, ErrorCode::BadDigest, "{text}");
        }
        assert_eq!(Checksum::parse(Algorithm::Md5, "AAAA").unwrap_err().code, ErrorCode::InvalidDigest);
    }

    #[test]
    fn a_checksum_that_cannot_be_verified_is_refused_by_name() {
        assert_eq!(Algorithm::of_header("x-amz-checksum-crc64nvme").unwrap(), Some(Algorithm::Crc64Nvme));
        assert_eq!(Algorithm::of_header("x-amz-checksum-type").unwrap(), None);
        assert_eq!(Algorithm::of_header("x-amz-meta-a").unwrap(), None);
        let error = Algorithm::of_header("x-amz-checksum-xxhash3").unwrap_err();
        assert_eq!(error.code, ErrorCode::NotImplemented);
        assert!(error.message.contains("x-amz-checksum-xxhash3"));
    }

    #[test]
    fn a_body_with_another_checksum_is_a_bad_digest() {
        let checksum = Checksum::parse(Algorithm::Crc32, "AAAAAA==").unwrap();
        assert!(checksum.check(Hasher::new(Algorithm::Crc32)).is_ok());
        let mut hasher = Hasher::new(Algorithm::Crc32);
        hasher.update(b"x");
        assert_eq!(checksum.check(hasher).unwrap_err().code, ErrorCode::BadDigest);
    }
}
