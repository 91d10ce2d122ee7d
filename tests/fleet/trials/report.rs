//! What the trials have shown, as text for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::Trial;
use super::probe::Kind;

/// Times from acknowledgement to first refusal, in microseconds.
pub(super) struct Report {
    circumstances: &'static str,
    trials: usize,
    by_kind: BTreeMap<Kind, Histogram<u64>>,
    all: Histogram<u64>,
    gaps: Histogram<u64>,
    accepted_again: usize,
}

impl Report {
    pub(super) fn new(circumstances: &'static str) -> Self {
        let by_kind = Kind::ALL.iter().map(|kind| (*kind, histogram())).collect();
        Self { circumstances, trials: 0, by_kind, all: histogram(), gaps: histogram(), accepted_again: 0 }
    }

    pub(super) fn add(&mut self, trial: Trial) {
        self.trials += 1;
        for seen in trial.nodes {
            // In whichever way a node was asked: once it has refused, it refuses.
            let asked = || seen.iter().filter(|seen| seen.kind != Kind::Stream);
            let first_refused = asked().map(|seen| seen.first_refused).min().expect("there are several ways");
            self.accepted_again += asked().filter(|seen| seen.last_accepted > first_refused).count();
            for seen in seen {
                self.accepted_again += seen.accepted_again;
                // 0 where it was refused before the acknowledgement had come back.
                let time = micros(seen.first_refused.saturating_duration_since(trial.acknowledged));
                self.by_kind.get_mut(&seen.kind).expect("all kinds are there").record(time).unwrap();
                self.all.record(time).unwrap();
                for gap in seen.gaps {
                    self.gaps.record(micros(gap)).unwrap();
                }
            }
        }
    }

    /// Prints what was seen, and asserts what is promised.
    pub(super) fn judge(&self) {
        println!("{}", self.text());
        assert_eq!(self.accepted_again, 0, "accepted after the same node had refused");
        assert!(self.all.value_at_quantile(0.99) < 1_000_000, "99 of 100 within a second");
        assert!(self.all.max() < 5_000_000, "all within five seconds");
    }

    fn text(&self) -> String {
        let mut text = format!(
            "From the acknowledgement of a revocation to the first refusal, {} trials, three nodes, {}:\n",
            self.trials, self.circumstances
        );
        let mut line = |name: &str, times: &Histogram<u64>| {
            let at = |quantile| shown(times.value_at_quantile(quantile));
            let _ = writeln!(
                text,
                "{name:<16} {:>6} times  p50 {:>9}  p99 {:>9}  longest {:>9}",
                times.len(),
                at(0.5),
                at(0.99),
                shown(times.max())
            );
        };
        for (kind, times) in &self.by_kind {
            line(&format!("{kind:?}"), times);
        }
        line("all", &self.all);
        line("between requests", &self.gaps);
        let _ = writeln!(text, "accepted after the same node had refused: {}", self.accepted_again);
        self.draw(&mut text);
        text
    }

    /// A line for each doubling.
    fn draw(&self, text: &mut String) {
        let mut from = 0;
        let mut to = 1_000;
        while from <= self.all.max() {
            let count = self.all.count_between(from, to - 1);
            let width = usize::try_from(count * 60 / self.all.len().max(1)).unwrap();
            let bar = "#".repeat(if count > 0 { width.max(1) } else { 0 });
            let line = format!("{:>9} to {:>9} {count:>7} {bar}", shown(from), shown(to));
            let _ = writeln!(text, "{}", line.trim_end());
            from = to;
            to *= 2;
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

fn shown(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}
