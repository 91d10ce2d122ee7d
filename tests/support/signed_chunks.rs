//! Uploads in signed chunks. The chunks and the trailer are signed with the published `aws-sigv4` crate,
//! and kept apart so that a test can change, move or drop one.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{self, SigningParams};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use jiff::Timestamp;

use super::app::{BACKEND_KEY_ID, BACKEND_SECRET};
use super::recording_backend::RecordedRequest;
use super::request::{Payload, Request};
use super::sign::TestKey;

/// The sentinel of a body in signed chunks.
pub(crate) const SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
/// The same with a signed trailer.
pub(crate) const SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

/// An upload in signed chunks: put together by [`SignedUpload::request`].
#[derive(Clone, Debug)]
pub(crate) struct SignedUpload {
    /// The signed head, without a body.
    pub(crate) head: Request,
    /// Each chunk with its header and its line end; the last one is the final chunk of no bytes.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// The lines between the final chunk and the empty line.
    pub(crate) trailer: Vec<u8>,
}

impl Request {
    /// Announces `body` and `trailers` as a client does that signs its chunks. Further headers may follow.
    pub(crate) fn announce_signed_chunks(self, body: &[u8], trailers: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = trailers.iter().map(|(name, _)| *name).collect();
        let sentinel = if trailers.is_empty() { SIGNED } else { SIGNED_TRAILER };
        let request = self
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", body.len().to_string())
            .payload(Payload::Value(sentinel.into()));
        if trailers.is_empty() { request } else { request.header("x-amz-trailer", names.join(",")) }
    }

    /// Announces and signs `body` in chunks of `size` bytes, and `trailers` if there are any.
    pub(crate) fn in_signed_chunks(
        self,
        body: &[u8],
        size: usize,
        trailers: &[(&str, &str)],
        key: &TestKey,
        time: Timestamp,
    ) -> SignedUpload {
        let head = self.announce_signed_chunks(body, trailers).sign(key, time);
        SignedUpload::of(head, &body.chunks(size).collect::<Vec<_>>(), trailers, key, time)
    }
}

impl SignedUpload {
    /// Signs `chunks` and `trailers` behind `head`, which is signed already.
    pub(crate) fn of(
        head: Request,
        chunks: &[&[u8]],
        trailers: &[(&str, &str)],
        key: &TestKey,
        time: Timestamp,
    ) -> Self {
        Self::of_region("us-east-1", head, chunks, trailers, key, time)
    }

    fn of_region(
        region: &str,
        head: Request,
        chunks: &[&[u8]],
        trailers: &[(&str, &str)],
        key: &TestKey,
        time: Timestamp,
    ) -> Self {
        let authorization = head.value("authorization").expect("the head is signed");
        let (_, seed) = authorization.split_once("Signature=").expect("there is a signature");
        let identity: Identity = Credentials::new(&key.id, &key.secret, None, None, "test").into();
        let params: SigningParams<'_, ()> = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(SystemTime::from(time))
            .settings(())
            .build()
            .expect("every parameter is there");
        let mut previous = seed.to_owned();
        let mut framed = Vec::new();
        for chunk in chunks.iter().copied().chain([&b""[..]]) {
            let data = bytes::Bytes::copy_from_slice(chunk);
            previous = v4::sign_chunk(&data, &previous, &params).expect("a chunk is signable").into_parts().1;
            let mut bytes = format!("{:x};chunk-signature={previous}\r\n", chunk.len()).into_bytes();
            if !chunk.is_empty() {
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            framed.push(bytes);
        }
        let mut trailer = String::new();
        if !trailers.is_empty() {
            let mut headers = Headers::new();
            for (name, value) in trailers {
                headers.insert((*name).to_owned(), (*value).to_owned());
                trailer.extend([*name, ":", *value, "\r\n"]);
            }
            let signature =
                v4::sign_trailer(&headers, &previous, &params).expect("a trailer is signable").into_parts().1;
            trailer.extend(["x-amz-trailer-signature:", signature.as_str(), "\r\n"]);
        }
        Self { head, chunks: framed, trailer: trailer.into_bytes() }
    }

    /// The request with all of its body.
    pub(crate) fn request(&self) -> Request {
        let mut body = self.chunks.concat();
        body.extend_from_slice(&self.trailer);
        body.extend_from_slice(b"\r\n");
        self.head.clone().body(body)
    }

    /// The request after a change that no signature knows of.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Self)) -> Request {
        let mut changed = self.clone();
        change(&mut changed);
        changed.request()
    }

    /// The request with its trailer rewritten as text.
    pub(crate) fn with_trailer(&self, rewrite: impl FnOnce(String) -> String) -> Request {
        self.changed(|upload| {
            let text = String::from_utf8(std::mem::take(&mut upload.trailer)).expect("a trailer is text");
            upload.trailer = rewrite(text).into_bytes();
        })
    }
}

impl RecordedRequest {
    /// The bytes that a backend would store of a body that Portcullis signed chunk by chunk, each of whose
    /// signatures has to be right.
    pub(crate) fn bytes_in_our_signed_chunks(&self) -> Vec<u8> {
        assert_eq!(self.header("x-amz-content-sha256"), Some(SIGNED), "{self:?}");
        self.assert_signed_by_us();
        let mut stored = Vec::new();
        let mut chunks = Vec::new();
        let mut rest = self.body.as_slice();
        loop {
            let end = rest.windows(2).position(|window| window == b"\r\n").expect("a header ends with CRLF");
            let header = std::str::from_utf8(&rest[..end]).expect("a header is text");
            let (size, _) = header.split_once(";chunk-signature=").expect("a chunk is signed");
            let size = usize::from_str_radix(size, 16).expect("a size is a number");
            let chunk = &rest[end + 2..][..size];
            rest = rest[end + 2 + size..].strip_prefix(b"\r\n").expect("a chunk ends with CRLF");
            if size == 0 {
                break;
            }
            stored.extend_from_slice(chunk);
            chunks.push(chunk);
        }
        assert!(rest.is_empty(), "nothing follows the final chunk");
        assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() >= 8192), "AWS takes no smaller ones");
        let key = TestKey { id: BACKEND_KEY_ID.into(), secret: BACKEND_SECRET.into() };
        let date = self.header("x-amz-date").expect("it is dated");
        let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).expect("it is a date");
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).expect("it is an instant").timestamp();
        let mut head = Request::new(&self.method, &self.target);
        head.headers.clone_from(&self.headers);
        let right = SignedUpload::of_region("eu-backend-1", head, &chunks, &[], &key, time);
        assert!(
            [right.chunks.concat().as_slice(), b"\r\n"].concat() == self.body,
            "every signature is right: {self:?}"
        );
        assert_eq!(self.header("x-amz-decoded-content-length"), Some(stored.len().to_string().as_str()));
        stored
    }
}
