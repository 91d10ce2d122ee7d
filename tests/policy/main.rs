//! The policy engine against a second evaluator, against `iam-rs`, and against verdicts written by hand.

#![expect(clippy::unwrap_used, reason = "a test stops where what it is made of is wrong")]

mod asked;
mod coverage;
mod dice;
mod differential;
mod generate;
mod generate_conditions;
mod iam_rs;
mod mutations;
mod reference;
mod reference_conditions;
mod shrink;
mod vectors;
