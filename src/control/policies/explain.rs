//! `POST /v1/policy/explain`: why somebody may or may not do something, statement by statement.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authority::{Claim, Denial, DenialCause, Explanation};
use crate::control::asked::{action_named, fits, known_of, resource_for};
use crate::control::body::StrictJson;
use crate::control::{ControlError, ErrorBody, Services};
use crate::identity::{Attributes, Groups, OrganizationId, Permission, Principal};
use crate::policy::{Considered, FixedKey, OwnedContext};

/// A question: may this principal do this action on this resource?
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Explain {
    /// `saml/Admin`, `role/https://issuer:subject`, `coreweave/abcdefgh`, `static/CW...`, or `anonymous`.
    pub principal: String,
    /// `s3:GetObject`, `cwobject:CreateAccessKey`.
    pub action: String,
    /// `*`, `bucket`, `bucket/key`, or an ARN of these.
    pub resource: String,
    /// What the key may do at most: `read`, `write` or `admin`; absent: `admin`, so that only the ceiling
    /// and the policies decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub permission: Option<Permission>,
    /// What is attached to the key, for `aws:PrincipalTag/...`.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub attributes: Attributes,
    /// The groups of the key's owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// What the request has for condition keys. What follows from the principal and the time is filled in
    /// unless it is given here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Object>)]
    pub context: BTreeMap<String, ContextValue>,
    /// Whether the request comes over TLS; absent: it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_transport: Option<bool>,
}

/// What a request has for one condition key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ContextValue {
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(serde_json::Number),
    /// One text.
    One(String),
    /// Any number of texts.
    Several(Vec<String>),
}

/// The answer, and every statement that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ExplainAnswer {
    /// Whether it is allowed.
    pub verdict: Decision,
    /// What decided.
    pub layer: Layer,
    /// The whole reason, in a sentence.
    pub reason: String,
    /// The policy whose statement decided, if one did; of a bucket policy, the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The statement that decided, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Every statement, in the order in which they are looked at.
    pub considered: Vec<ConsideredStatement>,
}

/// A decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// It is allowed.
    Allowed,
    /// It is not.
    Denied,
}

/// What can stand against something, in the order in which it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    /// The permission of the key or token.
    Permission,
    /// The ceiling of the identity prefix.
    Ceiling,
    /// The organization policies.
    Organization,
    /// The policy of the bucket.
    Bucket,
    /// The public access block of the bucket.
    PublicAccessBlock,
}

/// One statement, and what it had to do with the question.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsideredStatement {
    /// `organization` or `bucket`.
    pub layer: Layer,
    /// The policy; of a bucket policy, the bucket.
    pub policy: String,
    /// The statement.
    pub statement: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// `matches`, or the first part of it that does not.
    pub outcome: String,
}

