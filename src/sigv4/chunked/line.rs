//! The lines of the framing, chunk headers and trailers: each has a limit and ends in CRLF, or as one widely
//! used client ends its trailers.

use bytes::Bytes;

use super::{invalid, malformed_trailer};
use crate::s3::S3Error;

/// The longest chunk header or trailer line, in bytes.
pub(super) const LONGEST_LINE: usize = 1024;
/// The most trailers, and the most bytes in all of them.
const MOST_TRAILERS: usize = 16;
const MOST_TRAILER_BYTES: usize = 16 * 1024;

/// The line at hand.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<u8>);

/// The trailers so far: lower-case name and trimmed value, in order.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    pub(super) list: Vec<(String, String)>,
    bytes: usize,
}

/// What a line ends in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// CRLF.
    Crlf,
    /// CRLF, or LF and CRLF, which is how minio-go writes a trailer. It signs it as if it had ended in CRLF.
    OfTrailer,
}

impl Line {
    /// Takes bytes up to the end of a line, and hands the line without its `ending` to `act` once it is whole.
    pub(super) fn take<T>(
        &mut self,
        piece: &mut Bytes,
        ending: Ending,
        act: impl FnOnce(&[u8]) -> Result<T, S3Error>,
    ) -> Result<Option<T>, S3Error> {
        let end = piece.iter().position(|&byte| byte == b'\n');
        let part = piece.split_to(end.map_or(piece.len(), |end| end + 1));
        if self.0.len() + part.len() > LONGEST_LINE {
            return Err(invalid("a chunk header or trailer is longer than 1024 bytes"));
        }
        self.0.extend_from_slice(&part);
        if end.is_none() {
            return Ok(None);
        }
        let is_of_trailer = ending == Ending::OfTrailer;
        let Some(line) = self.0.strip_suffix(b"\r\n") else {
            let may_go_on = is_of_trailer && self.0.len() > 1 && !self.0[..self.0.len() - 1].contains(&b'\n');
            return if may_go_on { Ok(None) } else { Err(invalid("a line does not end in CRLF")) };
        };
        let line = line.strip_suffix(b"\n").filter(|_| is_of_trailer).unwrap_or(line);
        if line.contains(&b'\r') || line.contains(&b'\n') {
            return Err(invalid("a line holds a bare CR or LF"));
        }
        let outcome = act(line)?;
        self.0.clear();
        Ok(Some(outcome))
    }
}

impl Trailers {
    /// Adds a line that is not empty.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), S3Error> {
        self.bytes += line.len();
        if self.list.len() == MOST_TRAILERS || self.bytes > MOST_TRAILER_BYTES {
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
        if self.list.iter().any(|(known, _)| *known == name) {
            return Err(malformed_trailer("a trailer stands twice"));
        }
        self.list.push((name, value.trim_matches([' ', '\t']).to_owned()));
        Ok(())
    }
}
