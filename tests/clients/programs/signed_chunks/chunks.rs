//! A file as a body of signed chunks, made while it is sent: no more than a chunk of it is in memory.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};

use crate::signing::Chain;

const CHUNK: u64 = 64 * 1024;
const TRAILER: &str = "x-amz-checksum-sha256";
/// A SHA-256 in Base64, and a signature in hex.
const CHECKSUM: u64 = 44;
const SIGNATURE: u64 = 64;

/// A piece of a file on its way.
pub(crate) struct SignedFile {
    file: File,
    length: u64,
    left: u64,
    /// Whether a checksum follows the data.
    trailer: bool,
    digest: Sha256,
    chain: Option<Chain>,
    ended: bool,
}

impl SignedFile {
    pub(crate) fn open(path: &str, from: u64, length: u64, trailer: bool) -> Self {
        let mut file = File::open(path).expect("the file is there");
        file.seek(SeekFrom::Start(from)).expect("a file can be sought in");
        Self { file, length, left: length, trailer, digest: Sha256::new(), chain: None, ended: false }
    }

    /// What `x-amz-content-sha256` says of it.
    pub(crate) fn payload(&self) -> &'static str {
        if self.trailer { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" } else { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }
    }

    /// The headers that announce it.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("content-encoding", "aws-chunked".to_owned()),
            ("content-length", self.encoded_length().to_string()),
            ("x-amz-decoded-content-length", self.length.to_string()),
        ];
        if self.trailer {
            headers.push(("x-amz-trailer", TRAILER.to_owned()));
        }
        headers
    }

    /// The body, once the request is signed.
    pub(crate) fn signed_from(self, chain: Chain) -> Self {
        Self { chain: Some(chain), ..self }
    }

    /// The length on the wire.
    fn encoded_length(&self) -> u64 {
        let chunk = |size: u64| {
            let digits = format!("{size:x}").len() as u64;
            digits + ";chunk-signature=".len() as u64 + SIGNATURE + 2 + size + if size == 0 { 0 } else { 2 }
        };
        let (whole, rest) = (self.length / CHUNK, self.length % CHUNK);
        let trailer = TRAILER.len() as u64 + 1 + CHECKSUM + 2 + "x-amz-trailer-signature:".len() as u64 + SIGNATURE + 2;
        let data = whole * chunk(CHUNK) + if rest == 0 { 0 } else { chunk(rest) };
        data + chunk(0) + if self.trailer { trailer } else { 0 } + 2
    }

    fn next_chunk(&mut self) -> Bytes {
        let size = usize::try_from(self.left.min(CHUNK)).expect("a chunk is small");
        let mut data = vec![0; size];
        self.file.read_exact(&mut data).expect("the file is as long as it was");
        self.left -= size as u64;
        self.digest.update(&data);
        let data = Bytes::from(data);
        let chain = self.chain.as_mut().expect("the request is signed by now");
        let mut framed = format!("{size:x};chunk-signature={}\r\n", chain.chunk(&data)).into_bytes();
        framed.extend_from_slice(&data);
        if size == 0 {
            if self.trailer {
                let checksum = STANDARD.encode(self.digest.clone().finalize());
                let signature = chain.trailer(TRAILER, checksum.clone());
                framed.extend_from_slice(format!("{TRAILER}:{checksum}\r\n").as_bytes());
                framed.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
            }
            self.ended = true;
        }
        framed.extend_from_slice(b"\r\n");
        framed.into()
    }
}

impl Body for SignedFile {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_chunk()))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
