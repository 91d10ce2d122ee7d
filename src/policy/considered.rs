//! Why a statement was or was not about a question: the answer to "why was I refused?".

use std::fmt;

use super::StatementName;

/// What a statement does when it matches.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    #[default]
    Deny,
}

/// One statement, and what it had to do with a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Considered {
    /// Which statement.
    pub statement: StatementName,
    /// What it would do.
    pub effect: Effect,
    /// Whether it matched.
    pub outcome: Outcome,
}

/// The first part of a statement that did not match, in the order in which they are looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// All of it matched.
    Matches,
    /// A condition is not met.
    OtherCondition {
        /// The operator as written, such as `StringLike`.
        operator: String,
        /// The condition key as written, such as `s3:prefix`.
        key: String,
    },
    /// It is about others.
    OtherPrincipal,
    /// It is about other actions.
    OtherAction,
    /// It is about other resources.
    OtherResource,
}

impl Effect {
    /// The word in a document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches => formatter.write_str("matches"),
            Self::OtherCondition { operator, key } => write!(formatter, "the condition {operator} on {key} is not met"),
            Self::OtherPrincipal => formatter.write_str("is about other principals"),
            Self::OtherAction => formatter.write_str("is about other actions"),
            Self::OtherResource => formatter.write_str("is about other resources"),
        }
    }
}
