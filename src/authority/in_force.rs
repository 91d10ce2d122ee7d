//! Everything that decides, at one moment; and the order in which it is asked.

use std::collections::HashMap;
use std::sync::Arc;

use super::ceiling::Ceilings;
use super::decision::{Allowed, Denial, DenialCause};
use super::{BucketRules, Claim, OrganizationSettings, PolicyInForce, PolicyOrigin};
use crate::fault;
use crate::identity::Permission;
use crate::policy::{
    Asker, Considered, Context, ControlAction, OrganizationPolicies, OrganizationPolicy, PolicyAction, Question,
    Resource, Verdict,
};
use crate::s3::operation::Action;
use crate::store::RecordError;

/// The ceilings, organization policies and bucket rules at one moment. One request is judged by one of these.
/// Its parts are shared between one moment and the next.
#[derive(Clone, Debug)]
pub struct InForce {
    pub(super) ceilings: Ceilings,
    pub(super) organization: Arc<OrganizationPolicies>,
    /// What `organization` was made of, by name.
    pub(super) policies: Arc<[PolicyInForce]>,
    pub(super) buckets: HashMap<Arc<str>, Arc<BucketRules>>,
    pub(super) settings: Result<OrganizationSettings, RecordError>,
}

/// Why something is allowed or denied, statement by statement.
#[derive(Debug)]
pub struct Explanation {
    /// The decision.
    pub decision: Result<Allowed, Denial>,
    /// Every statement of the organization policies.
    pub organization: Vec<Considered>,
    /// Every statement of the bucket policy, if one is asked.
    pub bucket: Option<Vec<Considered>>,
}

impl InForce {
    /// What would decide if these were in force: for judging somewhere else than at the server.
    #[must_use]
    pub fn assemble<'a>(
        ceilings: Ceilings,
        policies: Vec<OrganizationPolicy>,
        buckets: impl IntoIterator<Item = (&'a str, BucketRules)>,
    ) -> Self {
        let in_store = |policy| PolicyInForce { policy: Arc::new(policy), origin: PolicyOrigin::Store };
        Self {
            ceilings,
            organization: Arc::new(OrganizationPolicies::compile(&policies)),
            policies: policies.into_iter().map(in_store).collect(),
            buckets: buckets.into_iter().map(|(bucket, rules)| (bucket.into(), Arc::new(rules))).collect(),
            settings: Ok(OrganizationSettings::default()),
        }
    }

    /// Whether the asker may do `action` on `resource`: ceilings first, then organization policies, then
    /// the policy of the bucket. Where the bucket has none, that is enough for an identity, and never for who
    /// proved none.
    ///
    /// # Errors
    /// The [`Denial`], with the first thing that stands against it.
    pub fn judge(
        &self,
        claim: &Claim<'_>,
        action: PolicyAction,
        resource: Resource<'_>,
        context: &Context<'_>,
    ) -> Result<Allowed, Denial> {
        self.ceilings.judge(claim, action).map_err(|cause| Denial { action, cause })?;
        self.judge_policies(claim, action, resource, context)
    }

