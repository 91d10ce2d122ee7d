//! What somebody in front of a terminal sees while it runs. Piped, there is nothing of it.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arrivals::Arrivals;
use super::tally::Tally;

/// A bar on standard error. Cheap to clone.
#[derive(Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that counts to `whole`.
    pub(super) fn counting(name: &'static str, whole: u64) -> Self {
        Self::new(whole, &format!("{name} {{wide_bar}} {{pos}}/{{len}}"))
    }

    /// A bar that fills while the load runs.
    pub(super) fn of_load(whole: Duration, arrivals: &Arc<Arrivals>, tally: &Arc<Tally>) -> Self {
        let this = Self::new(milliseconds(whole), "Load {wide_bar} {msg}");
        if this.bar.is_hidden() {
            return this;
        }
        let (bar, arrivals, tally) = (this.bar.clone(), Arc::clone(arrivals), Arc::clone(tally));
        tokio::spawn(async move {
            let mut before = 0;
            while !bar.is_finished() {
                tokio::time::sleep(STEP).await;
                let (requests, failed) = tally.so_far();
                bar.set_position(milliseconds(arrivals.elapsed()));
                bar.set_message(format!(
                    "{:>3} s, {:>7} requests/s, {failed} failed",
                    arrivals.elapsed().as_secs(),
                    (requests - before) * STEPS_A_SECOND
                ));
                before = requests;
            }
        });
        this
    }

    /// One more is done.
    pub(super) fn one_more(&self) {
        self.bar.inc(1);
    }

    /// Takes it off the screen.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn new(whole: u64, template: &str) -> Self {
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::with_draw_target(Some(whole), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

const STEP: Duration = Duration::from_millis(500);
const STEPS_A_SECOND: u64 = 2;
