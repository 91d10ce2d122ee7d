//! How one request was decided, and by what.

use serde::Serialize;

use super::JudgedDemand;
use crate::identity::{Permission, Principal};
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
    /// Who asked; absent: nobody proved who they are.
    pub principal: Option<Principal>,
    /// The most that their key could do then.
    pub permission: Permission,
    /// What the request needed; all of it had to be allowed.
    pub demands: Vec<JudgedDemand>,
    /// The values of condition keys: a JSON object.
    pub context: String,
}

/// [`Judged`](super::Judged), as it is written, without its context.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a Principal>,
    permission: Permission,
    demands: &'a [JudgedDemand],
}

impl Decision {
    /// Whether anybody reads what would be written.
    #[must_use]
    pub fn is_wanted() -> bool {
        tracing::enabled!(target: super::TARGET, tracing::Level::INFO)
    }

    /// All that it was made from, as one line of JSON: a [`Judged`](super::Judged). What a client chose stands in it
    /// escaped.
    #[must_use]
    pub fn judged(&self) -> String {
        let written =
            Written { principal: self.principal.as_ref(), permission: self.permission, demands: &self.demands };
        let mut text = serde_json::to_string(&written).unwrap_or_default();
        // The context is JSON already.
        text.truncate(text.len().saturating_sub(1));
        text.extend([",\"context\":", &self.context, "}"]);
        text
    }

    /// `allowed` or `denied`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.allowed { "allowed" } else { "denied" }
    }
}
