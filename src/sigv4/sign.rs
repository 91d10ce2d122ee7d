//! Signing a request to a backend, in the header form.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::cell::RefCell;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};

use super::SigningKey;
use super::canonical::{ALGORITHM, Canonical, write_string_to_sign};
use super::chunk_signature::ChunkSigner;
use super::payload::EMPTY_SHA256;
use super::scope::{Scope, SigningTime};

/// What the signature to the backend says of the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpstreamPayload {
    /// There is none.
    Empty,
    /// It has this SHA-256.
    Sha256([u8; 32]),
    /// The signature does not cover it.
    Unsigned,
    /// aws-chunked framing, each chunk with its signature.
    SignedChunks,
    /// aws-chunked framing with a checksum in the trailer.
    UnsignedTrailer,
}

/// Signs the request with `key` and puts `x-amz-date`, `x-amz-content-sha256` and `authorization` into
/// `headers`. Every `x-amz-*` header, `host`, `content-md5` and `content-type` is signed.
///
/// `path` and `query` are decoded; `key` was derived from the secret of `access_key_id` for `scope`.
/// Returns what signs the chunks of the body, where it goes in signed chunks.
#[expect(clippy::too_many_arguments, reason = "these are the parts of a signature, each of another type")]
pub fn sign<'a>(
    method: &Method,
    host: &str,
    path: &str,
    query: impl Iterator<Item = (&'a str, &'a str)>,
    headers: &mut HeaderMap,
    payload: UpstreamPayload,
    credential: (&str, &SigningKey),
    scope: &Scope,
    time: SigningTime,
) -> Option<ChunkSigner> {
    let payload_hash = payload.header_value();
    let mut date = Vec::with_capacity(16);
    time.write(&mut date);
    headers.insert("x-amz-date", HeaderValue::from_bytes(&date).expect("digits, T and Z"));
    headers.insert("x-amz-content-sha256", payload_hash.clone());
    let payload_hash = payload_hash.to_str().expect("a word or hexadecimal digits");

    BUFFERS.with_borrow_mut(|buffers| {
        buffers.clear();
        let Buffers { names, canonical_request, string_to_sign } = buffers;
        signed_header_list(names, headers);
        let list = names.as_str();
        Canonical { method, path, query, headers, host, accept_encoding: None, signed_headers: list, payload_hash }
            .write(canonical_request)
            .expect("the list was made from these headers");
        write_string_to_sign(string_to_sign, time, scope, canonical_request);
        let (access_key_id, key) = credential;
        let signature = key.mac(string_to_sign);

        let authorization = canonical_request;
        authorization.clear();
        for part in [ALGORITHM.as_bytes(), b" Credential=", access_key_id.as_bytes(), b"/"] {
            authorization.extend_from_slice(part);
        }
        scope.write(authorization);
        for part in [b", SignedHeaders=", list.as_bytes(), b", Signature="] {
            authorization.extend_from_slice(part);
        }
        let mut hex = [0_u8; 64];
        const_hex::encode_to_slice(signature, &mut hex).expect("32 bytes are 64 digits");
        authorization.extend_from_slice(&hex);
        let mut value = HeaderValue::from_bytes(authorization).expect("every part is visible ASCII");
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        let has_chunks = matches!(payload, UpstreamPayload::SignedChunks);
        has_chunks.then(|| ChunkSigner::new(key, time, scope, signature))
    })
}

impl UpstreamPayload {
    fn header_value(self) -> HeaderValue {
        match self {
            Self::Empty => HeaderValue::from_static(EMPTY_SHA256),
            Self::Sha256(hash) => HeaderValue::try_from(const_hex::encode(hash)).expect("hexadecimal digits"),
            Self::SignedChunks => HeaderValue::from_static("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            Self::Unsigned => HeaderValue::from_static("UNSIGNED-PAYLOAD"),
            Self::UnsignedTrailer => HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        }
    }
}

/// `names` becomes the sorted, `;`-joined list of what is signed.
fn signed_header_list(names: &mut String, headers: &HeaderMap) {
    let mut signed: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-") || matches!(*name, "content-md5" | "content-type"))
        .chain(["host"])
        .collect();
    signed.sort_unstable();
    for (index, name) in signed.into_iter().enumerate() {
        if index > 0 {
            names.push(';');
        }
        names.push_str(name);
    }
}

#[derive(Default)]
struct Buffers {
    names: String,
    canonical_request: Vec<u8>,
    string_to_sign: Vec<u8>,
}

impl Buffers {
    fn clear(&mut self) {
        self.names.clear();
        self.canonical_request.clear();
        self.string_to_sign.clear();
    }
}

thread_local! {
    /// Reused from one request to the next on the same thread.
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}
