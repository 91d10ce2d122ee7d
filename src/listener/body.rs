//! The request body as a service sees it: hyper's, with a limit on the pause between two pieces.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::connection::Activity;

/// A request body. Fails with [`RequestBodyError::Idle`] when the client pauses for too long; the
/// service then answers, and the connection is closed because the body was not read to its end.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    idle_timeout: Duration,
    /// Made at the first pause: most bodies of small requests never need it.
    deadline: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    has_ended: bool,
    activity: Arc<Activity>,
}

/// Why a request body ended before its end. The client's fault, or its network's.
#[derive(Debug, thiserror::Error)]
pub enum RequestBodyError {
    /// The connection ended, the stream was reset, or the framing is wrong.
    #[error("the request body was not received whole: {0}")]
    Closed(#[source] hyper::Error),
    /// No byte came for the time given.
    #[error("no byte of the request body came for {0:?}")]
    Idle(Duration),
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, idle_timeout: Duration, activity: Arc<Activity>) -> Self {
        let has_ended = incoming.is_end_stream();
        Self { incoming, idle_timeout, deadline: None, is_waiting: false, has_ended, activity }
    }

    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.idle_timeout)));
        if !self.is_waiting {
            self.is_waiting = true;
            deadline.as_mut().reset(Instant::now() + self.idle_timeout);
        }
        deadline.as_mut().poll(context)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            self.is_waiting = false;
            self.has_ended |= frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::Closed)));
        }
        match self.poll_deadline(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.is_waiting = false;
                Poll::Ready(Some(Err(RequestBodyError::Idle(self.idle_timeout))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.has_ended && !self.incoming.is_end_stream() {
            self.activity.left_a_body_unread();
        }
    }
}
