//! What one layer of policies says.

use std::fmt;
use std::sync::Arc;

/// The answer of one layer of policies to one question. What silence means is the layer's own affair, so
/// nobody may take it for a yes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allowed(StatementName),
    /// A statement denies it, whatever others allow.
    Denied(StatementName),
    /// No statement is about it.
    #[default]
    Silent,
}

/// Which statement decided. Cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatementName(Arc<Names>);

#[derive(Debug, Eq, PartialEq)]
struct Names {
    policy: String,
    statement: String,
}

impl Verdict {
    /// What follows from the first statement that denies and the first that allows: a Deny beats every Allow.
    #[must_use]
    pub(super) fn of(denying: Option<&StatementName>, allowing: Option<&StatementName>) -> Self {
        match (denying, allowing) {
            (Some(denying), _) if !crate::fault::check_is_off("explicit_deny") => Self::Denied(denying.clone()),
            (_, Some(allowing)) => Self::Allowed(allowing.clone()),
            _ => Self::Silent,
        }
    }
}

impl StatementName {
    /// The statement called `statement` of the policy called `policy`.
    #[must_use]
    pub fn new(policy: &str, statement: &str) -> Self {
        Self(Arc::new(Names { policy: policy.to_owned(), statement: statement.to_owned() }))
    }

    /// The policy's name; of a bucket policy, the bucket's.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.0.policy
    }

    /// The statement's name or `Sid`; `#2` if the second statement has none.
    #[must_use]
    pub fn statement(&self) -> &str {
        &self.0.statement
    }
}

impl fmt::Display for StatementName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.0.policy, self.0.statement)
    }
}
