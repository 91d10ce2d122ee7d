//! How one request was decided, and by what.

use super::WrittenJudged;
use crate::policy::StatementName;

/// How one request was decided, and by what.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether everything was allowed.
    pub allowed: bool,
    /// The layer that decided: `permission`, `ceiling`, `organization policy`, `bucket policy` or `public access
    /// block`.
    pub layer: &'static str,
    /// The statement that decided; none, if none was about it.
    pub statement: Option<StatementName>,
    /// All that it was made from.
    pub judged: WrittenJudged,
}

impl Decision {
    /// Whether anybody reads what would be written.
    #[must_use]
    pub fn is_wanted() -> bool {
        tracing::enabled!(target: super::TARGET, tracing::Level::INFO)
    }

    /// `allowed` or `denied`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.allowed { "allowed" } else { "denied" }
    }
}
