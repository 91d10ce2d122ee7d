//! `portcullis token`: manages API tokens.

mod answer;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;
use jiff::Timestamp;

use super::failure::{Failure, run_and_print};
use super::management::{self, Granted, NOTHING, Service, parse_expiry};
use crate::control::{CreateToken, CreatedToken, RevokeToken, TokenList, UpdateToken};
use crate::identity::{Groups, GroupsError, TokenId};
use crate::keys::{KeysOfToken, TokenInfo};

/// The arguments of `portcullis token`.
#[derive(Args)]
pub(crate) struct Token {
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
    /// Create a token; it is printed this once
    Create(Create),
    /// List all tokens, revoked ones too
    List,
    /// Show one token
    Show(One),
    /// Rename a token, or change what it and its keys may do and which groups they are in
    Update(Update),
    /// End a token for good, and the keys that it made
    Revoke(Revoke),
}

#[derive(Args)]
struct One {
    /// The token's id, which is not the token itself
    #[arg(value_parser = TokenId::parse)]
    id: TokenId,
}

#[derive(Args)]
struct Create {
    /// What it is for: 1 to 128 characters
    #[arg(long)]
    name: String,
    /// The most that the token and its keys may do
    #[arg(long, value_enum)]
    permission: Granted,
    /// A group that the token and its keys are in, for conditions of bucket policies; may be repeated
    #[arg(long, value_name = "NAME", value_parser = parse_group)]
    group: Vec<String>,
    /// When the token ends: a duration such as 30d, or a time such as 2030-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN", value_parser = parse_expiry)]
    expires: Option<Timestamp>,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["name", "permission", "group", "no_groups"]))]
struct Update {
    #[command(flatten)]
    one: One,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    /// The most that the token and its keys may do from now on
    #[arg(long, value_enum)]
    permission: Option<Granted>,
    /// A group that the token and its keys are in from now on; may be repeated. They are in no others
    #[arg(long, value_name = "NAME", value_parser = parse_group)]
    group: Vec<String>,
    /// The token and its keys are in no group any more
    #[arg(long, conflicts_with = "group")]
    no_groups: bool,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    one: One,
    /// Let the keys that it made go on
    #[arg(long)]
    keep_keys: bool,
}

impl Token {
    /// Exit code 0; 1 if the server refused or failed; 2 for a mistake in arguments or configuration.
    pub(crate) fn run(self) -> ExitCode {
        run_and_print(self.answer())
    }

    async fn answer(self) -> Result<String, Failure> {
        let service = Service::connect(self.place.resolve()?).await?;
        let answer = self.action.perform(&service, self.json).await;
        service.close().await;
        answer
    }
}

impl Action {
    async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        let path = |one: &One| format!("{TOKENS}/{}", one.id);
        let token: TokenInfo = match self {
            Self::Create(Create { name, permission, group, expires }) => {
                let (permission, groups) = (permission.into(), all_groups(group)?);
                let request = CreateToken { name, permission, groups, expiry: expires };
                let created: CreatedToken = service.call(Method::POST, TOKENS, Some(&request)).await?;
                return answer::created(&created, json);
            }
            Self::List => return answer::listed(&everything(service).await?, json),
            Self::Show(one) => service.call(Method::GET, &path(&one), NOTHING).await?,
            Self::Update(Update { one, name, permission, group, no_groups }) => {
                let groups = (no_groups || !group.is_empty()).then(|| all_groups(group)).transpose()?;
                let request = UpdateToken { name, permission: permission.map(Into::into), groups };
                service.call(Method::PATCH, &path(&one), Some(&request)).await?
            }
            Self::Revoke(Revoke { one, keep_keys }) => {
                let keys = if keep_keys { KeysOfToken::Keep } else { KeysOfToken::Revoke };
                service.call(Method::POST, &format!("{}/revoke", path(&one)), Some(&RevokeToken { keys })).await?
            }
        };
        answer::shown(&token, json)
    }
}

async fn everything(service: &Service) -> Result<TokenList, Failure> {
    let mut all = TokenList { tokens: Vec::new(), next: None };
    loop {
        let after = all.next.take().map(|id| format!("?after={id}")).unwrap_or_default();
        let page: TokenList = service.call(Method::GET, &format!("{TOKENS}{after}"), NOTHING).await?;
        all.tokens.extend(page.tokens);
        all.next = page.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

fn parse_group(text: &str) -> Result<String, GroupsError> {
    Groups::parse([text.to_owned()]).map(|_| text.to_owned())
}

fn all_groups(names: Vec<String>) -> Result<Groups, Failure> {
    Groups::parse(names).map_err(|error| Failure::usage(format!("--group: {error}")))
}

const TOKENS: &str = "/v1/admin/tokens";
