//! HTTP/2 streams as tasks: each ends when it is done, when its client takes nothing for too long, or
//! when the grace period of a shutdown is over. The stall limit of the socket cannot see one stream
//! among others, whose window a client may keep shut while it takes the rest.

use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;

use super::drain::Drain;
use super::limits::Counters;
use super::pace::Slowest;
use super::response::Progress;

tokio::task_local! {
    static PROGRESS: Arc<Progress>;
}

/// Runs the streams of HTTP/2 connections.
#[derive(Clone)]
pub(super) struct StreamExecutor {
    pub(super) drain: Drain,
    pub(super) counters: Arc<Counters>,
    pub(super) stall_timeout: Duration,
    pub(super) slowest: Slowest,
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let Self { stall_timeout, slowest, .. } = *self;
        let counters = Arc::clone(&self.counters);
        self.drain.spawn(async move {
            let progress = Arc::new(Progress::new(slowest));
            let watched = PROGRESS.scope(Arc::clone(&progress), stream);
            tokio::select! {
                _ = watched => {}
                // Dropping the stream's future resets the stream.
                () = progress.stalled(stall_timeout, slowest.window()) => {
                    counters.slow_reader();
                    tracing::debug!("an HTTP/2 stream stalled and was reset");
                }
            }
        });
    }
}

/// The progress of the stream whose task this is; one that nobody watches on HTTP/1.1, where the
/// socket's own limit is enough.
pub(super) fn progress() -> Arc<Progress> {
    PROGRESS.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Progress::unwatched()))
}
