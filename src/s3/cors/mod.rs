//! Which pages of other origins may use a bucket from a browser: the rules of a CORS configuration, and what
//! they answer to a request. Read from the bucket's XML or from our own configuration; the same checks, the
//! same meaning.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>

mod document;
mod evaluate;
mod grant;
mod pattern;
mod rule;
#[cfg(test)]
mod tests;

pub use evaluate::{Preflight, is_origin};
pub use grant::Grant;
pub use pattern::Pattern;
pub use rule::{CorsMethod, CorsProblem, CorsRule};

/// The rules of a bucket, or of this server, in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CorsRules(Vec<CorsRule>);

impl CorsRules {
    /// The most rules that one configuration may have.
    pub const MOST: usize = 100;
    /// The longest document, in bytes.
    pub const LONGEST_DOCUMENT: usize = 64 * 1024;

    /// Rules in their order.
    #[must_use]
    pub fn new(rules: Vec<CorsRule>) -> Self {
        Self(rules)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.iter().map(CorsRule::weight).sum()
    }
}
