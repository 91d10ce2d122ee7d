//! The response body on its way out: counts its request as running until it is gone, and notes when
//! it began to wait for the client to take more, and how much that takes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
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
        progress: Arc<Progress>,
        running: Running,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, progress: Arc<Progress>, running: Running) -> Self {
        Self { inner, progress, running }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        // Asked for more: the client has taken what there was.
        this.progress.taken();
        let frame = this.inner.poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            this.progress.offer(frame.data_ref().map_or(0, Bytes::len));
            this.running.activity().progressed();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// How a response fares with its client: since when it waits for it, if it does, and how fast it is taken.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Taking>);

#[derive(Debug)]
struct Taking {
    waiting_since: Option<Instant>,
    /// The piece that the client is to take.
    offered: usize,
    pace: Pace,
}

impl Progress {
    pub(super) fn new(slowest: Slowest) -> Self {
        Self(Mutex::new(Taking { waiting_since: None, offered: 0, pace: Pace::new(slowest) }))
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
