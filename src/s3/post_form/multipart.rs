//! Takes a `multipart` body apart, piece by piece as it arrives: linear in its bytes, whatever the pieces, and
//! without copying what is inside the parts.
//!
//! The delimiter is `CRLF--boundary`, and has to be followed by CRLF or `--` at once. What only looks like it
//! (without the CRLF before, or with LF alone) is data; the delimiter followed by anything else is refused,
//! since two readers would disagree on it.
//!
//! <https://www.rfc-editor.org/rfc/rfc2046#section-5.1>

use bytes::{Buf, Bytes};

use super::part::PartHead;
use super::{Boundary, malformed};
use crate::s3::S3Error;

/// What was found in a body.
#[derive(Debug, Eq, PartialEq)]
pub enum Event {
    /// The closing delimiter. Nothing but one CRLF may follow.
    Closed,
    /// Bytes of the part at hand.
    Data(Bytes),
    /// The end of the part at hand.
    End,
    /// The beginning of a part.
    Part(PartHead),
}

/// A body being taken apart.
#[derive(Debug)]
pub struct Multipart {
    delimiter: Bytes,
    /// How many bytes at the end of what was read begin a delimiter. They need not be kept: they are known.
    matched: usize,
    state: State,
    /// The head of a part, or what follows a delimiter, as far as it has come.
    line: Vec<u8>,
    parts: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// After the closing delimiter, and so many bytes of a CRLF.
    Closed(usize),
    /// Inside a part.
    Content,
    /// Right after a delimiter.
    Delimited,
    /// In the head of a part.
    Head,
    /// Before the first delimiter.
    Preamble,
}

enum Scan {
    Data(Bytes),
    Delimiter,
    /// The piece is used up.
    More,
}

impl Multipart {
    /// The most parts of a body.
    pub const MOST_PARTS: usize = 101;

    /// At the first byte of a body.
    #[must_use]
    pub fn new(boundary: &Boundary) -> Self {
        // The first delimiter needs no CRLF before it.
        Self { delimiter: boundary.delimiter(), matched: 2, state: State::Preamble, line: Vec::new(), parts: 0 }
    }

    /// The next event of `piece`, which it takes from its beginning; `None` once the piece is used up.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`. Nothing more can be read then.
    pub fn next(&mut self, piece: &mut Bytes) -> Result<Option<Event>, S3Error> {
        loop {
            match self.state {
                State::Preamble => match self.scan(piece) {
                    Scan::Data(_) => {}
                    Scan::Delimiter => self.enter(State::Delimited),
                    Scan::More => return Ok(None),
                },
                State::Content => match self.scan(piece) {
                    Scan::Data(data) => return Ok(Some(Event::Data(data))),
                    Scan::Delimiter => {
                        self.enter(State::Delimited);
                        return Ok(Some(Event::End));
                    }
                    Scan::More => return Ok(None),
                },
                State::Delimited => {
                    let Some(byte) = take_byte(piece) else { return Ok(None) };
                    self.line.push(byte);
                    match &*self.line {
                        b"\r\n" => self.begin_part()?,
                        b"--" => {
                            self.enter(State::Closed(0));
                            return Ok(Some(Event::Closed));
                        }
                        b"\r" | b"-" => {}
                        _ => return Err(malformed("a boundary is followed by neither a line break nor '--'")),
                    }
                }
                State::Head => {
                    let Some(byte) = take_byte(piece) else { return Ok(None) };
                    self.line.push(byte);
                    if self.line.ends_with(b"\r\n\r\n") {
                        let head = PartHead::parse(&self.line)?;
                        self.enter(State::Content);
                        return Ok(Some(Event::Part(head)));
                    }
                    if self.line.len() > PartHead::LONGEST {
                        return Err(malformed("the head of a part is longer than 4096 bytes"));
                    }
                }
                State::Closed(seen) => {
                    let Some(byte) = take_byte(piece) else { return Ok(None) };
                    if b"\r\n".get(seen) != Some(&byte) {
                        return Err(malformed("something follows the closing boundary"));
                    }
                    self.state = State::Closed(seen + 1);
                }
            }
        }
    }

    /// Accepts the end of the body: it has to be right after the closing delimiter, or after a CRLF there.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` if it is anywhere else.
    pub fn finish(&self) -> Result<(), S3Error> {
        match self.state {
            State::Closed(0 | 2) => Ok(()),
            _ => Err(malformed("it ends before its closing boundary")),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.line.clear();
    }

    fn begin_part(&mut self) -> Result<(), S3Error> {
        self.parts += 1;
        if self.parts > Self::MOST_PARTS {
            return Err(malformed("it has more than 100 fields beside the file"));
        }
        self.enter(State::Head);
        // The head ends with an empty line, also where it has no other.
        self.line.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Looks for the delimiter. It holds CR at its beginning only, so that after a mismatch no shorter
    /// beginning of it can be under way: each byte is looked at twice at most.
    fn scan(&mut self, piece: &mut Bytes) -> Scan {
        if self.matched > 0 {
            let missing = &self.delimiter[self.matched..];
            let same = common_prefix(missing, piece);
            if same == missing.len() {
                piece.advance(same);
                self.matched = 0;
                return Scan::Delimiter;
            }
            if same == piece.len() {
                self.matched += same;
                piece.clear();
                return Scan::More;
            }
            return Scan::Data(self.delimiter.slice(..std::mem::take(&mut self.matched)));
        }
        let mut from = 0;
        while let Some(at) = piece[from..].iter().position(|&byte| byte == b'\r') {
            let at = from + at;
            let same = common_prefix(&self.delimiter, &piece[at..]);
            if same < self.delimiter.len() && at + same < piece.len() {
                from = at + same;
                continue;
            }
            if at > 0 {
                return Scan::Data(piece.split_to(at));
            }
            piece.advance(same);
            if same == self.delimiter.len() {
                return Scan::Delimiter;
            }
            self.matched = same;
            return Scan::More;
        }
        if piece.is_empty() { Scan::More } else { Scan::Data(std::mem::take(piece)) }
    }
}

fn take_byte(piece: &mut Bytes) -> Option<u8> {
    piece.has_remaining().then(|| piece.get_u8())
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
