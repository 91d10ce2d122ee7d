//! `portcullis policy`: manages organization policies, and says why something is allowed or denied.

mod answer;
mod context;
mod document;
mod explain;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::failure::{Failure, run_and_print};
use super::management::{self, NOTHING, Service, as_json};
use crate::control::{Empty, EnsuredPolicy, ListedPolicy, PolicyList};
use crate::policy::PolicyName;
use crate::s3::percent::{self, Slash};

/// The arguments of `portcullis policy`.
#[derive(Args)]
pub(crate) struct Policy {
    #[command(flatten)]
    place: management::Arguments,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Read a document and say what is wrong with it, without putting it anywhere
    Check(document::Check),
    /// Remove an organization policy
    Delete(One),
    /// Say why somebody may or may not do something, statement by statement
    Explain(explain::Explain),
    /// List the organization policies
    List,
    /// Create an organization policy, or replace the one of its name
    #[command(after_help = FIRST_POLICY)]
    Put(Put),
    /// Print one organization policy
    Show(One),
    /// Judge logged requests again with a draft, and list those that would be answered differently
    Simulate(simulate::Simulate),
}

#[derive(Args)]
struct One {
    /// The policy's name
    #[arg(value_parser = PolicyName::parse)]
    name: PolicyName,
}

#[derive(Args)]
struct Put {
    /// The file with the document; - for standard input
    file: PathBuf,
}

impl Policy {
    /// Exit code 0; 1 if the server refused or failed; 2 for a mistake in arguments, configuration or document.
    pub(crate) fn run(self) -> ExitCode {
        run_and_print(self.answer())
    }

    async fn answer(self) -> Result<String, Failure> {
        // Needs no server.
        if let Action::Check(check) = &self.action {
            return check.perform();
        }
        let service = Service::connect(self.place.resolve()?).await?;
        let answer = self.action.perform(&service, self.json).await;
        service.close().await;
        answer
    }
}

impl Action {
    async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        match self {
            Self::Check(check) => check.perform(),
            Self::Delete(One { name }) => {
                let path = format!("{POLICIES}/{}", percent::encode(name.as_str(), Slash::Encode));
                let _: Empty = service.call(Method::DELETE, &path, NOTHING).await?;
                if json {
                    return Ok("{}\n".to_owned());
                }
                // Whoever may delete may not be let see what is left.
                let was_last = everything(service).await.is_ok_and(|left| left.policies.is_empty());
                let last = if was_last { "; it was the last one: every S3 request is denied" } else { "" };
                Ok(format!("deleted the policy {name}{last}\n"))
            }
            Self::Explain(explain) => explain.perform(service, json).await,
            Self::List => answer::listed(&everything(service).await?, json),
            Self::Put(Put { file }) => {
                let text = document::read(&file)?;
                let policy: Value = document::organization(&file, &text)?;
                let request = serde_json::json!({ "policy": policy });
                let put: EnsuredPolicy = service.call(Method::POST, POLICIES, Some(&request)).await?;
                if json { as_json(&put) } else { Ok(answer::put(&put.policy)) }
            }
            Self::Show(One { name }) => {
                let policies = everything(service).await?.policies;
                let found = policies.iter().find(|listed| listed.document.name == name.as_str());
                // Without the origin, so that it can be put again as it is.
                let missing = || Failure::work(format!("there is no organization policy {name}"));
                as_json(&found.map(|ListedPolicy { document, .. }| document).ok_or_else(missing)?)
            }
            Self::Simulate(simulate) => simulate.perform(service, json).await,
        }
    }
}

async fn everything(service: &Service) -> Result<PolicyList, Failure> {
    service.call(Method::GET, POLICIES, NOTHING).await
}

const POLICIES: &str = "/v1/cwobject/access-policy";

/// For who has none yet: no more than what was allowed before there were policies.
const FIRST_POLICY: &str = r#"A first policy. Everybody who is known gets keys, and on S3 the permissions of the keys and the
[[identity]] sections alone decide. Managing what belongs to others stays with admin tokens:

{"version": "v1alpha1", "name": "everybody", "statements": [
  {"name": "keys-and-s3", "effect": "Allow", "actions": ["s3:*", "cwobject:CreateAccessKey*"],
   "resources": ["*"], "principals": ["*"]}]}"#;
