//! Judges what was recorded twice: by what is in force, and by that with the draft in it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::log::{Line, Recorded};
use crate::audit::Judged;
use crate::authority::{Claim, InForce};
use crate::identity::OrganizationId;
use crate::policy::{FixedKey, OwnedContext, PolicyAction, Resource, Value};

/// What a draft would change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli::policy) struct Comparison {
    #[serde(skip)]
    now: InForce,
    #[serde(skip)]
    draft: InForce,
    #[serde(skip)]
    organization: OrganizationId,
    /// Recorded requests that were judged again.
    pub(in crate::cli::policy) requests: u64,
    /// Of these, how many would be answered differently.
    pub(in crate::cli::policy) changed: u64,
    /// Of these, how many were answered differently when they were recorded than they would be now.
    pub(in crate::cli::policy) changed_since: u64,
    /// Records that this version cannot read.
    pub(in crate::cli::policy) unreadable: u64,
    /// What would change, each once.
    #[serde(serialize_with = "values")]
    pub(in crate::cli::policy) changes: BTreeMap<(String, String, String), Change>,
}

/// An action of somebody on something, whose verdict would change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli::policy) struct Change {
    /// Who asked.
    pub(in crate::cli::policy) principal: String,
    /// For which action.
    pub(in crate::cli::policy) action: String,
    /// On what.
    pub(in crate::cli::policy) resource: String,
    /// Whether the draft allows it, and what is in force now does not.
    pub(in crate::cli::policy) allowed_by_draft: bool,
    /// What stands against it: now, or with the draft.
    pub(in crate::cli::policy) reason: String,
    /// In how many requests.
    pub(in crate::cli::policy) requests: u64,
    /// The last of them.
    pub(in crate::cli::policy) request_id: String,
}

impl Comparison {
    pub(super) fn new(now: InForce, draft: InForce, organization: OrganizationId) -> Self {
        let changes = BTreeMap::new();
        Self { now, draft, organization, requests: 0, changed: 0, changed_since: 0, unreadable: 0, changes }
    }

    /// Takes in a line of the log.
    pub(super) fn add(&mut self, line: Line) {
        match line {
            Line::Other => {}
            Line::Request(recorded) => match self.judge_again(&recorded) {
                Some(()) => self.requests += 1,
                None => self.unreadable += 1,
            },
            Line::Unreadable => self.unreadable += 1,
        }
    }

    /// `None` if something in the record means nothing to this version.
    fn judge_again(&mut self, Recorded { request_id, judged }: &Recorded) -> Option<()> {
        let Judged { principal, permission, demands, context } = judged;
        let context = OwnedContext::parse(context, &self.organization).ok()?;
        let mut context = context.lend();
        let claim = match principal {
            Some(principal) => Claim::of_principal(principal, *permission),
            None => Claim::anonymous(),
        };
        let questions = demands.iter().map(|demand| Some((PolicyAction::named(&demand.action)?, demand)));
        let questions: Vec<_> = questions.collect::<Option<_>>()?;
        let (mut changed, mut changed_since) = (false, false);
        for (action, demand) in questions {
            let resource = resource(&demand.resource);
            // Each demand has its own version, or none.
            context.set(FixedKey::VersionId, demand.version_id.as_deref().map_or(Value::Absent, Value::Text));
            let now = self.now.judge(&claim, action, resource, &context);
            let draft = self.draft.judge(&claim, action, resource, &context);
            changed_since |= now.is_ok() != demand.allowed;
            if now.is_ok() == draft.is_ok() {
                continue;
            }
            changed = true;
            let principal = principal.as_ref().map_or("anonymous", |principal| principal.as_str());
            let key = (principal.to_owned(), demand.action.to_string(), demand.resource.clone());
            let allowed_by_draft = draft.is_ok();
            let reason = now.err().or(draft.err()).map(|denial| denial.to_string()).unwrap_or_default();
            let change = self.changes.entry(key).or_insert_with(|| Change {
                principal: principal.to_owned(),
                action: demand.action.to_string(),
                resource: demand.resource.clone(),
                allowed_by_draft,
                reason,
                requests: 0,
                request_id: String::new(),
            });
            change.requests += 1;
            change.request_id.clone_from(request_id);
        }
        self.changed += u64::from(changed);
        self.changed_since += u64::from(changed_since);
        Some(())
    }
}

/// As records name it.
fn resource(text: &str) -> Resource<'_> {
    match text.split_once('/') {
        _ if text == "*" => Resource::Any,
        None => Resource::Bucket(text),
        Some((bucket, key)) => Resource::Object { bucket, key },
    }
}

fn values<S: serde::Serializer>(
    changes: &BTreeMap<(String, String, String), Change>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(changes.values())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{BucketRules, Ceilings};
    use crate::config::Ceiling;
    use crate::identity::Permission;
    use crate::policy::{BucketPolicy, OrganizationPolicy};

    fn in_force(bucket_statements: &str) -> InForce {
        let all = r#"{"version": "v1alpha1", "name": "all", "statements": [{"name": "all", "effect": "Allow",
            "actions": ["s3:*"], "resources": ["*"], "principals": ["*"]}]}"#;
        let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{bucket_statements}]}}"#);
        let policy = BucketPolicy::parse(policy.as_bytes(), "data", &OrganizationId::parse("ab1cd2").unwrap()).unwrap();
        let rules = BucketRules { policy: Some(Ok(policy)), ..BucketRules::default() };
        let max_duration = std::time::Duration::from_hours(12);
        let ceiling = Ceiling { prefix: "saml/".into(), permission: Permission::Admin, max_duration, permanent: true };
        let policies = vec![OrganizationPolicy::parse(all.as_bytes()).unwrap()];
        InForce::assemble(Ceilings::new(vec![ceiling]), policies, [("data", rules)])
    }

    #[test]
    fn the_version_of_one_demand_is_not_that_of_the_next() {
        let all = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::data/*"}"#;
        let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::data/*",
            "Condition": {"StringEquals": {"s3:VersionId": "v1"}}}"#;
        let (now, draft) = (in_force(all), in_force(&format!("{all}, {deny}")));
        let mut comparison = Comparison::new(now, draft, OrganizationId::parse("ab1cd2").unwrap());
        let judged = r#"{"principal": "saml/A", "permission": "write", "demands": [
            {"action": "s3:DeleteObjectVersion", "resource": "data/a", "versionId": "v1", "allowed": true},
            {"action": "s3:DeleteObject", "resource": "data/b", "allowed": true}]}"#;
        let judged = serde_json::from_str(judged).unwrap();
        comparison.add(Line::Request(Box::new(Recorded { request_id: "A".to_owned(), judged })));
        let changed: Vec<_> = comparison.changes.values().map(|change| change.resource.as_str()).collect();
        assert_eq!((comparison.requests, changed), (1, vec!["data/a"]));
    }
}
