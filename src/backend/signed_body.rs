//! A body on its way to a backend in signed chunks, for links on which it could be changed otherwise. The
//! final chunk is signed only when the body has ended well, so one that was cut off is never whole.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;

use super::body::BodyFault;
use crate::sigv4::ChunkSigner;

/// The data in every chunk but the last.
pub const SIGNED_CHUNK: usize = 64 * 1024;
/// `;chunk-signature=`, 64 digits, and the two line ends of a chunk.
const AROUND: u64 = 17 + 64 + 2 + 2;

/// A body that is signed as it goes.
pub(super) struct SignedBody {
    inner: UnsyncBoxBody<Bytes, BodyFault>,
    signer: ChunkSigner,
    pending: BytesMut,
    ready: VecDeque<Bytes>,
    has_ended: bool,
}

/// Adds the headers that announce `length` bytes in signed chunks, and returns how many bytes are sent.
pub fn announce_signed_chunks(headers: &mut HeaderMap, length: u64) -> u64 {
    headers.insert("x-amz-decoded-content-length", HeaderValue::from(length));
    framed_length(length)
}

/// The length of `length` bytes in chunks.
fn framed_length(length: u64) -> u64 {
    let (whole, rest) = (length / SIGNED_CHUNK as u64, length % SIGNED_CHUNK as u64);
    let chunk = |size: u64| format!("{size:x}").len() as u64 + AROUND + size;
    whole * chunk(SIGNED_CHUNK as u64) + if rest > 0 { chunk(rest) } else { 0 } + chunk(0)
}

impl SignedBody {
    pub(super) fn new(inner: UnsyncBoxBody<Bytes, BodyFault>, signer: ChunkSigner) -> Self {
        Self { inner, signer, pending: BytesMut::new(), ready: VecDeque::new(), has_ended: false }
    }

    /// Takes in a piece; whole chunks become ready.
    fn add(&mut self, mut piece: Bytes) {
        while !piece.is_empty() {
            if self.pending.is_empty() && piece.len() >= SIGNED_CHUNK {
                let chunk = piece.split_to(SIGNED_CHUNK);
                self.send(chunk);
                continue;
            }
            if self.pending.is_empty() {
                self.pending.reserve(SIGNED_CHUNK);
            }
            self.pending.extend_from_slice(&piece.split_to(piece.len().min(SIGNED_CHUNK - self.pending.len())));
            if self.pending.len() == SIGNED_CHUNK {
                self.send_pending();
            }
        }
    }

    fn send_pending(&mut self) {
        let chunk = std::mem::take(&mut self.pending).freeze();
        self.send(chunk);
    }

    fn send(&mut self, chunk: Bytes) {
        let header = self.signer.header(&chunk);
        self.ready.extend([header.into(), chunk, Bytes::from_static(b"\r\n")]);
    }
}

impl Body for SignedBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = self.get_mut();
        loop {
            while let Some(bytes) = this.ready.pop_front() {
                if !bytes.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
            }
            if this.has_ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        this.add(piece);
                    }
                }
                Some(Err(fault)) => return Poll::Ready(Some(Err(fault))),
                None => {
                    this.has_ended = true;
                    if !this.pending.is_empty() {
                        this.send_pending();
                    }
                    this.send(Bytes::new());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announced_length_is_that_of_the_published_example() {
        // The example's chunks have 64 KiB too: 66,560 bytes become 66,824.
        assert_eq!(framed_length(66_560), 66_824);
        assert_eq!(framed_length(0), 86);
        assert_eq!(framed_length(65_536), 5 + AROUND + 65_536 + 86);
    }
}
