//! The body of a request to a backend: nothing, a few bytes, or a stream that may fail on purpose.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

/// Why an upstream body was cut off. The reason itself stays with whoever produced the body; the
/// connection only has to know that what was sent must not count as a whole request.
#[derive(Debug, thiserror::Error)]
#[error("the request body was cut off before its end")]
pub struct BodyFault;

/// A request body on its way to a backend.
pub enum UpstreamBody {
    /// No body, sent with `Content-Length: 0` where the method has one.
    Empty,
    /// A body that is wholly here.
    Whole(Bytes),
    /// A stream of known length. An error ends the connection, so the backend never sees its end.
    Stream(UnsyncBoxBody<Bytes, BodyFault>),
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        match this {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *this = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Stream(stream) => Pin::new(stream).poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
