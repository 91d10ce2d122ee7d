//! Requests that are signed ahead, so that signing never holds the generator up: whole, as they go over the
//! wire, in a file that the generator plays from its beginning to its end and then again.
//!
//! They are signed by the library itself, just before they are played. All proxies are asked the same requests.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::identity::SecretAccessKey;
use portcullis::sigv4::{ChunkSigner, Scope, Service, SigningKey, SigningTime, UpstreamPayload, sign};
use sha2::{Digest as _, Sha256};

use super::store::AccessKey;

/// The name that requests call the server by.
pub(crate) const HOST: &str = "localhost";
/// The region of every signature.
pub(crate) const REGION: &str = "us-east-1";
/// The size of signed chunks.
const CHUNK: usize = 64 << 10;

/// What a row asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    pub(crate) action: Action,
    /// The size of the object.
    pub(crate) size: usize,
    /// Whether each request has a connection of its own.
    pub(crate) closes: bool,
}

/// What is done with an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// It is fetched.
    Get,
    /// It is stored, and the signature does not cover the body.
    PutUnsigned,
    /// It is stored, and the signature says the SHA-256 of the body.
    PutHashed,
    /// It is stored in chunks, each with a signature.
    PutChunks,
}

impl Kind {
    /// An object is fetched, over a connection that stays.
    pub(crate) const fn get(size: usize) -> Self {
        Self { action: Action::Get, size, closes: false }
    }

    /// An object is fetched, over a connection of its own.
    pub(crate) const fn get_once(size: usize) -> Self {
        Self { action: Action::Get, size, closes: true }
    }

    /// An object is stored.
    pub(crate) const fn put(action: Action, size: usize) -> Self {
        Self { action, size, closes: false }
    }

    /// How many different ones are made ahead. Of uploads only one, and another one for each window: wrk would mix
    /// up several that do not go out at once.
    fn how_many(self) -> usize {
        match self.action {
            Action::Get if self.closes => 2_000,
            Action::Get if self.size < (64 << 10) => 50_000,
            Action::Get => 4_000,
            _ => 1,
        }
    }
}

/// Signs requests with keys, each key's signing key derived once.
pub(crate) struct Signer<'a> {
    keys: Vec<(&'a str, SigningKey)>,
    scope: Scope,
    time: SigningTime,
}

impl<'a> Signer<'a> {
    /// Signs as of now.
    pub(crate) fn new(keys: &'a [AccessKey]) -> Result<Self> {
        let time = SigningTime::at(SystemClock.now());
        let derive = |key: &'a AccessKey| {
            let secret = SecretAccessKey::parse(key.secret.clone()).context("a secret that is none")?;
            Ok((key.id.as_str(), SigningKey::derive(&secret, time.date(), REGION, "s3")))
        };
        let scope = Scope { date: time.date(), region: REGION.to_owned(), service: Service::S3 };
        Ok(Self { keys: keys.iter().map(derive).collect::<Result<_>>()?, scope, time })
    }

    /// The bytes of the request number `index` of `kind`.
    pub(crate) fn request(&self, kind: Kind, bucket: &str, index: usize) -> Vec<u8> {
        // A step that shares no factor with the number of keys, so that keys do not follow each other.
        let key = &self.keys[(index * 7919) % self.keys.len()];
        let path = format!("/{bucket}/{}/folder/object-{index:06}", kind.size);
        let body = if kind.action == Action::Get { Vec::new() } else { body(kind.size, index) };
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static("aws-sdk-rust/1.3 os/linux lang/rust/1.95"));
        let (method, payload) = match kind.action {
            Action::Get => (Method::GET, UpstreamPayload::Empty),
            Action::PutUnsigned => (Method::PUT, UpstreamPayload::Unsigned),
            Action::PutHashed => (Method::PUT, UpstreamPayload::Sha256(Sha256::digest(&body).into())),
            Action::PutChunks => (Method::PUT, UpstreamPayload::SignedChunks),
        };
        if kind.action == Action::PutChunks {
            headers.insert("content-encoding", HeaderValue::from_static("aws-chunked"));
            headers.insert("x-amz-decoded-content-length", HeaderValue::from(body.len()));
        }
        let credential = (key.0, &key.1);
        let none = std::iter::empty();
        let chunks = sign(&method, HOST, &path, none, &mut headers, payload, credential, &self.scope, self.time);
        let body = chunks.map_or_else(|| body.clone(), |chunks| in_chunks(&body, chunks));
        if method == Method::PUT {
            headers.insert("content-length", HeaderValue::from(body.len()));
        }
        if kind.closes {
            headers.insert("connection", HeaderValue::from_static("close"));
        }
        on_the_wire(&method, &path, &headers, &body)
    }

    /// All requests of `kind` for one window.
    pub(crate) fn requests(&self, kind: Kind, bucket: &str) -> Vec<Vec<u8>> {
        (0..kind.how_many()).map(|index| self.request(kind, bucket, index)).collect()
    }

    /// Writes all requests of `kind` for the window number `window` to `file`.
    pub(crate) fn write(&self, kind: Kind, bucket: &str, window: usize, file: &Path) -> Result<()> {
        let mut out = BufWriter::new(File::create(file).with_context(|| file.display().to_string())?);
        for index in window..window + kind.how_many() {
            let request = self.request(kind, bucket, index);
            writeln!(out, "{}", request.len())?;
            out.write_all(&request)?;
        }
        out.flush().with_context(|| file.display().to_string())
    }
}

/// Bytes that differ from request to request and do not repeat soon.
fn body(size: usize, seed: usize) -> Vec<u8> {
    let mut state = (seed as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// The body in aws-chunked framing, each chunk with its signature.
fn in_chunks(body: &[u8], mut signer: ChunkSigner) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + body.len() / CHUNK * 96 + 256);
    for chunk in body.chunks(CHUNK).chain([&[][..]]) {
        framed.extend_from_slice(signer.header(chunk).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed
}

fn on_the_wire(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512 + body.len());
    bytes.extend_from_slice(format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\n").as_bytes());
    for (name, value) in headers {
        let name: &HeaderName = name;
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
