//! The framing of `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` and `-TRAILER`. A chunk is held until its signature
//! has been verified: no byte of it comes out before.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::line::{Ending, Line, Trailers};
use super::{chunk_size, final_chunk_is_missing, invalid, malformed_trailer};
use crate::s3::{ErrorCode, S3Error};
use crate::sigv4::chunk_signature::ChunkVerifier;
use crate::sigv4::verify::parse_signature;

/// The largest chunk, in bytes: so much may have to be held.
pub const LARGEST_CHUNK: u64 = 1 << 20;
/// A body may have so many chunks of any size. Beyond them its chunks must carry [`FLOOR`] bytes on average:
/// every chunk costs a signature, however little is in it. AWS wants 8 KiB of every chunk but the last;
/// clients that pass on what they happen to read send less.
const FREE_CHUNKS: u64 = 64;
const FLOOR: u64 = 1024;
const EXTENSION: &[u8] = b"chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// The decoder of one body whose chunks are signed.
#[derive(Debug)]
pub struct SignedChunkDecoder {
    verifier: ChunkVerifier,
    has_trailer: bool,
    state: State,
    line: Line,
    trailers: Trailers,
    /// What the header of the chunk at hand says its signature is.
    claimed: [u8; 32],
    hash: Sha256,
    held: Held,
    /// The chunks begun, and the data in all but the one at hand.
    chunks: u64,
    decoded: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// In a chunk's header line.
    Header,
    /// In a chunk's data, with this much to come.
    Data(usize),
    /// In the CRLF after a chunk's data.
    DataEnd,
    /// In a trailer line, or the empty line that ends the body.
    Trailer,
    /// Behind the signature of the trailer: only the empty line may come.
    LastLine,
    /// After the last CRLF.
    End,
}

/// The chunk that is not verified yet. One that came in one piece is not copied.
#[derive(Debug, Default)]
struct Held {
    whole: Bytes,
    together: BytesMut,
}

impl SignedChunkDecoder {
    /// The decoder of a body whose chunks `verifier` verifies; `has_trailer` for the form with a trailer.
    #[must_use]
    pub fn new(verifier: ChunkVerifier, has_trailer: bool) -> Self {
        Self {
            verifier,
            has_trailer,
            state: State::Header,
            line: Line::default(),
            trailers: Trailers::default(),
            claimed: [0; 32],
            hash: Sha256::new(),
            held: Held::default(),
            chunks: 0,
            decoded: 0,
        }
    }

    /// Takes in the next piece of the body and appends the data of every chunk that is verified with it to
    /// `verified`. `make_room` is asked before a chunk of so many bytes is held.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch` for a wrong signature; `InvalidChunkSizeError` for a chunk that is too large or
    /// too many that are too small; `InvalidRequest` for broken framing, `MalformedTrailerError` for a broken
    /// trailer; and what `make_room` says.
    pub fn push(
        &mut self,
        mut piece: Bytes,
        mut make_room: impl FnMut(u64) -> Result<(), S3Error>,
        verified: &mut VecDeque<Bytes>,
    ) -> Result<(), S3Error> {
        while !piece.is_empty() {
            let State::Data(left) = self.state else {
                self.line(&mut piece, &mut make_room)?;
                continue;
            };
            let data = piece.split_to(left.min(piece.len()));
            self.hash.update(&data);
            let rest = left - data.len();
            if crate::fault::check_is_off("chunk_held") {
                verified.push_back(data);
            } else {
                self.held.add(data, rest);
            }
            self.state = State::Data(rest);
            if rest == 0 {
                self.verifier.chunk(self.hash.finalize_reset().into(), &self.claimed)?;
                let chunk = self.held.take();
                self.decoded += chunk.len() as u64;
                verified.push_back(chunk);
                self.state = State::DataEnd;
            }
        }
        Ok(())
    }

    /// Ends the body, and returns its trailers: lower-case name and value, in order.
    ///
    /// # Errors
    /// `IncompleteBody` if the final chunk and its trailers have not been seen to the end.
    pub fn finish(self) -> Result<Vec<(String, String)>, S3Error> {
        if self.state == State::End { Ok(self.trailers.list) } else { Err(final_chunk_is_missing()) }
    }

