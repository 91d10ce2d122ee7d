//! Takes the framing off a client's body, and counts the memory for what has to be held meanwhile.

use std::collections::VecDeque;

use bytes::Bytes;

use super::promise::Framing;
use crate::proxy::buffers::{Reserved, Share};
use crate::s3::{ErrorCode, S3Error};
use crate::sigv4::{ChunkVerifier, ChunkedDecoder, SignedChunkDecoder};

/// The last bytes of a verified chunk, copied out of it.
const TAIL: usize = 4096;

/// Takes the framing off.
pub(super) enum Decoder {
    Plain,
    Chunked(ChunkedDecoder),
    Signed(Box<SignedDecoder>),
}

/// Of signed chunks: also the memory for the one that is held until it is verified.
pub(super) struct SignedDecoder {
    chunks: SignedChunkDecoder,
    buffers: Share,
    /// As much as the largest chunk so far. Kept from one chunk to the next.
    reserved: Option<Reserved>,
    bytes: u64,
}

impl Decoder {
    /// The decoder of a body that is framed so; `verifier` is there if its chunks are signed.
    ///
    /// # Errors
    /// `InternalError` if signed chunks come without what verifies them.
    pub(super) fn new(framing: Framing, verifier: Option<ChunkVerifier>, buffers: &Share) -> Result<Self, S3Error> {
        let has_trailer = match framing {
            Framing::Plain => return Ok(Self::Plain),
            Framing::Chunked => return Ok(Self::Chunked(ChunkedDecoder::default())),
            Framing::SignedChunks { has_trailer } => has_trailer,
        };
        let broken = || S3Error::new(ErrorCode::InternalError, "We encountered an internal error.");
        let chunks = SignedChunkDecoder::new(verifier.ok_or_else(broken)?, has_trailer);
        Ok(Self::Signed(Box::new(SignedDecoder { chunks, buffers: buffers.clone(), reserved: None, bytes: 0 })))
    }

    /// Takes in the next piece and appends what it carries to `data`; of signed chunks what is verified.
    ///
    /// # Errors
    /// What is wrong with the framing or a signature; `SlowDown` if a chunk cannot be held now.
    pub(super) fn push(&mut self, piece: Bytes, data: &mut VecDeque<Bytes>) -> Result<(), S3Error> {
        match self {
            Self::Plain => data.push_back(piece),
            Self::Chunked(decoder) => data.push_back(decoder.push(piece)?),
            Self::Signed(decoder) => {
                let SignedDecoder { chunks, buffers, reserved, bytes } = decoder.as_mut();
                let make_room = |needed: u64| {
                    // Memory is counted in KiB: chunks that grow by bytes do not take a whole one each time.
                    let needed = needed.next_multiple_of(1024);
                    let more = needed.saturating_sub(*bytes);
                    if more > 0 {
                        let more = buffers.reserve(more)?;
                        match reserved {
                            Some(reserved) => reserved.add(more),
                            None => *reserved = Some(more),
                        }
                        *bytes = needed;
                    }
                    Ok(())
                };
                chunks.push(piece, make_room, data)?;
                split_tail(data);
            }
        }
        Ok(())
    }

    /// Ends the body, and returns its trailers.
    ///
    /// # Errors
    /// `IncompleteBody` if its end has not been seen.
    pub(super) fn finish(self) -> Result<Vec<(String, String)>, S3Error> {
        match self {
            Self::Plain => Ok(Vec::new()),
            Self::Chunked(decoder) => decoder.finish(),
            Self::Signed(decoder) => decoder.chunks.finish(),
        }
    }
}

/// Makes the last bytes a piece of their own: only they have to wait for the proof, and the memory of the
/// chunk is free while they do.
fn split_tail(data: &mut VecDeque<Bytes>) {
    let Some(last) = data.back_mut().filter(|last| last.len() > TAIL) else { return };
    let tail = Bytes::copy_from_slice(&last[last.len() - TAIL..]);
    last.truncate(last.len() - TAIL);
    data.push_back(tail);
}
