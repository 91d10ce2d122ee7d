//! Shutdown in two steps: ask every connection to finish, then, after the grace period, cut.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Keeps the tasks of one listener and tells them when to finish and when to stop.
#[derive(Clone)]
pub(super) struct Drain {
    /// No new requests from now on.
    shutdown: CancellationToken,
    /// The grace period is over.
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Drain {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, cut: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// The same drain, with signals of its own. Whoever waits for a signal locks it at each turn, so that all
    /// connections of all threads would meet at one lock.
    pub(super) fn of_one_thread(&self) -> Self {
        Self { shutdown: self.shutdown.child_token(), cut: self.cut.child_token(), tasks: self.tasks.clone() }
    }

    /// Runs `task` until it is done or the grace period is over. A panic in it stays in it.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.until_cut(task));
    }

    /// The same on another runtime.
    pub(super) fn spawn_on(&self, runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(self.until_cut(task), runtime);
    }

    fn until_cut(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let cut = self.cut.clone();
        async move {
            tokio::select! {
                () = task => {}
                () = cut.cancelled() => {}
            }
        }
    }

    /// Returns when a shutdown was asked for.
    pub(super) async fn asked_to_finish(&self) {
        self.shutdown.cancelled().await;
    }

    /// Waits until every task is done, cutting those that are not after `grace`.
    pub(super) async fn finish(&self, grace: Duration) {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "the grace period is over, cutting what still runs");
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}
