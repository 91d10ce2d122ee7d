//! The ways in which a client declares the body of an upload, each as a request whose declaration is about
//! one body and which carries another: the same one, or a wrong one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::app::{TestApp, now};
use super::chunks::{CHECKSUMS, aws_chunked, crc32};
use super::request::Request;

/// A way to declare a body.
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    /// A signed PUT to a target that declares its third argument and carries the fourth.
    pub(crate) request: fn(&TestApp, &str, &[u8], &[u8]) -> Request,
    /// Status and code for a body of the declared length with other bytes; `None` if nobody could tell.
    pub(crate) altered: Option<(u16, &'static str)>,
    /// Status and code for a body of another length, in framing that fits it; `None` if that is what was
    /// declared, since nothing else was.
    pub(crate) resized: Option<(u16, &'static str)>,
    /// Where what comes last begins in the bytes on the wire: the end of the data, before its trailer.
    pub(crate) end: fn(&Request) -> usize,
}

pub(crate) const BY_SHA256: Declared = Declared {
    name: "the SHA-256 of the body",
    request: |app, target, declared, sent| carrying(Request::put(target).body(declared).sign(&app.write, now()), sent),
    altered: Some((400, "XAmzContentSHA256Mismatch")),
    resized: Some((400, "XAmzContentSHA256Mismatch")),
    end: |request| request.body.len(),
};

pub(crate) const BY_MD5: Declared = Declared {
    name: "UNSIGNED-PAYLOAD with Content-MD5",
    request: |app, target, declared, sent| {
        let put = Request::put(target).header("Content-MD5", md5(declared)).body(sent);
        put.unsigned_payload().sign(&app.write, now())
    },
    altered: Some((400, "BadDigest")),
    resized: Some((400, "BadDigest")),
    end: |request| request.body.len(),
};

pub(crate) const BY_CHECKSUM: Declared = Declared {
    name: "UNSIGNED-PAYLOAD with a checksum header",
    request: |app, target, declared, sent| {
        let put = Request::put(target).header(CHECKSUMS[0].0, crc32(declared)).body(sent);
        put.unsigned_payload().sign(&app.write, now())
    },
    altered: Some((400, "BadDigest")),
    resized: Some((400, "BadDigest")),
    end: |request| request.body.len(),
};

pub(crate) const BY_PRESIGNED_MD5: Declared = Declared {
    name: "a presigned URL with Content-MD5",
    request: |app, target, declared, sent| {
        let put = Request::put(target).header("Content-MD5", md5(declared)).body(sent);
        put.presign(&app.write, now(), Duration::from_mins(5))
    },
    altered: Some((400, "BadDigest")),
    resized: Some((400, "BadDigest")),
    end: |request| request.body.len(),
};

pub(crate) const BY_UNSIGNED_TRAILER: Declared = Declared {
    name: "an unsigned trailer",
    request: |app, target, declared, sent| {
        let trailers = [(CHECKSUMS[0].0, crc32(declared))];
        let trailers = trailers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let signed = Request::put(target).unsigned_trailer(declared, &trailers).sign(&app.write, now());
        carrying(signed, &aws_chunked(sent, 64 * 1024, &trailers))
    },
    altered: Some((400, "BadDigest")),
    resized: Some((400, "IncompleteBody")),
    end: |request| last(&request.body, b"\r\n0\r\n") + 2,
};

pub(crate) const BY_LENGTH: Declared = Declared {
    name: "UNSIGNED-PAYLOAD",
    request: |app, target, _, sent| Request::put(target).body(sent).unsigned_payload().sign(&app.write, now()),
    altered: None,
    resized: None,
    end: |request| request.body.len(),
};

pub(crate) const BY_PRESIGNED_LENGTH: Declared = Declared {
    name: "a presigned URL",
    request: |app, target, _, sent| Request::put(target).body(sent).presign(&app.write, now(), Duration::from_mins(5)),
    altered: None,
    resized: None,
    end: |request| request.body.len(),
};

/// The signed request with another body under it.
fn carrying(signed: Request, sent: &[u8]) -> Request {
    signed.tamper(|request| request.body = sent.to_vec())
}

/// The MD5 of `body`, in Base64.
pub(crate) fn md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

/// Where `pattern` stands for the last time.
fn last(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes.windows(pattern.len()).rposition(|window| window == pattern).expect("the framing has its last chunk")
}
