//! The signatures of chunks and of the trailer behind them: each covers the one before it, and the first
//! of them the signature of the request, so that no chunk can be changed, moved, repeated or left out.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>, "Defining the Chunk Body", and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::payload::EMPTY_SHA256;
use super::{Scope, SigningKey, SigningTime};
use crate::s3::{ErrorCode, S3Error};

/// Verifies the chunks of one body, in their order. Only a verified signature has one.
#[derive(Debug)]
pub struct ChunkVerifier(Chain);

/// Signs the chunks of one body for a backend, in their order. Only signing its request makes one.
#[derive(Debug)]
pub struct ChunkSigner(Chain);

/// The signatures of one body so far.
#[derive(Debug)]
struct Chain {
    key: SigningKey,
    /// The time and the scope as they stand in each string to sign, each with its line end.
    time_and_scope: Vec<u8>,
    previous: [u8; 32],
    string_to_sign: Vec<u8>,
}

impl ChunkVerifier {
    /// The chain that begins with the signature `seed`, which was verified with `key`.
    pub(super) fn new(key: &SigningKey, time: SigningTime, scope: &Scope, seed: [u8; 32]) -> Self {
        Self(Chain::new(key, time, scope, seed))
    }

    /// Verifies the next chunk: `claimed` is what stands in its header, `data` the hash of what it carries.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch`.
    pub(super) fn chunk(&mut self, data: [u8; 32], claimed: &[u8; 32]) -> Result<(), S3Error> {
        let computed = self.0.chunk(data);
        if bool::from(computed.ct_eq(claimed)) || crate::fault::check_is_off("chunk_signature") {
            return Ok(());
        }
        Err(self.mismatch("a chunk of the body", claimed))
    }

    /// Verifies the trailers, names in lower case and values trimmed. `None` is a signature that is missing
    /// or has not the form of one.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch`.
    pub(super) fn trailers(&mut self, trailers: &[(String, String)], claimed: Option<[u8; 32]>) -> Result<(), S3Error> {
        let computed = self.0.trailers(trailers);
        let claimed = claimed.ok_or([0; 32]);
        let matches = claimed.is_ok_and(|claimed| bool::from(computed.ct_eq(&claimed)));
        if matches || crate::fault::check_is_off("trailer_signature") {
            return Ok(());
        }
        match claimed {
            Ok(claimed) => Err(self.mismatch("the trailer", &claimed)),
            Err(_) => Err(S3Error::new(
                ErrorCode::SignatureDoesNotMatch,
                "The trailer has no signature: the last line before the empty one must be \
                 x-amz-trailer-signature with 64 lower-case hexadecimal digits.",
            )),
        }
    }

    /// What was signed here, so that a client's author finds the difference.
    fn mismatch(&self, what: &str, claimed: &[u8; 32]) -> S3Error {
        S3Error::new(
            ErrorCode::SignatureDoesNotMatch,
            format!("The signature we calculated for {what} does not match the signature you provided."),
        )
        .with("StringToSign", String::from_utf8_lossy(&self.0.string_to_sign))
        .with("SignatureProvided", const_hex::encode(claimed))
    }
}

impl ChunkSigner {
    /// The chain that begins with the signature `seed` of the request, made with `key`.
    pub(super) fn new(key: &SigningKey, time: SigningTime, scope: &Scope, seed: [u8; 32]) -> Self {
        Self(Chain::new(key, time, scope, seed))
    }

    /// The header of the next chunk, which carries `data`; without data it is the final one.
    pub fn header(&mut self, data: &[u8]) -> String {
        let signature = self.0.chunk(Sha256::digest(data).into());
        format!("{:x};chunk-signature={}\r\n", data.len(), const_hex::encode(signature))
    }
}

impl Chain {
    fn new(key: &SigningKey, time: SigningTime, scope: &Scope, seed: [u8; 32]) -> Self {
        let mut time_and_scope = Vec::with_capacity(80);
        time.write(&mut time_and_scope);
        time_and_scope.push(b'\n');
        scope.write(&mut time_and_scope);
        time_and_scope.push(b'\n');
        Self { key: key.clone(), time_and_scope, previous: seed, string_to_sign: Vec::with_capacity(320) }
    }

    fn chunk(&mut self, data: [u8; 32]) -> [u8; 32] {
        self.begin("AWS4-HMAC-SHA256-PAYLOAD\n");
        self.string_to_sign.extend_from_slice(EMPTY_SHA256.as_bytes());
        self.string_to_sign.push(b'\n');
        self.end(data)
    }

    fn trailers(&mut self, trailers: &[(String, String)]) -> [u8; 32] {
        let mut sorted: Vec<&(String, String)> = trailers.iter().collect();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        for (name, value) in sorted {
            for part in [name.as_str(), ":", value.as_str(), "\n"] {
                hash.update(part);
            }
        }
        self.begin("AWS4-HMAC-SHA256-TRAILER\n");
        self.end(hash.finalize().into())
    }

    fn begin(&mut self, algorithm: &str) {
        self.string_to_sign.clear();
        self.string_to_sign.extend_from_slice(algorithm.as_bytes());
        self.string_to_sign.extend_from_slice(&self.time_and_scope);
        self.push_hex(self.previous);
        self.string_to_sign.push(b'\n');
    }

    fn end(&mut self, hash: [u8; 32]) -> [u8; 32] {
        self.push_hex(hash);
        self.previous = self.key.mac(&self.string_to_sign);
        self.previous
    }

    fn push_hex(&mut self, hash: [u8; 32]) {
        let mut hex = [0_u8; 64];
        const_hex::encode_to_slice(hash, &mut hex).expect("32 bytes are 64 digits");
        self.string_to_sign.extend_from_slice(&hex);
    }
}
