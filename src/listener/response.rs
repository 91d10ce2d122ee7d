//! The response body on its way out: counts its request as running until it is gone, and notes when
//! it began to wait for the client to take more, and how much that takes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::connection::Running;
use super::pace::{Pace, Slowest};

pin_project! {
    /// A service's response body, watched.
    pub(super) struct ResponseBody<B> {
        #[pin]
        inner: B,
        // What is left of a piece that was too long.
        rest: Bytes,
        progress: Arc<Progress>,
        running: Running,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, progress: Arc<Progress>, running: Running) -> Self {
        Self { inner, rest: Bytes::new(), progress, running }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        // Asked for more: the client has taken what there was.
        this.progress.taken();
        let frame = if this.rest.is_empty() {
            ready!(this.inner.poll_frame(context))
        } else {
            Some(Ok(Frame::data(std::mem::take(this.rest))))
        };
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        this.running.activity().progressed();
        let frame = match frame.into_data() {
            Ok(mut data) => {
                if data.len() > LONGEST_PIECE && this.progress.is_watched {
                    *this.rest = data.split_off(LONGEST_PIECE);
                }
                this.progress.offer(data.len());
                Frame::data(data)
            }
            Err(trailers) => {
                this.progress.offer(0);
                trailers
            }
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len() as u64, self.inner.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        inner.upper().into_iter().for_each(|upper| hint.set_upper(upper.saturating_add(rest)));
        hint
    }
}

/// How a response fares with its client: since when it waits for it, if it does, and how fast it is taken.
#[derive(Debug)]
pub(super) struct Progress {
    taking: Mutex<Taking>,
    /// Whether anybody looks at it.
    is_watched: bool,
}

#[derive(Debug)]
struct Taking {
    waiting_since: Option<Instant>,
    /// The piece that the client is to take.
    offered: usize,
    pace: Pace,
}

impl Progress {
    pub(super) fn new(slowest: Slowest) -> Self {
        let taking = Taking { waiting_since: None, offered: 0, pace: Pace::new(slowest) };
        Self { taking: Mutex::new(taking), is_watched: true }
    }

    /// Of an answer whose connection is watched, as on HTTP/1.1.
    pub(super) fn unwatched() -> Self {
        Self { is_watched: false, ..Self::new(Slowest::any()) }
    }

    /// The client is to take `bytes`.
    fn offer(&self, bytes: usize) {
        let mut taking = self.lock();
        taking.waiting_since = Some(taking.pace.wait());
        taking.offered = bytes;
    }

    /// The client has taken what there was.
    fn taken(&self) {
        let mut taking = self.lock();
        if taking.waiting_since.take().is_some() {
            let offered = std::mem::take(&mut taking.offered);
            taking.pace.moved(offered);
        }
    }

    /// Returns once the client has taken nothing for `limit`, or too little over a window (and at most as
    /// long again).
    pub(super) async fn stalled(&self, limit: Duration, window: Duration) {
        loop {
            let now = Instant::now();
            let next = {
                let mut taking = self.lock();
                let stalled_at = taking.waiting_since.map(|since| since + limit);
                let is_slow = taking.pace.is_too_slow(now) && !crate::fault::check_is_off("answer_rate");
                if is_slow || stalled_at.is_some_and(|at| at <= now) {
                    return;
                }
                let unwatched = now + limit.min(window);
                [stalled_at, taking.pace.judged_at()].into_iter().flatten().fold(unwatched, Instant::min)
            };
            // A deadline that has passed without a verdict is looked at again a little later.
            tokio::time::sleep_until(next.max(now + Duration::from_millis(1))).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taking> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream is asked for more once all of a piece is on its way: in longer ones a client that takes its bytes
/// steadily would seem to take none.
const LONGEST_PIECE: usize = 16 << 10;
