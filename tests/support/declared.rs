//! The ways in which a client declares the body of an upload, each as a request whose declaration is about
//! one body and which carries another: the same one, or a wrong one.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{SigningParams, sign_chunk, sign_trailer};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::app::{TestApp, now};
use super::chunks::{CHECKSUMS, aws_chunked, crc32};
use super::request::{Payload, Request};

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

pub(crate) const BY_SIGNED_CHUNKS: Declared = Declared {
    name: "signed chunks",
    request: |app, target, declared, sent| in_signed_chunks(app, target, declared, sent, false),
    altered: Some((403, "SignatureDoesNotMatch")),
    resized: Some((403, "SignatureDoesNotMatch")),
    end: |request| last(&request.body, b"\r\n0;") + 2,
};

pub(crate) const BY_SIGNED_TRAILER: Declared = Declared {
    name: "signed chunks with a signed trailer",
    request: |app, target, declared, sent| in_signed_chunks(app, target, declared, sent, true),
    altered: Some((403, "SignatureDoesNotMatch")),
    resized: Some((403, "SignatureDoesNotMatch")),
    end: |request| last(&request.body, b"\r\n0;") + 2,
};

/// The chunks of `sent`, each under the signature that the declared chunk in its place would have.
fn in_signed_chunks(app: &TestApp, target: &str, declared: &[u8], sent: &[u8], trailer: bool) -> Request {
    const CHUNK: usize = 64 * 1024;
    let mut put = Request::put(target)
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", declared.len().to_string());
    if trailer {
        put = put.header("x-amz-trailer", CHECKSUMS[0].0);
    }
    let sentinel =
        if trailer { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" } else { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" };
    let signed = put.payload(Payload::Value(sentinel.into())).body("").sign(&app.write, now());
    let identity: Identity = Credentials::new(&app.write.id, &app.write.secret, None, None, "test").into();
    let params = SigningParams::builder().identity(&identity).region("us-east-1").name("s3").settings(());
    let params = params.time(SystemTime::from(now())).build().expect("every parameter is there");
    let authorization = signed.value("authorization").expect("it is signed");
    let mut signatures = vec![authorization[authorization.len() - 64..].to_owned()];
    for chunk in declared.chunks(CHUNK).chain([&b""[..]]) {
        let before = signatures.last().expect("the first is there");
        let chunk = sign_chunk(&Bytes::copy_from_slice(chunk), before, &params).expect("a chunk is signable");
        signatures.push(chunk.signature().to_owned());
    }
    let end = signatures.last().expect("the first is there").clone();
    let mut body = Vec::new();
    for (index, chunk) in sent.chunks(CHUNK).enumerate() {
        let signature = signatures.get(index + 1).unwrap_or(&end);
        body.extend_from_slice(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("0;chunk-signature={end}\r\n").as_bytes());
    if trailer {
        let mut headers = Headers::new();
        headers.insert(CHECKSUMS[0].0, crc32(declared));
        let signature = sign_trailer(&headers, &end, &params).expect("a trailer is signable");
        let (name, value, signature) = (CHECKSUMS[0].0, crc32(declared), signature.signature());
        body.extend_from_slice(format!("{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes());
    }
    body.extend_from_slice(b"\r\n");
    carrying(signed, &body)
}

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
