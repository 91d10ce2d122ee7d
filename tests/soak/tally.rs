//! What became of the requests: how many of each kind, how long they took, and what went wrong.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Who sent a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Hostile,
    Legitimate,
    Refused,
}

/// What the test thinks of an exchange: what it was and, if it went wrong, how.
pub(crate) struct Outcome {
    pub(crate) what: &'static str,
    pub(crate) wrong: Option<String>,
}

#[derive(Default)]
pub(crate) struct Tally(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    requests: BTreeMap<(Kind, &'static str), Vec<Duration>>,
    wrong: Vec<String>,
}

impl Outcome {
    pub(crate) fn right(what: &'static str) -> Self {
        Self { what, wrong: None }
    }

    pub(crate) fn wrong(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, wrong: Some(why.into()) }
    }
}

impl Tally {
    pub(crate) fn count(&self, kind: Kind, outcome: Outcome, took: Duration) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.requests.entry((kind, outcome.what)).or_default().push(took);
        counted.wrong.extend(outcome.wrong.map(|why| format!("{kind:?}, {}: {why}", outcome.what)));
    }

    /// How many requests of a kind there were.
    pub(crate) fn of(&self, kind: Kind) -> usize {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.requests.iter().filter(|((of, _), _)| *of == kind).map(|(_, took)| took.len()).sum()
    }

    pub(crate) fn report(&self) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((kind, what), took) in &mut counted.requests {
            took.sort_unstable();
            let at = |hundredth: usize| took[(took.len() - 1) * hundredth / 100].as_millis();
            let kind = format!("{kind:?}");
            println!(
                "{kind:11} {what:44} {:7} times; ms: p50 {}, p99 {}, most {}",
                took.len(),
                at(50),
                at(99),
                at(100)
            );
        }
        let all: usize = counted.requests.values().map(Vec::len).sum();
        println!("{all} in all, {} went wrong", counted.wrong.len());
    }

    pub(crate) fn is_good(&self) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first: Vec<_> = counted.wrong.iter().take(10).collect();
        assert!(first.is_empty(), "{} requests went wrong, of them: {first:#?}", counted.wrong.len());
        drop(counted);
        for kind in [Kind::Hostile, Kind::Legitimate, Kind::Refused] {
            assert!(self.of(kind) > 0, "{kind:?}: none was sent, so nothing was shown");
        }
    }
}
