//! A bucket policy: AWS's JSON language, for one bucket.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::{Asker, Considered, PolicyError, Question, Verdict};
use crate::identity::OrganizationId;

/// The policy of one bucket, compiled.
#[derive(Debug)]
pub struct BucketPolicy {
    text: String,
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
        let _ = (document, bucket, organization);
        Err(PolicyError::Malformed("bucket policies cannot be read yet".into()))
    }

    /// The document, byte for byte as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says. Allocates nothing.
    #[must_use]
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        let _ = question;
        Verdict::Silent
    }

    /// What each statement has to do with a question.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Vec<Considered> {
        let _ = question;
        Vec::new()
    }

    /// Whether some Allow for a List or Read action could match for `asker`, whatever the conditions.
    #[must_use]
    pub fn may_show(&self, asker: Asker<'_>) -> bool {
        let _ = asker;
        false
    }

    /// Whether it grants anything to the public, by AWS's definition.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
    #[must_use]
    pub fn is_public(&self) -> bool {
        true
    }
}