    /// Takes bytes up to the end of a line, and acts on the line.
    fn line(
        &mut self,
        piece: &mut Bytes,
        make_room: &mut impl FnMut(u64) -> Result<(), S3Error>,
    ) -> Result<(), S3Error> {
        if self.state == State::End {
            return Err(invalid("bytes follow the end of the chunked body"));
        }
        let mut line = std::mem::take(&mut self.line);
        let ending = if self.state == State::Trailer { Ending::OfTrailer } else { Ending::Crlf };
        let next = line.take(piece, ending, |line| match self.state {
            State::Header => self.chunk_header(line, make_room),
            State::DataEnd if line.is_empty() => Ok(State::Header),
            State::DataEnd => Err(invalid("a chunk is longer than its header says")),
            State::Trailer => self.trailer(line),
            State::LastLine if line.is_empty() => Ok(State::End),
            State::LastLine => Err(malformed_trailer("a line follows the signature of the trailer")),
            State::Data(_) | State::End => unreachable!("neither is a line"),
        })?;
        self.line = line;
        self.state = next.unwrap_or(self.state);
        Ok(())
    }

    /// `<length>;chunk-signature=<64 lower-case hexadecimal digits>`, and nothing else.
    fn chunk_header(
        &mut self,
        line: &[u8],
        make_room: &mut impl FnMut(u64) -> Result<(), S3Error>,
    ) -> Result<State, S3Error> {
        let (digits, extension) = line.split_at(line.iter().position(|&byte| byte == b';').unwrap_or(line.len()));
        let size = chunk_size(digits)?;
        let signature = extension.get(1..).and_then(|extension| extension.strip_prefix(EXTENSION));
        let signature = signature.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(parse_signature);
        self.claimed =
            signature.ok_or_else(|| invalid("a chunk header has not exactly one ';chunk-signature=' and 64 digits"))?;
        if size == 0 {
            self.verifier.chunk(Sha256::digest(b"").into(), &self.claimed)?;
            return Ok(State::Trailer);
        }
        if size > LARGEST_CHUNK {
            return Err(wrong_size(format!("A signed chunk may have at most {LARGEST_CHUNK} bytes.")));
        }
        if self.decoded < self.chunks.saturating_sub(FREE_CHUNKS) * FLOOR {
            return Err(wrong_size(format!(
                "A body of more than {FREE_CHUNKS} signed chunks needs {FLOOR} bytes in each of the others on average."
            )));
        }
        self.chunks += 1;
        make_room(size)?;
        let size = usize::try_from(size).map_err(|_| invalid("a chunk is larger than this machine can address"))?;
        Ok(State::Data(size))
    }

    fn trailer(&mut self, line: &[u8]) -> Result<State, S3Error> {
        if line.is_empty() {
            if self.has_trailer {
                self.verifier.trailers(&self.trailers.list, None)?;
            }
            return Ok(State::End);
        }
        self.trailers.add(line)?;
        let is_signature = self.trailers.list.last().is_some_and(|(name, _)| name == TRAILER_SIGNATURE);
        if !is_signature || !self.has_trailer {
            return Ok(State::Trailer);
        }
        let signature = self.trailers.list.pop().and_then(|(_, value)| parse_signature(&value));
        self.verifier.trailers(&self.trailers.list, signature)?;
        Ok(State::LastLine)
    }
}

impl Held {
    /// Adds `data`, behind which `rest` bytes of the chunk are to come.
    fn add(&mut self, data: Bytes, rest: usize) {
        if self.together.is_empty() && rest == 0 {
            self.whole = data;
            return;
        }
        if self.together.is_empty() {
            self.together.reserve(data.len() + rest);
        }
        self.together.extend_from_slice(&data);
    }

    fn take(&mut self) -> Bytes {
        if self.together.is_empty() {
            return std::mem::take(&mut self.whole);
        }
        std::mem::take(&mut self.together).freeze()
    }
}

fn wrong_size(message: String) -> S3Error {
    S3Error::new(ErrorCode::InvalidChunkSizeError, message)
}
