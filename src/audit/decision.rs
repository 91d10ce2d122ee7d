//! How one request was decided, and by what.

use super::JudgedDemand;
use crate::identity::{Permission, Principal};
use crate::json_text::JsonText;
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
    /// The values of condition keys: a JSON object, in ASCII.
    pub context: String,
}

impl Decision {
    /// Whether anybody reads what would be written.
    #[must_use]
    pub fn is_wanted() -> bool {
        tracing::enabled!(target: super::TARGET, tracing::Level::INFO)
    }

    /// All that it was made from, as one line of JSON: a [`Judged`](super::Judged). It is ASCII, and what a client
    /// chose stands in it escaped.
    #[must_use]
    pub fn judged(&self) -> String {
        let mut line = JsonText::with_capacity(USUAL_LENGTH + self.context.len());
        line.json("{");
        if let Some(principal) = &self.principal {
            line.json("\"principal\":").text(principal.as_str()).json(",");
        }
        line.json("\"permission\":").text(self.permission.as_str()).json(",\"demands\":[");
        for (index, JudgedDemand { action, resource, version_id, allowed }) in self.demands.iter().enumerate() {
            line.json(if index > 0 { ",{" } else { "{" });
            line.json("\"action\":").text(action).json(",\"resource\":").text(resource);
            if let Some(version_id) = version_id {
                line.json(",\"versionId\":").text(version_id);
            }
            line.json(if *allowed { ",\"allowed\":true}" } else { ",\"allowed\":false}" });
        }
        line.json("],\"context\":").json(&self.context).json("}");
        line.finish()
    }

    /// `allowed` or `denied`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.allowed { "allowed" } else { "denied" }
    }
}

/// What all but the context comes to, in bytes.
const USUAL_LENGTH: usize = 256;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::audit::Judged;

    fn demand(resource: &str, version_id: Option<&str>, allowed: bool) -> JudgedDemand {
        let action = Cow::Borrowed("s3:GetObject");
        JudgedDemand { action, resource: resource.to_owned(), version_id: version_id.map(str::to_owned), allowed }
    }

    #[test]
    fn what_was_judged_is_read_back_as_it_was() {
        let demands = vec![demand("b/a\"\u{202e}", None, true), demand("b/c", Some("v\n1"), false)];
        for (principal, demands) in [(Principal::parse("saml/keeper").ok(), demands), (None, Vec::new())] {
            let context = "{\"aws:SourceIp\":[\"192.0.2.1\"]}".to_owned();
            let decision = Decision {
                allowed: false,
                layer: "organization policy",
                statement: None,
                principal,
                permission: Permission::Write,
                demands,
                context,
            };
            let line = decision.judged();
            assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line}");
            let read: Judged = serde_json::from_str(&line).unwrap();
            assert_eq!((read.principal, read.permission), (decision.principal, decision.permission));
            assert_eq!(read.demands, decision.demands);
            assert_eq!(read.context["aws:SourceIp"], ["192.0.2.1"]);
        }
    }
}
