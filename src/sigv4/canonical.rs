//! The canonical request and the string to sign.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>,
//! steps 1 to 3, with the settings of S3: the path is encoded once and never normalised.

use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};

use super::scope::{Scope, SigningTime};
use crate::s3::percent::{self, Slash};

/// The only signature algorithm that is verified or made here.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What the canonical request is made of.
pub(crate) struct Canonical<'a, Q> {
    pub(crate) method: &'a Method,
    /// The decoded path.
    pub(crate) path: &'a str,
    /// The decoded query without `X-Amz-Signature`.
    pub(crate) query: Q,
    pub(crate) headers: &'a HeaderMap,
    /// Stands in for the Host header, which HTTP/2 does not send.
    pub(crate) host: &'a str,
    /// Stands in for the Accept-Encoding header, if it is signed.
    pub(crate) accept_encoding: Option<&'a str>,
    /// The names of the signed headers: lower case, sorted, each once, joined by `;`.
    pub(crate) signed_headers: &'a str,
    /// The value of `x-amz-content-sha256`, or what stands for it.
    pub(crate) payload_hash: &'a str,
}

/// A header is named as signed and is not in the request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signed header '{0}' is not in the request")]
pub struct MissingHeader(pub(crate) String);

impl<'q, Q: Iterator<Item = (&'q str, &'q str)>> Canonical<'_, Q> {
    /// Appends the canonical request to `out`.
    pub(crate) fn write(self, out: &mut Vec<u8>) -> Result<(), MissingHeader> {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b'\n');
        percent::encode_into(out, self.path.as_bytes(), Slash::Keep);
        out.push(b'\n');
        write_query(out, self.query);
        out.push(b'\n');
        for name in self.signed_headers.split(';') {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            if name == "host" {
                write_value(out, self.host.as_bytes());
            } else if let Some(value) = self.accept_encoding.filter(|_| name == "accept-encoding") {
                write_value(out, value.as_bytes());
            } else {
                write_header(out, self.headers, name)?;
            }
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend_from_slice(self.signed_headers.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(self.payload_hash.as_bytes());
        Ok(())
    }
}

/// Appends the string to sign for `canonical_request` to `out`.
pub(crate) fn write_string_to_sign(out: &mut Vec<u8>, time: SigningTime, scope: &Scope, canonical_request: &[u8]) {
    out.extend_from_slice(ALGORITHM.as_bytes());
    out.push(b'\n');
    time.write(out);
    out.push(b'\n');
    scope.write(out);
    out.push(b'\n');
    let hash: [u8; 32] = Sha256::digest(canonical_request).into();
    let mut hex = [0_u8; 64];
    const_hex::encode_to_slice(hash, &mut hex).expect("32 bytes are 64 digits");
    out.extend_from_slice(&hex);
}

/// Encoded, then sorted by name and by value: the order of AWS is the order of the encoded bytes.
fn write_query<'a>(out: &mut Vec<u8>, query: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut encoded: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (name, value) in query {
        let mut pair = (Vec::with_capacity(name.len()), Vec::with_capacity(value.len() + 8));
        percent::encode_into(&mut pair.0, name.as_bytes(), Slash::Encode);
        percent::encode_into(&mut pair.1, value.as_bytes(), Slash::Encode);
        encoded.push(pair);
    }
    encoded.sort_unstable();
    for (index, (name, value)) in encoded.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn write_header(out: &mut Vec<u8>, headers: &HeaderMap, name: &str) -> Result<(), MissingHeader> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().ok_or_else(|| MissingHeader(name.to_owned()))?;
    write_value(out, first.as_bytes());
    for value in values {
        out.push(b',');
        write_value(out, value.as_bytes());
    }
    Ok(())
}

/// A header value trimmed at both ends, runs of spaces inside it made one space.
fn write_value(out: &mut Vec<u8>, value: &[u8]) {
    let value = value.trim_ascii();
    let mut previous = 0;
    // Copy up to each pair of spaces; values without one are copied whole.
    for index in 1..value.len() {
        if value[index] == b' ' && value[index - 1] == b' ' {
            out.extend_from_slice(&value[previous..index]);
            previous = index + 1;
        }
    }
    out.extend_from_slice(value.get(previous..).unwrap_or_default());
}
