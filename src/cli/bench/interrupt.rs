//! Ctrl-C: the first one ends the load, and what was written is deleted; the second ends everything.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::failure::{Failure, note};

/// Whether somebody wants it to end.
pub(super) struct Interrupt {
    stop: CancellationToken,
    cut: CancellationToken,
    end: CancellationToken,
}

impl Interrupt {
    /// Takes note of SIGINT and SIGTERM from now on.
    pub(super) fn watch() -> Result<Self, Failure> {
        let unheard = |error: io::Error| Failure::work(format!("signals cannot be received: {error}"));
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt()).map_err(unheard)?, signal(SignalKind::terminate()).map_err(unheard)?);
        let [stop, cut, end] = std::array::from_fn(|_| CancellationToken::new());
        let this = Self { stop: stop.clone(), cut: cut.clone(), end: end.clone() };
        tokio::spawn(async move {
            let first = async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            first.await;
            note("stopping: running requests may end, then what was written is deleted; Ctrl-C again stops at once");
            stop.cancel();
            let second = async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            let patience = async {
                tokio::time::sleep(PATIENCE).await;
                cut.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = second => end.cancel(),
                () = patience => {}
            }
        });
        Ok(this)
    }

    /// Cancelled when nothing new is to begin.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Cancelled when running requests have had their time to end.
    pub(super) fn cut(&self) -> &CancellationToken {
        &self.cut
    }

    /// Whether it was asked to stop.
    pub(super) fn is_set(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Ends when it was asked to stop twice.
    pub(super) async fn is_final(&self) {
        self.end.cancelled().await;
    }
}

/// The time that running requests have after the first signal.
const PATIENCE: Duration = Duration::from_secs(3);
