//! Histories with one thing wrong in each, which the checker has to find, beside good ones.

use std::time::Duration;

use super::{Violation, refusal_times, violations};
use crate::chaos::history::{Kind, Operation, Outcome};

const BOUND: Duration = Duration::from_micros(50);

/// An operation on key 0.
fn op(kind: Kind, node: usize, start: u64, end: u64, outcome: Outcome) -> Operation {
    Operation { start, end, node, key: 0, kind, outcome }
}

fn minted() -> Operation {
    op(Kind::Mint, 0, 0, 10, Outcome::Accepted)
}

fn used(node: usize, start: u64, outcome: Outcome) -> Operation {
    op(Kind::Use, node, start, start + 2, outcome)
}

fn revoked(start: u64, outcome: Outcome) -> Operation {
    op(Kind::Revoke, 0, start, start + 10, outcome)
}

fn last(node: usize, outcome: Outcome) -> Operation {
    op(Kind::LastUse, node, 1000, 1001, outcome)
}

fn judged(history: &[Operation]) -> Vec<Violation> {
    violations(history, BOUND)
}

#[test]
fn a_good_history_has_nothing_wrong() {
    use Outcome::{Accepted, Refused, Unknown};
    let history = [
        used(1, 5, Refused),
        minted(),
        used(1, 11, Accepted),
        used(2, 13, Unknown),
        op(Kind::ForgedUse, 1, 15, 16, Refused),
        op(Kind::Use, 1, 95, 101, Refused),
        revoked(100, Accepted),
        used(2, 120, Accepted),
        used(2, 151, Accepted),
        used(2, 170, Unknown),
        used(2, 180, Refused),
        last(0, Refused),
        last(1, Refused),
    ];
    assert_eq!(judged(&history), []);
}

#[test]
fn a_key_that_is_refused_before_anybody_revokes_it_is_found() {
    let history = [minted(), used(1, 11, Outcome::Refused)];
    assert_eq!(judged(&history), [Violation::RefusedWithoutReason { key: 0, node: 1 }]);
    let history = [minted(), used(1, 11, Outcome::Refused), revoked(20, Outcome::Accepted)];
    assert_eq!(judged(&history), [Violation::RefusedWithoutReason { key: 0, node: 1 }], "it was revoked only later");
}

#[test]
fn a_key_that_is_accepted_too_long_after_its_revocation_is_found() {
    let history = [minted(), revoked(100, Outcome::Accepted), used(1, 161, Outcome::Accepted)];
    let after = Duration::from_micros(51);
    assert_eq!(judged(&history), [Violation::AcceptedAfterRevocation { key: 0, node: 1, after }]);
}

#[test]
fn a_refusal_says_that_a_revocation_was_made_even_if_nobody_was_told() {
    let history = [
        minted(),
        revoked(100, Outcome::Unknown),
        used(1, 120, Outcome::Refused),
        used(2, 130, Outcome::Accepted),
        used(2, 180, Outcome::Accepted),
    ];
    let after = Duration::from_micros(58);
    assert_eq!(judged(&history), [Violation::AcceptedAfterRevocation { key: 0, node: 2, after }]);
}

#[test]
fn a_node_that_accepts_what_it_has_refused_is_found() {
    let history =
        [minted(), revoked(100, Outcome::Accepted), used(1, 111, Outcome::Refused), used(1, 120, Outcome::Accepted)];
    assert_eq!(judged(&history), [Violation::AcceptedAgain { key: 0, node: 1 }]);
}

#[test]
fn a_forged_use_that_is_accepted_is_found() {
    let history = [minted(), op(Kind::ForgedUse, 2, 20, 21, Outcome::Accepted)];
    assert_eq!(judged(&history), [Violation::ForgedAccepted { key: 0, node: 2 }]);
}

#[test]
fn a_key_that_is_lost_is_found() {
    let history = [minted(), last(0, Outcome::Accepted), last(1, Outcome::Refused)];
    assert_eq!(judged(&history), [Violation::Lost { key: 0, node: 1 }]);
}

#[test]
fn a_key_that_is_revived_is_found() {
    let history = [minted(), revoked(100, Outcome::Accepted), last(0, Outcome::Refused), last(1, Outcome::Accepted)];
    assert_eq!(judged(&history), [Violation::Revived { key: 0, node: 1 }]);
}

#[test]
fn nodes_that_disagree_about_what_nobody_was_told_are_found() {
    let unclear = [minted(), revoked(100, Outcome::Unknown), last(0, Outcome::Refused), last(1, Outcome::Accepted)];
    assert_eq!(judged(&unclear), [Violation::Disagreement { key: 0 }]);
    let never_acknowledged =
        [op(Kind::Mint, 0, 0, 10, Outcome::Unknown), last(0, Outcome::Refused), last(1, Outcome::Accepted)];
    assert_eq!(judged(&never_acknowledged), [Violation::Disagreement { key: 0 }]);
    for agreed in [Outcome::Accepted, Outcome::Refused] {
        let history = [minted(), revoked(100, Outcome::Unknown), last(0, agreed.clone()), last(1, agreed)];
        assert_eq!(judged(&history), [], "either is right");
    }
}

#[test]
fn a_key_about_which_a_node_says_nothing_in_the_end_is_found() {
    let history = [minted(), last(1, Outcome::Unknown)];
    assert_eq!(judged(&history), [Violation::NoLastAnswer { key: 0, node: 1 }]);
}

#[test]
fn a_wrong_answer_is_found() {
    let history = [minted(), used(1, 20, Outcome::Wrong("500".into()))];
    assert_eq!(judged(&history), [Violation::WrongAnswer { key: 0, node: 1, answer: "500".into() }]);
    let history = [op(Kind::Mint, 1, 0, 10, Outcome::Refused)];
    assert!(matches!(judged(&history)[..], [Violation::WrongAnswer { .. }]));
}

#[test]
fn the_time_to_the_first_refusal_is_counted_from_the_acknowledgement_for_each_node_that_answers() {
    let history = [
        minted(),
        revoked(100, Outcome::Accepted),
        used(1, 111, Outcome::Accepted),
        used(1, 118, Outcome::Refused),
        used(1, 150, Outcome::Refused),
        used(2, 111, Outcome::Unknown),
        used(2, 500, Outcome::Refused),
    ];
    assert_eq!(refusal_times(&history), [Duration::from_micros(10)]);
}
