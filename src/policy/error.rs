//! Why a document is no policy.

/// Why a document is refused. Its author is at fault; nothing of it takes effect.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// It is not JSON, or not of the shape of a policy.
    #[error("{0}")]
    Malformed(String),
    /// One part of it means nothing here.
    #[error("{place}: {problem}")]
    Part {
        /// Where, as a path: `Statement[0].Condition.StringLike`.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// It is larger than a policy may be.
    #[error("the policy has {found} bytes; at most {limit} are allowed")]
    TooLarge {
        /// Its size in bytes.
        found: usize,
        /// The most bytes allowed.
        limit: usize,
    },
}

impl PolicyError {
    /// The part at `place` means nothing here.
    pub(super) fn at(place: &str, problem: impl Into<String>) -> Self {
        Self::Part { place: place.to_owned(), problem: problem.into() }
    }
}
