//! The aws-chunked framing of `STREAMING-UNSIGNED-PAYLOAD-TRAILER`, taken apart as it streams.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
//!
//! A push parser: pieces of any size go in, the data they carry comes out. Nothing is kept but the
//! line at hand, and every line is bounded.

use bytes::{Bytes, BytesMut};

use crate::s3::{ErrorCode, S3Error};

/// The longest chunk header or trailer line, in bytes.
const LONGEST_LINE: usize = 1024;
/// The most trailers, and the most bytes in all of them.
const MOST_TRAILERS: usize = 16;
const MOST_TRAILER_BYTES: usize = 16 * 1024;
/// Below this, pieces of data are copied together; above it they are passed on as they are.
const SMALL: usize = 4096;

/// The decoder of one body.
#[derive(Debug)]
pub struct ChunkedDecoder {
    state: State,
    line: Vec<u8>,
    trailers: Vec<(String, String)>,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// In a chunk's header line.
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

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self { state: State::Header, line: Vec::new(), trailers: Vec::new(), trailer_bytes: 0 }
    }
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
        if self.state == State::End {
            return Ok(self.trailers);
        }
        Err(S3Error::new(
            ErrorCode::IncompleteBody,
            "The request body terminated unexpectedly: the final chunk is missing.",
        ))
    }

    /// Takes bytes up to the end of a line, and acts on the line.
    fn line(&mut self, piece: &mut Bytes) -> Result<(), S3Error> {
        if self.state == State::End {
            return Err(invalid("bytes follow the end of the chunked body"));
        }
        let end = piece.iter().position(|&byte| byte == b'\n');
        let part = piece.split_to(end.map_or(piece.len(), |end| end + 1));
        if self.line.len() + part.len() > LONGEST_LINE {
            return Err(invalid("a chunk header or trailer is longer than 1024 bytes"));
        }
        self.line.extend_from_slice(&part);
        if end.is_none() {
            return Ok(());
        }
        let whole = std::mem::take(&mut self.line);
        let line = whole.strip_suffix(b"\r\n").ok_or_else(|| invalid("a line does not end in CRLF"))?;
        if line.contains(&b'\r') {
            return Err(invalid("a line holds a bare CR"));
        }
        match self.state {
            State::Header => self.state = chunk_size(line)?,
            State::DataEnd if line.is_empty() => self.state = State::Header,
            State::DataEnd => return Err(invalid("a chunk is longer than its header says")),
            State::Trailer if line.is_empty() => self.state = State::End,
            State::Trailer => self.trailer(line)?,
            State::Data(_) | State::End => unreachable!("neither is a line"),
        }
        self.line = whole_cleared(whole);
        Ok(())
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), S3Error> {
        self.trailer_bytes += line.len();
        if self.trailers.len() == MOST_TRAILERS || self.trailer_bytes > MOST_TRAILER_BYTES {
            return Err(malformed_trailer("there are more than 16 trailers"));
        }
        let text = std::str::from_utf8(line).ok().filter(|text| text.is_ascii());
        let (name, value) = text
            .and_then(|text| text.split_once(':'))
            .ok_or_else(|| malformed_trailer("a line is not 'name:value'"))?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(token) {
            return Err(malformed_trailer("a name is not a header name"));
        }
        let name = name.to_ascii_lowercase();
        if self.trailers.iter().any(|(known, _)| *known == name) {
            return Err(malformed_trailer("a trailer stands twice"));
        }
        self.trailers.push((name, value.trim_matches([' ', '\t']).to_owned()));
        Ok(())
    }
}

/// Hands the line's buffer back empty, so that one allocation serves every line.
fn whole_cleared(mut whole: Vec<u8>) -> Vec<u8> {
    whole.clear();
    whole
}

