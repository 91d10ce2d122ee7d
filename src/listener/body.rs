//! The request body as a service sees it: hyper's, with limits on the pause between two pieces, on how slow
//! its client may be, and on when it has to have ended.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::connection::Activity;
use super::limits::Counters;
use super::pace::{Pace, Slowest};
use crate::config::Limits;

/// A request body. Fails with [`RequestBodyError::Idle`] or [`RequestBodyError::Slow`] when the client does
/// not send; the service then answers, and the connection is closed because the body was not read to its end.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    limits: BodyLimits,
    pace: Pace,
    /// Since when the client is waited for, if it is.
    waiting_since: Option<Instant>,
    /// Made at the first pause: most bodies of small requests never need it.
    deadline: Option<Pin<Box<Sleep>>>,
    /// When the body has to have ended.
    end: Option<(Instant, Duration)>,
    alarm: Arc<Alarm>,
    /// Which of the connection's it is.
    number: usize,
    activity: Arc<Activity>,
    counters: Arc<Counters>,
}

/// What a request body is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    idle_timeout: Duration,
    slowest: Slowest,
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
    /// It was still coming after the time given.
    #[error("the request body did not end within {0:?}")]
    Late(Duration),
    /// Too few bytes came while they were waited for.
    #[error("the request body came too slowly")]
    Slow,
}

impl BodyLimits {
    pub(super) fn new(limits: &Limits) -> Self {
        let slowest = Slowest::new(limits.min_body_rate, limits.rate_window);
        Self { idle_timeout: limits.body_idle_timeout, slowest }
    }
}

impl RequestBody {
    pub(super) fn new(
        incoming: Incoming,
        limits: BodyLimits,
        activity: Arc<Activity>,
        counters: Arc<Counters>,
    ) -> Self {
        let number = activity.body_began(!incoming.is_end_stream());
        Self {
            number,
            limits,
            pace: Pace::new(limits.slowest),
            waiting_since: None,
            deadline: None,
            end: None,
            alarm: Arc::default(),
            incoming,
            activity,
            counters,
        }
    }

    /// From now on the whole body has to come within `limit`, or it fails with [`RequestBodyError::Late`].
    /// For bodies that are held until they are whole.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.end = Some((Instant::now() + limit, limit));
        self
    }

    /// Waits for the client, until the first of its limits.
    fn poll_limits(&mut self, context: &mut Context<'_>) -> Poll<RequestBodyError> {
        self.pace.wait();
        let idle_at = *self.waiting_since.get_or_insert_with(Instant::now) + self.limits.idle_timeout;
        loop {
            let end = self.end.filter(|_| !crate::fault::check_is_off("document_timeout"));
            let first =
                [self.pace.judged_at(), end.map(|(at, _)| at)].into_iter().flatten().fold(idle_at, Instant::min);
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(first)));
            if deadline.deadline() != first {
                deadline.as_mut().reset(first);
            }
            std::task::ready!(deadline.as_mut().poll(context));
            if let Some((_, limit)) = end.filter(|(at, _)| *at == first) {
                return Poll::Ready(RequestBodyError::Late(limit));
            }
            if self.pace.is_too_slow(first) && !crate::fault::check_is_off("body_rate") {
                return Poll::Ready(RequestBodyError::Slow);
            }
            if idle_at == first {
                return Poll::Ready(RequestBodyError::Idle(self.limits.idle_timeout));
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let noticed = self.alarm.listen(context.waker());
        let waker = Waker::from(Arc::clone(&self.alarm));
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(&mut Context::from_waker(&waker)) {
            if frame.is_none() || self.incoming.is_end_stream() {
                self.activity.body_ended(self.number);
            }
            self.waiting_since = None;
            let length: usize = frame.iter().flatten().filter_map(Frame::data_ref).map(Bytes::len).sum();
            // The reader may have been busy elsewhere since the client sent this.
            self.pace.moved_at(length, noticed.unwrap_or_else(Instant::now));
            if length > 0 {
                self.activity.progressed();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::Closed)));
        }
        let failed = std::task::ready!(self.poll_limits(context));
        self.counters.slow_body();
        Poll::Ready(Some(Err(failed)))
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
        if self.incoming.is_end_stream() {
            self.activity.body_ended(self.number);
        }
    }
}

/// Wakes the reader of a body, and remembers when.
#[derive(Debug, Default)]
struct Alarm(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    reader: Option<Waker>,
    at: Option<Instant>,
}

impl Alarm {
    /// When it went off since the last time it was asked; from now on it wakes `reader`.
    fn listen(&self, reader: &Waker) -> Option<Instant> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut heard.reader {
            Some(known) => known.clone_from(reader),
            none => *none = Some(reader.clone()),
        }
        heard.at.take()
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let reader = {
            let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.at.get_or_insert_with(Instant::now);
            heard.reader.clone()
        };
        reader.into_iter().for_each(Waker::wake);
    }
}
