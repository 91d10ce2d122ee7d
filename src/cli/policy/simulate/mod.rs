//! `portcullis policy simulate`: what a draft would change for requests that were logged. The server says
//! what is in force; the judging is done here, by the code that judges there.

mod compare;
mod log;

use std::path::PathBuf;

use clap::Args;
use http::Method;

use super::{answer, document};
use crate::authority::{BucketRules, Ceilings, InForce};
use crate::cli::failure::Failure;
use crate::cli::management::{NOTHING, Service};
use crate::config::Ceiling;
use crate::control::{PoliciesInForce, PolicyDocument};
use crate::policy::{BucketPolicy, OrganizationPolicy};

pub(super) use compare::{Change, Comparison};

/// The arguments of `portcullis policy simulate`.
#[derive(Args)]
pub(super) struct Simulate {
    /// The file with the draft; - for standard input
    #[arg(long, value_name = "FILE")]
    draft: PathBuf,
    /// The draft is the policy of this bucket [default: an organization policy, in place of the one of its name]
    #[arg(long)]
    bucket: Option<String>,
    /// The log, written with --json-logs; - for standard input
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

impl Simulate {
    pub(super) async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        let now: PoliciesInForce = service.call(Method::GET, "/v1/policy/in-force", NOTHING).await?;
        let draft = document::read(&self.draft)?;
        let (before, organization) = (in_force(&now)?, now.org_id.clone());
        let with_draft = if let Some(bucket) = self.bucket {
            let policy = document::bucket_policy(&self.draft, &draft, &bucket, &organization)?;
            let mut buckets = now.buckets;
            buckets.entry(bucket).or_default().policy = Some(policy.text().to_owned());
            PoliciesInForce { buckets, ..now }
        } else {
            let policy =
                OrganizationPolicy::parse(draft.as_bytes()).map_err(|error| document::wrong(&self.draft, &error))?;
            let mut policies = now.policies;
            policies.retain(|other| other.name != policy.name().as_str());
            policies.push(PolicyDocument::from(&policy));
            PoliciesInForce { policies, ..now }
        };
        let mut comparison = Comparison::new(before, in_force(&with_draft)?, organization);
        log::read(&self.log, |line| comparison.add(line))?;
        answer::compared(&comparison, json)
    }
}

/// What decides at the server, built here.
fn in_force(told: &PoliciesInForce) -> Result<InForce, Failure> {
    let odd = |what: String| Failure::work(format!("the server's policies are not what this version expects: {what}"));
    let ceilings = told.ceilings.iter().map(|ceiling| Ceiling {
        prefix: ceiling.prefix.clone(),
        permission: ceiling.permission,
        max_duration: std::time::Duration::from_secs(ceiling.max_duration_seconds),
        permanent: ceiling.permanent,
    });
    let policies = told.policies.iter().map(|document| {
        let text = serde_json::to_vec(document).map_err(|error| odd(error.to_string()))?;
        OrganizationPolicy::parse(&text).map_err(|error| odd(error.to_string()))
    });
    let buckets = told.buckets.iter().map(|(bucket, told_bucket)| {
        let policy = told_bucket.policy.as_ref();
        let rules = BucketRules {
            // One that cannot be read here denies everything, as it does there.
            policy: policy.map(|text| BucketPolicy::parse(text.as_bytes(), bucket, &told.org_id)),
            public_access_block: told_bucket.public_access_block.map(Into::into),
            ..BucketRules::default()
        };
        (bucket.as_str(), rules)
    });
    Ok(InForce::assemble(Ceilings::new(ceilings.collect()), policies.collect::<Result<_, Failure>>()?, buckets))
}
