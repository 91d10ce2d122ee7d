//! Where the bytes of a body come from: the request itself, or the file in a form.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame};

use crate::listener::{RequestBody, RequestBodyError};
use crate::proxy::buffers::Share;
use crate::proxy::error::Refusal;
use crate::proxy::form::{FormFile, HeldFile};
use crate::s3::{ErrorCode, S3Error};

/// The body of an operation as it comes in. Nothing of it is proved.
pub(in crate::proxy) enum IncomingBody {
    /// The file of a form, in its form.
    File(Box<FormFile>),
    /// The file of a form that ended well.
    Held(HeldFile),
    /// All of a request's body.
    Request(RequestBody),
}

/// Why a body ended before its end.
pub(in crate::proxy) enum IncomingBodyError {
    /// The form around it is not well-formed.
    Form(S3Error),
    /// The request's body ended.
    Request(RequestBodyError),
}

impl IncomingBody {
    /// The same body, which has to come whole within `limit`.
    pub(super) fn within(self, limit: Duration) -> Self {
        match self {
            Self::Request(body) => Self::Request(body.within(limit)),
            other => other,
        }
    }

    /// Finds out the length of a body that has none yet, by holding it, and puts it into `headers`. Where no
    /// memory is left to hold it, the length is computed, and has to come true.
    ///
    /// # Errors
    /// See [`FormFile::hold`] and [`FormFile::stream`].
    pub(in crate::proxy) async fn settle(self, buffers: &Share, headers: &mut HeaderMap) -> Result<Self, Refusal> {
        match self {
            Self::File(mut file) if file.is_small() => {
                let Ok(reserved) = file.reserve(buffers) else {
                    headers.insert(CONTENT_LENGTH, file.stream()?.into());
                    return Ok(Self::File(file));
                };
                let held = Box::pin(file.hold(reserved)).await?;
                headers.insert(CONTENT_LENGTH, held.length().into());
                Ok(Self::Held(held))
            }
            other => Ok(other),
        }
    }
}

impl Body for IncomingBody {
    type Data = Bytes;
    type Error = IncomingBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncomingBodyError>>> {
        match self.get_mut() {
            Self::File(file) => Pin::new(&mut **file).poll_frame(context),
            Self::Held(held) => Poll::Ready(held.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Request(body) => {
                let frame = Pin::new(body).poll_frame(context);
                frame.map(|frame| frame.map(|frame| frame.map_err(IncomingBodyError::Request)))
            }
        }
    }
}

impl From<IncomingBodyError> for S3Error {
    fn from(error: IncomingBodyError) -> Self {
        match error {
            IncomingBodyError::Form(error) => error,
            IncomingBodyError::Request(error) => reading_failed(&error),
        }
    }
}

/// The client stopped sending, or its connection ended.
pub(in crate::proxy) fn reading_failed(error: &RequestBodyError) -> S3Error {
    match error {
        RequestBodyError::Idle(_) | RequestBodyError::Late(_) | RequestBodyError::Slow => S3Error::new(
            ErrorCode::RequestTimeout,
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        RequestBodyError::Closed(_) => {
            S3Error::new(ErrorCode::IncompleteBody, "The request body terminated unexpectedly.")
        }
    }
}
