//! A bucket policy: AWS's JSON language, for one bucket.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod principal;
mod public;
mod read;
#[cfg(test)]
mod refusal_tests;
mod resource;
mod statement;
#[cfg(test)]
mod tests;

use statement::Statement;

use super::{Asker, Considered, Effect, Outcome, PolicyError, Question, Verdict};
use crate::identity::OrganizationId;

/// The policy of one bucket, compiled.
#[derive(Debug)]
pub struct BucketPolicy {
    text: String,
    bucket: String,
    statements: Vec<Statement>,
}

impl BucketPolicy {
    /// The most bytes of a document, as AWS has it.
    pub const LIMIT: usize = 20 * 1024;

    /// Reads the document that is to be the policy of `bucket`, which belongs to `organization`.
    ///
    /// # Errors
    /// [`PolicyError`], naming the part that means nothing here: an unknown operator or key, a resource
    /// outside the bucket, a principal of another organization.
    pub fn parse(document: &[u8], bucket: &str, organization: &OrganizationId) -> Result<Self, PolicyError> {
        let statements = read::statements(document, bucket, organization)?;
        let text = String::from_utf8(document.to_vec()).map_err(|_| PolicyError::Malformed("it is no UTF-8".into()))?;
        Ok(Self { text, bucket: bucket.to_owned(), statements })
    }

    /// The document, byte for byte as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says. Allocates nothing.
    #[must_use]
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        let mut allowing = None;
        for statement in &self.statements {
            // A second Allow changes nothing; whether it matches need not be known.
            if statement.effect == Effect::Allow && allowing.is_some() {
                continue;
            }
            if statement.matches(question, &self.bucket) {
                match statement.effect {
                    Effect::Allow => allowing = Some(&statement.name),
                    Effect::Deny => match Verdict::of(Some(&statement.name), None) {
                        denied @ Verdict::Denied(_) => return denied,
                        Verdict::Allowed(_) | Verdict::Silent => {}
                    },
                }
            }
        }
        Verdict::of(None, allowing)
    }

    /// What each statement has to do with a question.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Vec<Considered> {
        let considered = self.statements.iter().map(|statement| Considered {
            statement: statement.name.clone(),
            effect: statement.effect,
            outcome: statement.outcome(question, &self.bucket),
        });
        considered.collect()
    }

    /// Whether some Allow for a List or Read action could match for `asker`, whatever the conditions.
    #[must_use]
    pub fn may_show(&self, asker: Asker<'_>) -> bool {
        let mut allowing = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        allowing.any(|statement| statement.may_show(asker))
    }

    /// Whether it grants anything to the public, by AWS's definition.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.statements.iter().any(public::is_public)
    }
}
