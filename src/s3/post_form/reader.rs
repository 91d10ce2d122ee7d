//! Reads a form in two steps: what stands before the file, bounded and kept, and then the file.

use bytes::Bytes;

use super::multipart::{Event, Multipart};
use super::{Boundary, Fields};
use crate::s3::{ErrorCode, S3Error};

/// A form being read, up to its file.
#[derive(Debug)]
pub struct FormReader {
    multipart: Multipart,
    boundary: Boundary,
    fields: Fields,
    /// The field at hand.
    name: String,
    value: Vec<u8>,
    taken: usize,
}

/// A form that was read up to the first byte of its file.
#[derive(Debug)]
pub struct FormHead {
    /// The fields before the file. What stands after it is nobody's.
    pub fields: Fields,
    /// The name of the file on the sender's side, as sent.
    pub filename: Option<String>,
    multipart: Multipart,
    boundary: Boundary,
    taken: usize,
}

/// What is done about fields after the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AfterFile {
    /// They are left aside, but for a second file, which is refused.
    Ignored,
    /// They are refused: the length of the file was computed as if there were none, and nothing but the
    /// closing boundary and one CRLF may follow it.
    Refused,
}

/// The file of a form being read.
#[derive(Debug)]
pub struct FileReader {
    multipart: Multipart,
    after: AfterFile,
    in_file: bool,
}

impl FormReader {
    /// The most bytes that may stand before the file, boundaries and all.
    pub const MOST_BEFORE_FILE: usize = 20 * 1024;

    /// At the first byte of a form.
    #[must_use]
    pub fn new(boundary: &Boundary) -> Self {
        Self {
            multipart: Multipart::new(boundary),
            boundary: boundary.clone(),
            fields: Fields::default(),
            name: String::new(),
            value: Vec::new(),
            taken: 0,
        }
    }

    /// Takes in `piece`. At the file, what is left in `piece` belongs to it, and this reader is spent.
    ///
    /// # Errors
    /// 400: `MalformedPOSTRequest`, `MaxPostPreDataLengthExceededError`, `InvalidArgument` for a field that
    /// stands twice, `IncorrectNumberOfFilesInPostRequest` if there is no file.
    pub fn push(&mut self, piece: &mut Bytes) -> Result<Option<FormHead>, S3Error> {
        loop {
            let before = piece.len();
            let event = self.multipart.next(piece)?;
            self.taken += before - piece.len();
            if self.taken > Self::MOST_BEFORE_FILE {
                return Err(too_long_before_file());
            }
            match event {
                None => return Ok(None),
                Some(Event::Part(head)) if head.is_file() => {
                    return Ok(Some(FormHead {
                        fields: std::mem::take(&mut self.fields),
                        filename: head.filename,
                        multipart: std::mem::replace(&mut self.multipart, Multipart::new(&self.boundary)),
                        boundary: self.boundary.clone(),
                        taken: self.taken,
                    }));
                }
                Some(Event::Part(head)) => self.name = head.name,
                Some(Event::Data(data)) => self.value.extend_from_slice(&data),
                Some(Event::End) => {
                    self.fields.add(std::mem::take(&mut self.name), std::mem::take(&mut self.value))?;
                }
                Some(Event::Closed) => return Err(number_of_files()),
            }
        }
    }

    /// Accepts the end of the body here, which is always too early.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` or `IncorrectNumberOfFilesInPostRequest`.
    pub fn finish(&self) -> S3Error {
        self.multipart.finish().err().unwrap_or_else(number_of_files)
    }
}

impl FormHead {
    /// The length of the file in a body of `content_length` bytes, if nothing follows it but the closing
    /// boundary and a CRLF; `None` if there is no room for these.
    #[must_use]
    pub fn file_length(&self, content_length: u64) -> Option<u64> {
        self.after(content_length)?.checked_sub(self.boundary.closing_bytes())
    }

    /// How much of a body of `content_length` bytes is left to be read.
    #[must_use]
    pub fn after(&self, content_length: u64) -> Option<u64> {
        content_length.checked_sub(self.taken as u64)
    }

    /// The fields, and the reader of the file.
    #[must_use]
    pub fn into_file(self, after: AfterFile) -> (Fields, FileReader) {
        (self.fields, FileReader { multipart: self.multipart, after, in_file: true })
    }
}

impl FileReader {
    /// From now on fields after the file are refused.
    pub fn refuse_fields(&mut self) {
        self.after = AfterFile::Refused;
    }

    /// The next bytes of the file, taken from `piece`; `None` once the piece is used up.
    ///
    /// # Errors
    /// 400: `MalformedPOSTRequest`; `InvalidArgument` for a field after the file where none may be;
    /// `IncorrectNumberOfFilesInPostRequest` for a second file.
    pub fn next(&mut self, piece: &mut Bytes) -> Result<Option<Bytes>, S3Error> {
        loop {
            match self.multipart.next(piece)? {
                None => return Ok(None),
                Some(Event::Data(data)) if self.in_file => return Ok(Some(data)),
                Some(Event::End) => self.in_file = false,
                Some(Event::Part(head)) if head.is_file() => return Err(number_of_files()),
                Some(Event::Part(head)) if self.after == AfterFile::Refused => {
                    return Err(S3Error::new(
                        ErrorCode::InvalidArgument,
                        "A field stands after the file. Of a large file this is refused: put every field before it.",
                    )
                    .with("ArgumentName", head.name));
                }
                Some(Event::Closed | Event::Data(_) | Event::Part(_)) => {}
            }
        }
    }

    /// Accepts the end of the body, which has to be right after the form's.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`.
    pub fn finish(&self) -> Result<(), S3Error> {
        if crate::fault::check_is_off("form_closing") { Ok(()) } else { self.multipart.finish() }
    }
}

pub(super) fn too_long_before_file() -> S3Error {
    S3Error::new(
        ErrorCode::MaxPostPreDataLengthExceededError,
        "Your POST request fields preceding the upload file were too large.",
    )
    .with("MaxPostPreDataLengthBytes", FormReader::MOST_BEFORE_FILE.to_string())
}

fn number_of_files() -> S3Error {
    S3Error::new(
        ErrorCode::IncorrectNumberOfFilesInPostRequest,
        "POST requires exactly one file upload per request: one field named 'file'.",
    )
}
