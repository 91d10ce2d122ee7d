//! The file of a form, as the body of the upload that the form stands for. It ends where the form does, or it
//! does not end: whatever follows it but the closing boundary is an error in its place.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use http_body_util::BodyExt;

use super::refuse_length;
use crate::listener::RequestBody;
use crate::proxy::body::IncomingBodyError;
use crate::proxy::buffers::{Reserved, Share};
use crate::proxy::error::Refusal;
use crate::s3::post_form::FileReader;
use crate::s3::{ErrorCode, S3Error};

/// A file that is still in its form.
pub(in crate::proxy) struct FormFile {
    reader: FileReader,
    /// Received and not yet read.
    piece: Bytes,
    body: RequestBody,
    size: Size,
    passed: u64,
}

enum Size {
    /// The file was said to be this long.
    Computed(u64),
    /// It is held first, and may have so many bytes; at most `left` are still to be read. It has `computed` if
    /// its form ends right after it.
    Held { lengths: RangeInclusive<u64>, left: u64, computed: Option<u64> },
}

/// A file that was held until its form had ended.
pub(in crate::proxy) struct HeldFile {
    bytes: Option<Bytes>,
    _reserved: Reserved,
}

impl FormFile {
    pub(super) fn small(
        reader: FileReader,
        piece: Bytes,
        body: RequestBody,
        lengths: RangeInclusive<u64>,
        left: u64,
        computed: Option<u64>,
    ) -> Self {
        Self { reader, piece, body, size: Size::Held { lengths, left, computed }, passed: 0 }
    }

    pub(super) fn large(reader: FileReader, piece: Bytes, body: RequestBody, length: u64) -> Self {
        Self { reader, piece, body, size: Size::Computed(length), passed: 0 }
    }

    /// Whether it has to be [held](Self::hold), since nobody knows its length.
    pub(in crate::proxy) fn is_small(&self) -> bool {
        matches!(self.size, Size::Held { .. })
    }

    /// Memory to hold a small file in.
    ///
    /// # Errors
    /// `SlowDown` if none is left for it.
    pub(in crate::proxy) fn reserve(&self, buffers: &Share) -> Result<Reserved, S3Error> {
        let Size::Held { left, .. } = self.size else { return Err(not_computed()) };
        buffers.reserve(left)
    }

    /// Makes a small file stream like a large one, and returns the length that it has to have.
    ///
    /// # Errors
    /// `EntityTooLarge` and `EntityTooSmall`; `MalformedPOSTRequest` if the form has no room for its end.
    pub(in crate::proxy) fn stream(&mut self) -> Result<u64, S3Error> {
        let Size::Held { lengths, computed: Some(length), .. } = &self.size else { return Err(not_computed()) };
        let length = *length;
        refuse_length(length, lengths)?;
        self.reader.refuse_fields();
        self.size = Size::Computed(length);
        Ok(length)
    }

    /// Reads a small file whole into what is `reserved` for it, and its form to the end.
    ///
    /// # Errors
    /// `EntityTooLarge` as soon as it is, and `EntityTooSmall`; what is wrong with the form.
    pub(in crate::proxy) async fn hold(mut self, reserved: Reserved) -> Result<HeldFile, Refusal> {
        let Size::Held { lengths, left, .. } = &self.size else { return Err(Refusal::of_body(not_computed())) };
        let (lengths, left) = (lengths.clone(), *left);
        // Not touched before it is filled: what is reserved here need not be there yet.
        let mut file = BytesMut::with_capacity(usize::try_from(left).unwrap_or_default());
        while let Some(frame) = self.frame().await {
            let frame = frame.map_err(|error| Refusal::of_body(error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            file.extend_from_slice(&data);
            // What is too large already need not be read to its end.
            let length = file.len() as u64;
            if length > *lengths.end() {
                refuse_length(length, &lengths).map_err(Refusal::of_body)?;
            }
        }
        refuse_length(file.len() as u64, &lengths)?;
        Ok(HeldFile { bytes: Some(file.freeze()), _reserved: reserved })
    }
}

impl HeldFile {
    pub(in crate::proxy) fn length(&self) -> u64 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)
    }

    /// The file, once.
    pub(in crate::proxy) fn take(&mut self) -> Option<Bytes> {
        self.bytes.take()
    }
}

impl Body for FormFile {
    type Data = Bytes;
    type Error = IncomingBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncomingBodyError>>> {
        let this = self.get_mut();
        loop {
            match this.reader.next(&mut this.piece) {
                Ok(Some(data)) => {
                    this.passed += data.len() as u64;
                    if let Size::Computed(length) = this.size
                        && this.passed > length
                    {
                        return Poll::Ready(Some(Err(IncomingBodyError::Form(not_computed()))));
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(IncomingBodyError::Form(error)))),
            }
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                // HTTP trailers take no effect.
                Some(Ok(frame)) => this.piece = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(IncomingBodyError::Request(error)))),
                None => {
                    return Poll::Ready(this.reader.finish().err().map(|error| Err(IncomingBodyError::Form(error))));
                }
            }
        }
    }
}

fn not_computed() -> S3Error {
    S3Error::new(
        ErrorCode::MalformedPOSTRequest,
        "The body of your POST request is not well-formed multipart/form-data: a form with a large file has to end \
         with its closing boundary and one line break, since the length of the file is computed from that.",
    )
}
