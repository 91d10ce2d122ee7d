//! Judges a history: whether what was acknowledged held, and what was revoked stayed so.
//!
//! An operation took place at some moment between its start and its end. Only what no choice of these moments can
//! explain is a violation.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::history::{Kind, Operation, Outcome};

/// Something that must not happen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Violation {
    /// Used for longer after its revocation than is allowed.
    AcceptedAfterRevocation { key: usize, node: usize, after: Duration },
    /// A node refused the key, as it should, and then accepted it again.
    AcceptedAgain { key: usize, node: usize },
    /// In the end, nodes disagree about a key of which nobody knows whether it should work.
    Disagreement { key: usize },
    /// With a secret that is not the key's.
    ForgedAccepted { key: usize, node: usize },
    /// In the end a key is gone that was issued and never revoked.
    Lost { key: usize, node: usize },
    /// In the end nobody can say what became of a key.
    NoLastAnswer { key: usize, node: usize },
    /// An issued key was refused before anybody revoked it.
    RefusedWithoutReason { key: usize, node: usize },
    /// In the end a key works that was revoked.
    Revived { key: usize, node: usize },
    /// Neither right nor a refusal.
    WrongAnswer { key: usize, node: usize, answer: String },
}

/// What the history of one key is.
#[derive(Default)]
struct Life<'a> {
    /// When it was acknowledged that it was issued.
    issued: Option<u64>,
    /// When somebody began to revoke it.
    revoking: Option<u64>,
    /// When that was first acknowledged.
    acknowledged: Option<u64>,
    uses: Vec<&'a Operation>,
    last_uses: Vec<&'a Operation>,
}

/// Every violation in `history`, if a revoked key may be used for `bound` after its acknowledgement.
pub(crate) fn violations(history: &[Operation], bound: Duration) -> Vec<Violation> {
    let mut found = Vec::new();
    for Operation { key, node, kind, outcome, .. } in history {
        let (key, node) = (*key, *node);
        match (kind, outcome) {
            (_, Outcome::Wrong(answer)) => {
                found.push(Violation::WrongAnswer { key, node, answer: answer.clone() });
            }
            (Kind::ForgedUse, Outcome::Accepted) => found.push(Violation::ForgedAccepted { key, node }),
            (Kind::Mint | Kind::Revoke, Outcome::Refused) => {
                found.push(Violation::WrongAnswer { key, node, answer: "an administrator was refused".into() });
            }
            _ => {}
        }
    }
    for (key, life) in lives(history) {
        found.extend(life.violations(key, u64::try_from(bound.as_micros()).unwrap()));
    }
    found
}

/// For each key and each node: how long after the acknowledgement of its revocation the node was first seen to refuse
/// it. Without nodes that gave no answer meanwhile: those are down and serve nobody.
pub(crate) fn refusal_times(history: &[Operation]) -> Vec<Duration> {
    let mut times = Vec::new();
    for life in lives(history).into_values() {
        let Some(acknowledged) = life.acknowledged else { continue };
        let mut nodes: HashMap<usize, Option<u64>> = HashMap::new();
        for operation in life.uses.iter().filter(|operation| operation.end >= acknowledged) {
            match operation.outcome {
                Outcome::Unknown => {
                    nodes.entry(operation.node).or_insert(None);
                }
                Outcome::Refused => {
                    nodes.entry(operation.node).or_insert(Some(operation.end - acknowledged));
                }
                _ => {}
            }
        }
        times.extend(nodes.into_values().flatten().map(Duration::from_micros));
    }
    times.sort();
    times
}

fn lives(history: &[Operation]) -> BTreeMap<usize, Life<'_>> {
    let mut lives: BTreeMap<usize, Life<'_>> = BTreeMap::new();
    for operation in history {
        let life = lives.entry(operation.key).or_default();
        match (operation.kind, &operation.outcome) {
            (Kind::LastUse, _) => life.last_uses.push(operation),
            (Kind::Mint, Outcome::Accepted) => life.issued = Some(operation.end),
            (Kind::ForgedUse | Kind::Mint, _) => {}
            (Kind::Revoke, outcome) => {
                life.revoking = Some(earlier(life.revoking, operation.start));
                if *outcome == Outcome::Accepted {
                    life.acknowledged = Some(earlier(life.acknowledged, operation.end));
                }
            }
            (Kind::Use, _) => life.uses.push(operation),
        }
    }
    lives
}

fn earlier(known: Option<u64>, time: u64) -> u64 {
    known.map_or(time, |known| known.min(time))
}

impl Life<'_> {
    fn violations(&self, key: usize, bound: u64) -> Vec<Violation> {
        let mut found = self.of_uses(key, bound);
        found.extend(self.of_the_end(key));
        found
    }

    fn of_uses(&self, key: usize, bound: u64) -> Vec<Violation> {
        let mut found = Vec::new();
        let is_refused = |operation: &&&Operation| operation.outcome == Outcome::Refused;
        for operation in self.uses.iter().filter(is_refused) {
            let is_issued = self.issued.is_some_and(|issued| operation.start > issued);
            let may_be_revoked = self.revoking.is_some_and(|revoking| revoking <= operation.end);
            if is_issued && !may_be_revoked {
                found.push(Violation::RefusedWithoutReason { key, node: operation.node });
            }
        }
        // Nothing but a revocation makes an issued key refused: whoever saw that knows of it.
        let seen = |operation: &&&Operation| self.issued.is_some_and(|issued| operation.start > issued);
        let first_seen = self.uses.iter().filter(is_refused).filter(seen).map(|operation| operation.end).min();
        let revoked = first_seen.map(|seen| earlier(self.acknowledged, seen)).or(self.acknowledged);
        for operation in self.uses.iter().filter(|operation| operation.outcome == Outcome::Accepted) {
            let node = operation.node;
            if let Some(revoked) = revoked.filter(|revoked| operation.start > revoked + bound) {
                let after = Duration::from_micros(operation.start - revoked);
                found.push(Violation::AcceptedAfterRevocation { key, node, after });
            }
            let refused_before = |other: &&Operation| other.node == node && other.end < operation.start;
            if self.uses.iter().filter(is_refused).filter(seen).any(refused_before) {
                found.push(Violation::AcceptedAgain { key, node });
            }
        }
        found
    }

    fn of_the_end(&self, key: usize) -> Vec<Violation> {
        let mut found = Vec::new();
        for operation in &self.last_uses {
            let node = operation.node;
            match operation.outcome {
                Outcome::Unknown => found.push(Violation::NoLastAnswer { key, node }),
                Outcome::Accepted if self.acknowledged.is_some() => found.push(Violation::Revived { key, node }),
                Outcome::Refused if self.issued.is_some() && self.revoking.is_none() => {
                    found.push(Violation::Lost { key, node });
                }
                _ => {}
            }
        }
        let answered = |outcome: &Outcome| self.last_uses.iter().any(|operation| operation.outcome == *outcome);
        if found.is_empty() && answered(&Outcome::Accepted) && answered(&Outcome::Refused) {
            found.push(Violation::Disagreement { key });
        }
        found
    }
}

#[cfg(test)]
#[path = "bad_histories.rs"]
mod bad_histories;
