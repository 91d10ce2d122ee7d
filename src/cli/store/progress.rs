//! What somebody in front of a terminal sees while records are moved, and their Ctrl-C.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;

use crate::cli::failure::Failure;
use crate::store::transfer::Done;

/// A bar on standard error, and whether to go on.
pub(super) struct Progress {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
    _signals: AbortOnDropHandle<()>,
}

impl Progress {
    /// Shows a bar, and takes note of SIGINT and SIGTERM from now on.
    pub(super) fn start(name: &'static str) -> Result<Self, Failure> {
        let unheard = |error: std::io::Error| Failure::work(format!("signals cannot be received: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let signals = tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stopped.store(true, Ordering::Relaxed);
        });
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_prefix(name);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {spinner} {human_pos} records, {elapsed}") {
            bar.set_style(style);
        }
        Ok(Self { bar, stop, _signals: AbortOnDropHandle::new(signals) })
    }

    /// What is to be told how far the work is.
    pub(super) fn report(&self) -> impl FnMut(Done) -> ControlFlow<()> + Send {
        let (bar, stop) = (self.bar.clone(), Arc::clone(&self.stop));
        move |done| {
            if let (Some(whole), None) = (done.of, bar.length()) {
                bar.set_length(whole);
                let template = "{prefix} {wide_bar} {human_pos}/{human_len} records, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style.progress_chars("=> "));
                }
            }
            bar.set_position(done.records);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    /// Takes it off the screen.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
