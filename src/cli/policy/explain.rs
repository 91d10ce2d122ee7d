//! `portcullis policy explain`.

use std::collections::BTreeMap;

use clap::Args;
use http::Method;

use super::answer;
use super::context::{self, Given};
use crate::cli::failure::Failure;
use crate::cli::management::{Granted, Service};
use crate::control::{self, ContextValue, ExplainAnswer};
use crate::identity::Attributes;

/// The arguments of `portcullis policy explain`.
#[derive(Args)]
pub(super) struct Explain {
    /// Who asks: a principal such as saml/Admin, or anonymous
    #[arg(long)]
    principal: String,
    /// What they want to do, such as s3:GetObject
    #[arg(long)]
    action: String,
    /// On what: bucket, bucket/key or *
    #[arg(long)]
    resource: String,
    /// The permission of their key [default: admin, so that ceiling and policies decide]
    #[arg(long, value_enum)]
    permission: Option<Granted>,
    /// A group of theirs; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// What the request has for a condition key; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = context::parse)]
    context: Vec<Given>,
}

impl Explain {
    pub(super) async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Given { key, value } in self.context {
            context.entry(key).or_default().push(value);
        }
        let request = control::Explain {
            principal: self.principal,
            action: self.action,
            resource: self.resource,
            permission: self.permission.map(Into::into),
            attributes: Attributes::default(),
            groups: self.groups,
            context: context.into_iter().map(|(key, values)| (key, ContextValue::Several(values))).collect(),
            secure_transport: None,
        };
        let explained: ExplainAnswer = service.call(Method::POST, "/v1/policy/explain", Some(&request)).await?;
        answer::explained(&explained, json)
    }
}
