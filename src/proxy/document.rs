//! A small document of a backend on its way to the client: white space that keeps the connection alive
//! passes at once, the document itself is read to its end, and what speaks of the backend is replaced.
//!
//! Used for the operations that answer 200 and may fail after that.

use std::fmt;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};

use super::error::relayed_document;
use super::record::Record;
use super::response_body::{BackendBody, ResponseBodyError};
use crate::s3::published_error;
use crate::s3::xml::{BackendError, RootElement, parse_error_document, rewrite_text, root_element};

/// Longer answers of these operations do not exist; they are passed on unread.
const LONGEST: usize = 256 * 1024;

/// A document being read.
pub(super) struct Document {
    body: BackendBody,
    read: BytesMut,
    started: bool,
    ended: bool,
    /// Where our own address stands in the document: the path of the element and its text.
    location: Option<(&'static [&'static str], String)>,
    /// Whether the sender may not know that something is not there.
    hides_absence: bool,
}

impl Document {
    pub(super) fn new(body: BackendBody, location: Option<(&'static [&'static str], String)>) -> Self {
        Self { body, read: BytesMut::new(), started: false, ended: false, location, hides_absence: false }
    }

    /// The same document, with an error that tells of an absence turned into a denial if `hides`.
    pub(super) fn hiding_absence(self, hides: bool) -> Self {
        Self { hides_absence: hides, ..self }
    }

    pub(super) fn poll_data(
        &mut self,
        context: &mut Context<'_>,
        record: Option<&mut Record>,
    ) -> Poll<Option<Result<Bytes, ResponseBodyError>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(self.body.poll_data(context)) {
                Some(Ok(piece)) if !self.started && piece.trim_ascii_start().is_empty() => {
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Ok(piece)) => {
                    self.started = true;
                    self.read.extend_from_slice(&piece);
                    if self.read.len() > LONGEST {
                        return Poll::Ready(Some(Ok(self.read.split().freeze())));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.ended = true;
                    let whole = self.read.split().freeze();
                    return Poll::Ready((!whole.is_empty()).then(|| Ok(self.finish(whole, record))));
                }
            }
        }
    }

    fn finish(&mut self, whole: Bytes, record: Option<&mut Record>) -> Bytes {
        if root_element(&whole) == RootElement::Error {
            let Some(record) = record else { return Bytes::new() };
            // What cannot be read may name the backend, and what speaks of our credential is not the client's.
            let told = parse_error_document(&whole).filter(|error| !super::respond::ABOUT_US.contains(&&*error.code));
            let mut error = told.unwrap_or_else(|| BackendError {
                code: "InternalError".to_owned(),
                message: String::new(),
                elements: Vec::new(),
            });
            if self.hides_absence && super::respond::MISSING.contains(&&*error.code) {
                error = BackendError { code: "AccessDenied".to_owned(), message: String::new(), elements: Vec::new() };
            }
            published_error::sentence(&error.code).clone_into(&mut error.message);
            record.failed(&error.code, Some("answered so by the backend after status 200".to_owned()));
            return relayed_document(&error, record).into();
        }
        let Some((path, text)) = self.location.take() else { return whole };
        rewrite_text(&whole, path, &text).map_or(whole, Bytes::from)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Document")
    }
}
