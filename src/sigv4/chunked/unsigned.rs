//! The framing of `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. Nothing is kept but the line at hand.

use bytes::{Bytes, BytesMut};

use super::line::{Ending, Line, Trailers};
use super::{chunk_size, final_chunk_is_missing, invalid};
use crate::s3::S3Error;

/// Below this, pieces of data are copied together; above it they are passed on as they are.
const SMALL: usize = 4096;

/// The decoder of one body without signatures.
#[derive(Debug, Default)]
pub struct ChunkedDecoder {
    state: State,
    line: Line,
    trailers: Trailers,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// In a chunk's header line.
    #[default]
    Header,
    /// In a chunk's data, with this much to come.
    Data(u64),
    /// In the CRLF after a chunk's data.
    DataEnd,
    /// In a trailer line, or the empty line that ends the body.
    Trailer,
    /// After the last CRLF.
    End,
}

impl ChunkedDecoder {
    /// Takes in the next piece of the body and returns the data in it, which may be nothing.
    ///
    /// # Errors
    /// `InvalidRequest` for broken framing, `MalformedTrailerError` for a broken trailer.
    pub fn push(&mut self, mut piece: Bytes) -> Result<Bytes, S3Error> {
        let mut first = Bytes::new();
        let mut together = BytesMut::new();
        while !piece.is_empty() {
            if let State::Data(left) = self.state {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                let data = piece.split_to(take);
                let left = left - take as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                if first.is_empty() && together.is_empty() {
                    first = data;
                } else {
                    if together.is_empty() {
                        together.reserve(first.len() + data.len() + piece.len().min(SMALL));
                        together.extend_from_slice(&first);
                    }
                    together.extend_from_slice(&data);
                }
            } else {
                self.line(&mut piece)?;
            }
        }
        Ok(if together.is_empty() { first } else { together.freeze() })
    }

    /// Ends the body, and returns its trailers: lower-case name and value, in order.
    ///
    /// # Errors
    /// `IncompleteBody` if the final chunk and its trailers have not been seen to the end.
    pub fn finish(self) -> Result<Vec<(String, String)>, S3Error> {
        if self.state == State::End { Ok(self.trailers.list) } else { Err(final_chunk_is_missing()) }
    }

    /// Takes bytes up to the end of a line, and acts on the line.
    fn line(&mut self, piece: &mut Bytes) -> Result<(), S3Error> {
        let (state, trailers) = (self.state, &mut self.trailers);
        if state == State::End {
            return Err(invalid("bytes follow the end of the chunked body"));
        }
        let ending = if state == State::Trailer { Ending::OfTrailer } else { Ending::Crlf };
        let next = self.line.take(piece, ending, |line| match state {
            // Signed chunks carry an extension; the unsigned form has none.
            State::Header => Ok(match chunk_size(line)? {
                0 => State::Trailer,
                size => State::Data(size),
            }),
            State::DataEnd if line.is_empty() => Ok(State::Header),
            State::DataEnd => Err(invalid("a chunk is longer than its header says")),
            State::Trailer if line.is_empty() => Ok(State::End),
            State::Trailer => trailers.add(line).map(|()| State::Trailer),
            State::Data(_) | State::End => unreachable!("neither is a line"),
        })?;
        self.state = next.unwrap_or(state);
        Ok(())
    }
}
