//! The body of an answer: our own bytes, or the backend's as they come, with a limit on how long the
//! backend may pause. An answer that breaks off breaks off for the client too; it is never made to look
//! whole.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::document::Document;
use super::life::{Life, Over};
use super::record::Record;
use crate::backend::AnswerBody;

/// The body of an answer to a client.
#[derive(Debug)]
pub struct ResponseBody {
    content: Content,
    record: Option<Record>,
}

#[derive(Debug)]
enum Content {
    Own(Bytes),
    Backend(BackendBody),
    Document(Box<Document>),
}

/// Why an answer broke off.
#[derive(Debug, thiserror::Error)]
pub enum ResponseBodyError {
    /// The backend's connection ended in the middle.
    #[error("the backend's answer broke off: {0}")]
    Backend(#[from] hyper::Error),
    /// The key that asked expired, and so did the time for transfers that had begun before.
    #[error("the access key expired during the transfer")]
    Expired,
    /// The key that asked was revoked, or whose key it is was suspended.
    #[error("the access key was revoked during the transfer")]
    Revoked,
    /// The backend sent nothing for too long.
    #[error("the backend's answer stalled")]
    Stalled,
}

/// A backend's body, with a limit on the pause between two pieces.
pub(super) struct BackendBody {
    incoming: AnswerBody,
    idle_timeout: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    life: Life,
    /// Ends with `life`. Made when the backend pauses for the first time, or something happened: most answers are
    /// over before.
    over: Option<BoxFuture<'static, Over>>,
}

impl ResponseBody {
    /// No body.
    pub(super) fn empty() -> Self {
        Self::own(Bytes::new())
    }

    /// Our own bytes.
    pub(super) fn own(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Own(bytes.into()), record: None }
    }

    /// The backend's bytes.
    pub(super) fn backend(body: BackendBody) -> Self {
        Self { content: Content::Backend(body), record: None }
    }

    /// A backend's document, read to its end and written anew.
    pub(super) fn document(document: Document) -> Self {
        Self { content: Content::Document(Box::new(document)), record: None }
    }

    pub(super) fn recorded_by(mut self, record: Record) -> Self {
        self.record = Some(record);
        self
    }
}

impl BackendBody {
    /// A body that may pause for `idle_timeout`, and ends with `life` in any case.
    pub(super) fn new(incoming: AnswerBody, idle_timeout: Duration, life: Life) -> Self {
        Self { incoming, idle_timeout, deadline: None, waiting: false, life, over: None }
    }

    /// The next data; HTTP trailers of a backend are left out.
    pub(super) fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, ResponseBodyError>>> {
        if (self.over.is_some() || !self.life.is_untroubled())
            && let Poll::Ready(error) = self.poll_over(context)
        {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            match Pin::new(&mut self.incoming).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.waiting = false;
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => break,
            }
        }
        if self.over.is_none()
            && let Poll::Ready(error) = self.poll_over(context)
        {
            return Poll::Ready(Some(Err(error)));
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.idle_timeout)));
        if !self.waiting {
            self.waiting = true;
            deadline.as_mut().reset(Instant::now() + self.idle_timeout);
        }
        deadline.as_mut().poll(context).map(|()| Some(Err(ResponseBodyError::Stalled)))
    }
}

impl BackendBody {
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<ResponseBodyError> {
        let over = self.over.get_or_insert_with(|| Box::pin(self.life.clone().over()));
        over.as_mut().poll(context).map(|over| match over {
            Over::Expired => ResponseBodyError::Expired,
            Over::Ended => ResponseBodyError::Revoked,
        })
    }
}

impl std::fmt::Debug for BackendBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BackendBody").field("life", &self.life).finish_non_exhaustive()
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ResponseBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ResponseBodyError>>> {
        let this = self.get_mut();
        let polled = match &mut this.content {
            Content::Own(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Own(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Content::Backend(body) => body.poll_data(context),
            Content::Document(document) => document.poll_data(context, this.record.as_mut()),
        };
        if let Some(record) = &mut this.record {
            match &polled {
                Poll::Ready(Some(Ok(data))) => record.sent(data.len()),
                Poll::Ready(Some(Err(error))) => record.failed("IncompleteAnswer", Some(error.to_string())),
                Poll::Ready(None) => record.completed(),
                Poll::Pending => {}
            }
            // hyper does not poll a body of known length again after its last byte.
            if this.is_end_stream() {
                this.record.as_mut().into_iter().for_each(Record::completed);
            }
        }
        polled.map(|data| data.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Own(bytes) => bytes.is_empty(),
            Content::Backend(body) => body.incoming.is_end_stream(),
            Content::Document(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Backend(body) => body.incoming.size_hint(),
            Content::Document(_) => SizeHint::default(),
        }
    }
}