/// Explain why somebody may or may not do something
#[utoipa::path(
    post, path = "/v1/policy/explain", operation_id = "Policy_Explain", tag = "Policy", request_body = Explain,
    responses((status = 200, body = ExplainAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
pub(super) async fn explain(
    State(services): State<Services>,
    StrictJson(question): StrictJson<Explain>,
) -> Result<Json<ExplainAnswer>, ControlError> {
    let action = action_named(&question.action)?;
    let resource = resource_for(action, &question.resource)?;
    fits(action, &resource)?;
    let principal = match question.principal.as_str() {
        "anonymous" => None,
        text => Some(Principal::parse(text).map_err(|error| {
            ControlError::Invalid(format!("principal: {error}; or \"anonymous\" for who proves nothing"))
        })?),
    };
    let groups =
        Groups::parse(question.groups.clone()).map_err(|error| ControlError::Invalid(format!("groups: {error}")))?;
    let values =
        question.context_of(principal.as_ref(), &groups, services.authority.organization(), services.clock.now());
    let context = OwnedContext::parse(&values, services.authority.organization())?;
    let mut context = context.lend();
    if !question.attributes.is_empty() {
        context.set_principal_tags(&question.attributes);
    }
    let claim = match &principal {
        Some(principal) => Claim::of_principal(principal, question.permission.unwrap_or(Permission::Admin)),
        None => Claim::anonymous(),
    };
    let explanation = services.authority.in_force()?.explain(&claim, action, resource.lend(), &context);
    Ok(Json(ExplainAnswer::new(&explanation)))
}

impl Explain {
    /// What the request has for condition keys, with what follows from `principal` and the time where
    /// nothing else is given.
    fn context_of(
        &self,
        principal: Option<&Principal>,
        groups: &Groups,
        organization: &OrganizationId,
        now: jiff::Timestamp,
    ) -> BTreeMap<String, Vec<String>> {
        let given = self.context.iter().map(|(key, value)| (key.clone(), value.texts()));
        let mut values: BTreeMap<String, Vec<String>> = given.collect();
        let mut usual = vec![
            (FixedKey::CurrentTime.name().to_owned(), vec![now.to_string()]),
            (FixedKey::EpochTime.name().to_owned(), vec![now.as_second().to_string()]),
            (FixedKey::SecureTransport.name().to_owned(), vec![self.secure_transport.unwrap_or(true).to_string()]),
        ];
        if let Some(principal) = principal {
            usual.extend(known_of(principal, groups, organization));
        }
        for (key, texts) in usual {
            if !values.keys().any(|given| given.eq_ignore_ascii_case(&key)) {
                values.insert(key, texts);
            }
        }
        values
    }
}

impl ContextValue {
    fn texts(&self) -> Vec<String> {
        match self {
            Self::Flag(flag) => vec![flag.to_string()],
            Self::Number(number) => vec![number.to_string()],
            Self::One(text) => vec![text.clone()],
            Self::Several(texts) => texts.clone(),
        }
    }
}

impl ExplainAnswer {
    /// What `explanation` says.
    #[must_use]
    pub fn new(explanation: &Explanation) -> Self {
        let (verdict, layer, reason, statement) = match &explanation.decision {
            Ok(allowed) => match (allowed.bucket(), allowed.organization()) {
                (Some(statement), _) => (
                    Decision::Allowed,
                    Layer::Bucket,
                    "an organization policy and the bucket policy allow it".to_owned(),
                    Some(statement),
                ),
                (None, statement) => {
                    (Decision::Allowed, Layer::Organization, "an organization policy allows it".to_owned(), statement)
                }
            },
            Err(denial) => (Decision::Denied, layer_of(denial), denial.told(), denial.statement()),
        };
        let organization = explanation.organization.iter().map(|statement| (Layer::Organization, statement));
        let bucket = explanation.bucket.iter().flatten().map(|statement| (Layer::Bucket, statement));
        Self {
            verdict,
            layer,
            reason,
            policy: statement.map(|name| name.policy().to_owned()),
            statement: statement.map(|name| name.statement().to_owned()),
            considered: organization.chain(bucket).map(|(layer, found)| considered(layer, found)).collect(),
        }
    }
}

fn considered(layer: Layer, found: &Considered) -> ConsideredStatement {
    ConsideredStatement {
        layer,
        policy: found.statement.policy().to_owned(),
        statement: found.statement.statement().to_owned(),
        effect: found.effect.as_str().to_owned(),
        outcome: found.outcome.to_string(),
    }
}

fn layer_of(denial: &Denial) -> Layer {
    match denial.cause {
        DenialCause::Permission { .. } | DenialCause::TakesIdentity => Layer::Permission,
        DenialCause::Ceiling { .. } => Layer::Ceiling,
        DenialCause::OrganizationPolicyDenies(_) | DenialCause::NoOrganizationPolicyAllows => Layer::Organization,
        DenialCause::BucketPolicyUnreadable
        | DenialCause::BucketPolicyDenies(_)
        | DenialCause::BucketPolicyDoesNotAllow => Layer::Bucket,
        DenialCause::PublicAccessBlocked => Layer::PublicAccessBlock,
    }
}