    fn judge_policies(
        &self,
        claim: &Claim<'_>,
        action: PolicyAction,
        resource: Resource<'_>,
        context: &Context<'_>,
    ) -> Result<Allowed, Denial> {
        let denied = |cause| Denial { action, cause };
        let question = Question { asker: claim.asker(), action, resource, context };
        let organization = match self.organization.judge(&question) {
            Verdict::Allowed(statement) => Some(statement),
            Verdict::Denied(statement) => return Err(denied(DenialCause::OrganizationPolicyDenies(statement))),
            Verdict::Silent if fault::check_is_off("organization_policy") => None,
            Verdict::Silent => return Err(denied(DenialCause::NoOrganizationPolicyAllows)),
        };
        let allowed = Allowed { organization, bucket: None };
        let without_policy = || match claim.asker() {
            Asker::Anonymous if !fault::check_is_off("anonymous_bucket_policy") => {
                Err(denied(DenialCause::BucketPolicyDoesNotAllow))
            }
            Asker::Anonymous | Asker::Principal(_) => Ok(allowed.clone()),
        };
        let Some(rules) = self.rules_for(action, resource) else { return without_policy() };
        match &rules.policy {
            None => without_policy(),
            Some(Err(_)) => Err(denied(DenialCause::BucketPolicyUnreadable)),
            Some(Ok(policy)) => match policy.judge(&question) {
                Verdict::Allowed(_) if rules.shuts_out(claim.asker()) => Err(denied(DenialCause::PublicAccessBlocked)),
                Verdict::Allowed(statement) => Ok(Allowed { bucket: Some(statement), ..allowed }),
                Verdict::Denied(statement) => Err(denied(DenialCause::BucketPolicyDenies(statement))),
                Verdict::Silent => Err(denied(DenialCause::BucketPolicyDoesNotAllow)),
            },
        }
    }

    /// Whether the asker may do an action of the control plane on what is their own. That takes `read` where
    /// the same on what belongs to others may take more; the organization policies have to allow it all the same.
    ///
    /// # Errors
    /// The [`Denial`], with the first thing that stands against it.
    pub fn judge_own(&self, claim: &Claim<'_>, action: ControlAction) -> Result<Allowed, Denial> {
        let action = PolicyAction::Control(action);
        self.ceilings.judge_level(claim, Permission::Read).map_err(|cause| Denial { action, cause })?;
        self.judge_policies(claim, action, Resource::Any, &Context::new())
    }

    /// The same with every statement that was considered.
    #[must_use]
    pub fn explain(
        &self,
        claim: &Claim<'_>,
        action: PolicyAction,
        resource: Resource<'_>,
        context: &Context<'_>,
    ) -> Explanation {
        let question = Question { asker: claim.asker(), action, resource, context };
        let policy = self.rules_for(action, resource).and_then(|rules| rules.policy.as_ref());
        Explanation {
            decision: self.judge(claim, action, resource, context),
            organization: self.organization.explain(&question),
            bucket: policy.and_then(|policy| policy.as_ref().ok()).map(|policy| policy.explain(&question)),
        }
    }

    /// Whether a list of buckets shows `bucket` to the asker: some Allow for listing or reading could
    /// match it or an object in it, in each layer that is asked.
    #[must_use]
    pub fn may_show(&self, claim: &Claim<'_>, bucket: &str) -> bool {
        let by_policy = match self.buckets.get(bucket).and_then(|rules| rules.policy.as_ref()) {
            None => claim.asker() != Asker::Anonymous,
            Some(Err(_)) => false,
            Some(Ok(policy)) => policy.may_show(claim.asker()),
        };
        by_policy
            && self.ceilings.judge(claim, PolicyAction::S3(Action::ListBucket)).is_ok()
            && self.organization.may_show(claim.asker(), bucket)
    }

    /// Every bucket that something is kept about.
    pub fn buckets(&self) -> impl Iterator<Item = (&str, &Arc<BucketRules>)> {
        self.buckets.iter().map(|(name, rules)| (&**name, rules))
    }

    /// What is kept about `bucket`, if anything is.
    #[must_use]
    pub fn bucket(&self, bucket: &str) -> Option<&Arc<BucketRules>> {
        self.buckets.get(bucket)
    }

    /// The rules of the bucket whose policy is asked. Some actions look at organization policies only, so
    /// that nobody is locked out by a policy they cannot replace, nor a name by what a deleted bucket left.
    fn rules_for(&self, action: PolicyAction, resource: Resource<'_>) -> Option<&BucketRules> {
        match action {
            _ if fault::check_is_off("bucket_policy") => None,
            PolicyAction::Control(_)
            | PolicyAction::S3(Action::CreateBucket | Action::ListAllMyBuckets | Action::PutBucketPolicy) => None,
            PolicyAction::S3(_) => self.buckets.get(resource.bucket()?).map(|rules| &**rules),
        }
    }
}
