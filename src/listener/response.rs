//! The response body on its way out: counts its request as running until it is gone, and notes when
//! it began to wait for the client to take more.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::connection::Running;

pin_project! {
    /// A service's response body, watched.
    pub(super) struct ResponseBody<B> {
        #[pin]
        inner: B,
        progress: Arc<Progress>,
        _running: Running,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, progress: Arc<Progress>, running: Running) -> Self {
        Self { inner, progress, _running: running }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        // Asked for more: the client has taken what there was.
        this.progress.set(None);
        let frame = this.inner.poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Ok(_)))) {
            this.progress.set(Some(Instant::now()));
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

/// Since when a response waits for its client, if it does.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Option<Instant>>);

impl Progress {
    fn set(&self, waiting_since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waiting_since;
    }

    /// Returns once the client has taken nothing for `limit` (and at most as long again).
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let waiting_since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match waiting_since.map(|since| since + limit) {
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => tokio::time::sleep(limit).await,
            }
        }
    }
}
