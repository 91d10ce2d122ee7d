//! All organization policies in force, compiled together and found by bucket and principal.

use super::{Asker, Considered, OrganizationPolicy, Question, Verdict};

/// The organization policies in force.
#[derive(Debug, Default)]
pub struct OrganizationPolicies {
    count: usize,
}

impl OrganizationPolicies {
    /// Puts `policies` together.
    #[must_use]
    pub fn compile<'a>(policies: impl IntoIterator<Item = &'a OrganizationPolicy>) -> Self {
        Self { count: policies.into_iter().count() }
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What they say. Allocates nothing.
    #[must_use]
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        let _ = question;
        Verdict::Silent
    }

    /// What each statement of each policy has to do with a question, in the order of the policies.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Vec<Considered> {
        let _ = question;
        Vec::new()
    }

    /// Whether some Allow for a List or Read action could match `bucket` or an object in it, for `asker`.
    #[must_use]
    pub fn may_show(&self, asker: Asker<'_>, bucket: &str) -> bool {
        let _ = (asker, bucket);
        false
    }
}
