//! What was decided of one request, and all that the decision was made from: enough to make it again under
//! other policies.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::identity::{Attributes, Groups, Permission, Principal};
use crate::policy::StatementName;

/// One decision, with what it was made from.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Whether everything was allowed.
    pub allowed: bool,
    /// The layer that decided.
    pub layer: &'static str,
    /// The statement that decided, if one did.
    pub statement: Option<StatementName>,
    /// Who asked.
    pub principal: Principal,
    /// The most that their key may do.
    pub permission: Permission,
    /// The groups that they are in.
    pub groups: Groups,
    /// The attributes of their key.
    pub attributes: Attributes,
    /// Everything that had to be allowed, as far as it was asked.
    pub questions: Vec<Question>,
    /// The values of the condition keys.
    pub context: BTreeMap<String, Vec<String>>,
}

/// One action on one resource.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// The action, as `s3:GetObject`.
    pub action: &'static str,
    /// Whether it was allowed.
    pub allowed: bool,
    /// The resource, as `arn:aws:s3:::bucket/key`.
    pub resource: String,
    /// The version of it, if one is named: the value of `s3:VersionId` for this question.
    #[serde(rename = "versionId", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    principal: &'a str,
    permission: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    groups: &'a [String],
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: &'a Attributes,
    asked: &'a [Question],
    context: &'a BTreeMap<String, Vec<String>>,
    verdict: &'static str,
}

impl Judged {
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

    /// All of it as one line of JSON. What a client chose stands in it escaped.
    #[must_use]
    pub fn to_json(&self) -> String {
        let line = Line {
            principal: self.principal.as_str(),
            permission: self.permission.to_string(),
            groups: self.groups.as_slice(),
            attributes: &self.attributes,
            asked: &self.questions,
            context: &self.context,
            verdict: self.verdict(),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}
