//! The body of a request: nothing, a short document, or a section of the content, as it is or framed in
//! chunks that are signed or followed by a checksum.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use clap::ValueEnum;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};

use super::content::{Content, Section};
use crate::backend::{SIGNED_CHUNK, announce_signed_chunks};
use crate::sigv4::{ChunkSigner, UpstreamPayload};

/// What a signature says of an uploaded body.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Payload {
    /// Its SHA-256 is signed with the head
    Sha256,
    /// It goes in chunks of 64 KiB, each with its signature
    SignedChunks,
    /// It goes in chunks, with a CRC-32 in the trailer that nothing signs
    Trailer,
    /// Nothing: TLS protects it
    Unsigned,
}

/// A body on its way out.
pub(super) struct UploadBody {
    content: Option<Content>,
    at: u64,
    end: u64,
    framing: Framing,
    ready: VecDeque<Bytes>,
    /// What is still to be sent, framing included.
    left: u64,
}

enum Framing {
    /// No data comes after what is ready.
    Ended,
    Plain,
    SignedChunks(ChunkSigner),
    Trailer(String),
}

impl Payload {
    /// What the signature of the head says of `section`.
    pub(super) fn of(self, section: &Section) -> UpstreamPayload {
        match self {
            Self::Sha256 => UpstreamPayload::Sha256(section.sha256),
            Self::SignedChunks => UpstreamPayload::SignedChunks,
            Self::Trailer => UpstreamPayload::UnsignedTrailer,
            Self::Unsigned => UpstreamPayload::Unsigned,
        }
    }

    /// Adds the headers that announce `section`, and returns how many bytes will be sent.
    pub(super) fn announce(self, headers: &mut HeaderMap, section: &Section) -> u64 {
        match self {
            Self::Sha256 | Self::Unsigned => section.length,
            Self::SignedChunks => {
                headers.insert("content-encoding", HeaderValue::from_static("aws-chunked"));
                announce_signed_chunks(headers, section.length)
            }
            Self::Trailer => {
                headers.insert("content-encoding", HeaderValue::from_static("aws-chunked"));
                headers.insert("x-amz-trailer", HeaderValue::from_static(CHECKSUM));
                headers.insert("x-amz-decoded-content-length", HeaderValue::from(section.length));
                let (whole, rest) = (section.length / CHUNK, section.length % CHUNK);
                let chunk = |size: u64| format!("{size:x}\r\n").len() as u64 + size + 2;
                let data = whole * chunk(CHUNK) + if rest > 0 { chunk(rest) } else { 0 };
                data + trailer(&section.crc32).len() as u64
            }
        }
    }

    /// The body that was announced with `left` bytes; `signer` is there for signed chunks.
    pub(super) fn body(
        self,
        content: &Content,
        section: &Section,
        left: u64,
        signer: Option<ChunkSigner>,
    ) -> UploadBody {
        let framing = match (self, signer) {
            (Self::SignedChunks, Some(signer)) => Framing::SignedChunks(signer),
            (Self::Trailer, _) => Framing::Trailer(section.crc32.clone()),
            _ => Framing::Plain,
        };
        let (at, end) = (section.from, section.from + section.length);
        UploadBody { content: Some(content.clone()), at, end, framing, ready: VecDeque::new(), left }
    }
}

impl UploadBody {
    /// A short document, or nothing.
    pub(super) fn whole(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let left = text.len() as u64;
        Self { content: None, at: 0, end: 0, framing: Framing::Ended, ready: VecDeque::from([text]), left }
    }

    /// Puts the next data, framed, or what ends the body into `ready`. False when there is no more.
    fn refill(&mut self) -> bool {
        let left = self.end - self.at;
        let data = self.content.as_ref().map(|content| content.piece(self.at, left.min(CHUNK))).unwrap_or_default();
        self.at += data.len() as u64;
        match &mut self.framing {
            Framing::Ended => return false,
            Framing::Plain if data.is_empty() => return false,
            Framing::Plain => self.ready.push_back(data),
            Framing::SignedChunks(signer) => {
                let (header, is_last) = (signer.header(&data), data.is_empty());
                self.ready.extend([header.into(), data, Bytes::from_static(b"\r\n")]);
                if is_last {
                    self.framing = Framing::Ended;
                }
            }
            Framing::Trailer(checksum) if data.is_empty() => {
                self.ready.push_back(trailer(checksum).into());
                self.framing = Framing::Ended;
            }
            Framing::Trailer(_) => {
                self.ready.extend([format!("{:x}\r\n", data.len()).into(), data, Bytes::from_static(b"\r\n")]);
            }
        }
        true
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        loop {
            match this.ready.pop_front() {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => {
                    this.left = this.left.saturating_sub(bytes.len() as u64);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                None if this.refill() => {}
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The end of a body with a checksum behind it.
fn trailer(checksum: &str) -> String {
    format!("0\r\n{CHECKSUM}:{checksum}\r\n\r\n")
}

const CHECKSUM: &str = "x-amz-checksum-crc32";
/// Data in a chunk. The content's block is a multiple of it, so every chunk but the last is full.
const CHUNK: u64 = SIGNED_CHUNK as u64;
