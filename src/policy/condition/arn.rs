//! ARNs in conditions: six parts with colons between them, each matched on its own.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>

use super::{Context, Template};
use crate::identity::OrganizationId;

/// An ARN each of whose six parts may have wildcards and variables.
#[derive(Debug)]
pub(super) struct ArnTemplate([Template; 6]);

impl ArnTemplate {
    /// Compiles `text`, which needs to have six parts; `*` alone stands for six of them.
    pub(super) fn parse(text: &str, variables: bool, organization: &OrganizationId) -> Result<Self, String> {
        let problem = || {
            format!(
                "{text:?} is not an ARN; it needs six parts with colons between them, such as arn:aws:iam::org:saml/*"
            )
        };
        let text = if text == "*" { "*:*:*:*:*:*" } else { text };
        let parts = parts(text, variables);
        let parts: Result<Vec<_>, _> = parts.iter().map(|part| Template::wild(part, variables, organization)).collect();
        let parts: [Template; 6] = parts?.try_into().map_err(|_| problem())?;
        Ok(Self(parts))
    }

    /// Whether `text` is an ARN that matches.
    pub(super) fn matches(&self, text: &str, context: &Context<'_>) -> bool {
        let mut parts = text.splitn(6, ':');
        self.0.iter().all(|template| parts.next().is_some_and(|part| template.matches(part, context)))
    }
}

/// Cuts at the first five colons that are not inside a variable.
fn parts(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut inside = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if variables && text[..at].ends_with('$') => inside = true,
            b'}' => inside = false,
            b':' if !inside && parts.len() < 5 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => (),
        }
    }
    parts.push(&text[begin..]);
    parts
}