/// Reads a chunk header: 1 to 16 hexadecimal digits and nothing else. Signed chunks carry an
/// extension; the unsigned form has none.
fn chunk_size(line: &[u8]) -> Result<State, S3Error> {
    let right = (1..=16).contains(&line.len()) && line.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(line).ok().filter(|_| right);
    let size = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    match size {
        Some(0) => Ok(State::Trailer),
        Some(size) => Ok(State::Data(size)),
        None => Err(invalid("a chunk header is not a length of 1 to 16 hexadecimal digits")),
    }
}

fn invalid(reason: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest, format!("The aws-chunked body is malformed: {reason}."))
}

fn malformed_trailer(reason: &str) -> S3Error {
    S3Error::new(
        ErrorCode::MalformedTrailerError,
        format!("The request contained trailing data that was not well-formed: {reason}."),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";

    type Decoded = (Vec<u8>, Vec<(String, String)>);

    fn decode(pieces: &[&[u8]]) -> Result<Decoded, ErrorCode> {
        let mut decoder = ChunkedDecoder::default();
        let mut data = Vec::new();
        for piece in pieces {
            data.extend_from_slice(&decoder.push(Bytes::copy_from_slice(piece)).map_err(|error| error.code)?);
        }
        Ok((data, decoder.finish().map_err(|error| error.code)?))
    }

    #[test]
    fn every_split_gives_the_same_data_and_trailers() {
        let whole = decode(&[BODY]).unwrap();
        assert_eq!(whole.0, b"hello world");
        assert_eq!(whole.1, [("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]);
        for at in 0..BODY.len() {
            assert_eq!(decode(&[&BODY[..at], &BODY[at..]]).as_ref(), Ok(&whole));
        }
        let bytes: Vec<&[u8]> = BODY.chunks(1).collect();
        assert_eq!(decode(&bytes), Ok(whole));
    }

    #[test]
    fn a_body_that_ends_anywhere_early_is_incomplete() {
        for at in 0..BODY.len() {
            assert_eq!(decode(&[&BODY[..at]]), Err(ErrorCode::IncompleteBody), "{at}");
        }
    }

    #[test]
    fn broken_chunk_headers_are_refused() {
        for header in ["0x10", " 10", "+10", "10 ", "-1", "", "00000000000000010", "5;chunk-signature=a", "g"] {
            let body = format!("{header}\r\nhello\r\n0\r\n\r\n");
            assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::InvalidRequest), "{header}");
        }
        for body in [
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhelloo\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\nx",
            "5\r\nhello\r\n0\r\n\r\n0\r\n\r\n",
            "5\r\r\nhello",
        ] {
            assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::InvalidRequest), "{body:?}");
        }
        let long = vec![b'0'; LONGEST_LINE + 1];
        assert_eq!(decode(&[&long]), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn broken_trailers_are_refused() {
        for trailers in ["novalue\r\n", ":x\r\n", "a b:c\r\n", "a:1\r\nA:2\r\n", "\u{e4}:1\r\n"] {
            let body = format!("0\r\n{trailers}\r\n");
            assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::MalformedTrailerError), "{trailers:?}");
        }
        let many = (0..17).map(|number| format!("a{number}:1")).collect::<Vec<_>>().join("\r\n") + "\r\n";
        assert_eq!(decode(&[format!("0\r\n{many}\r\n").as_bytes()]), Err(ErrorCode::MalformedTrailerError));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_decode_the_same_or_fail(body in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..300) {
            let at = at.min(body.len());
            let whole = decode(&[&body]);
            let split = decode(&[&body[..at], &body[at..]]);
            prop_assert_eq!(whole.is_ok(), split.is_ok());
        }

        #[test]
        fn what_is_framed_comes_out_again(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..10), size in 1_usize..40) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n");
            let pieces: Vec<&[u8]> = body.chunks(size).collect();
            let (data, trailers) = decode(&pieces).unwrap();
            prop_assert_eq!(data, chunks.concat());
            prop_assert_eq!(trailers.len(), 1);
        }
    }
}
