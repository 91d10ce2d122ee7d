//! `portcullis federation`: says which identity providers are trusted.

mod answer;
mod oidc;
mod saml;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;

use super::failure::{Failure, run_and_print};
use super::management::{self, NOTHING, Service};
use crate::control::{Empty, OidcConfigAnswer, OidcConfigList, SamlConfigAnswer, SamlConfigList};

use answer::{Configuration, Configurations};

/// The arguments of `portcullis federation`.
#[derive(Args)]
pub(crate) struct Federation {
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
    /// Trust an identity provider
    #[command(subcommand)]
    Add(Add),
    /// List the identity providers that are trusted
    List,
    /// Show one configuration
    Show(One),
    /// Change a configuration
    #[command(subcommand)]
    Update(Update),
    /// Trust an identity provider no longer; the keys that it led to live on to their end
    Remove(One),
}

#[derive(Subcommand)]
enum Add {
    /// An OIDC issuer, for tokens made for one audience
    Oidc(oidc::Add),
    /// A SAML identity provider
    Saml(saml::Add),
}

#[derive(Subcommand)]
enum Update {
    /// An OIDC issuer: only what is given changes
    Oidc(oidc::Update),
    /// A SAML identity provider: only what is given changes
    Saml(saml::Update),
}

#[derive(Args)]
struct One {
    /// The configuration's uid
    uid: String,
}

impl Federation {
    /// Exit code 0; 1 if the server refused or failed; 2 for a mistake in arguments or configuration.
    pub(crate) fn run(self) -> ExitCode {
        run_and_print(self.answer())
    }

    async fn answer(self) -> Result<String, Failure> {
        let action = self.action.prepared()?;
        let service = Service::connect(self.place.resolve()?).await?;
        let answer = action.perform(&service, self.json).await;
        service.close().await;
        answer
    }
}

/// An action whose files are read, so that nothing is opened for a command that cannot work.
enum Prepared {
    AddOidc(crate::control::CreateOidcConfig),
    AddSaml(crate::control::CreateSamlConfig),
    List,
    Remove(One),
    Show(One),
    UpdateOidc(String, crate::control::UpdateOidcConfig),
    UpdateSaml(String, crate::control::UpdateSamlConfig),
}

impl Action {
    fn prepared(self) -> Result<Prepared, Failure> {
        Ok(match self {
            Self::Add(Add::Oidc(add)) => Prepared::AddOidc(add.request()),
            Self::Add(Add::Saml(add)) => Prepared::AddSaml(add.request()?),
            Self::List => Prepared::List,
            Self::Show(one) => Prepared::Show(one),
            Self::Update(Update::Oidc(update)) => {
                let (uid, request) = update.request()?;
                Prepared::UpdateOidc(uid, request)
            }
            Self::Update(Update::Saml(update)) => {
                let (uid, request) = update.request()?;
                Prepared::UpdateSaml(uid, request)
            }
            Self::Remove(one) => Prepared::Remove(one),
        })
    }
}

impl Prepared {
    async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        let configuration = match self {
            Self::AddOidc(request) => {
                let added: OidcConfigAnswer = service.call(Method::POST, OIDC, Some(&request)).await?;
                Configuration::Oidc(added.config)
            }
            Self::AddSaml(request) => {
                let added: SamlConfigAnswer = service.call(Method::POST, SAML, Some(&request)).await?;
                Configuration::Saml(added.config)
            }
            Self::List => return everything(service).await?.listed(json),
            Self::Show(one) => find(service, &one).await?,
            Self::UpdateOidc(uid, request) => {
                // A uid that is none could be any path.
                let Configuration::Oidc(found) = find(service, &One { uid }).await? else {
                    return Err(Failure::work(
                        "that is a SAML configuration: `portcullis federation update saml` changes it",
                    ));
                };
                let path = format!("{OIDC}/{}", found.uid);
                let updated: OidcConfigAnswer = service.call(Method::PATCH, &path, Some(&request)).await?;
                Configuration::Oidc(updated.config)
            }
            Self::UpdateSaml(uid, request) => {
                let Configuration::Saml(found) = find(service, &One { uid }).await? else {
                    return Err(Failure::work(
                        "that is an OIDC configuration: `portcullis federation update oidc` changes it",
                    ));
                };
                let path = format!("{SAML}/{}", found.uid);
                let updated: SamlConfigAnswer = service.call(Method::PATCH, &path, Some(&request)).await?;
                Configuration::Saml(updated.config)
            }
            Self::Remove(one) => {
                let found = find(service, &one).await?;
                let path = match &found {
                    Configuration::Oidc(config) => format!("{OIDC}/{}", config.uid),
                    Configuration::Saml(config) => format!("{SAML}/{}", config.uid),
                };
                let _: Empty = service.call(Method::DELETE, &path, NOTHING).await?;
                found
            }
        };
        configuration.shown(json)
    }
}

async fn everything(service: &Service) -> Result<Configurations, Failure> {
    let oidc: OidcConfigList = service.call(Method::GET, OIDC, NOTHING).await?;
    let saml: SamlConfigList = service.call(Method::GET, SAML, NOTHING).await?;
    Ok(Configurations { oidc: oidc.configs, saml: saml.configs })
}

async fn find(service: &Service, one: &One) -> Result<Configuration, Failure> {
    let found = everything(service).await?.find(&one.uid);
    found.ok_or_else(|| {
        Failure::work(format!(
            "there is no configuration with the uid {:?}: `portcullis federation list` shows them",
            one.uid
        ))
    })
}

const OIDC: &str = "/v1/admin/federation/oidc";
const SAML: &str = "/v1/admin/federation/saml";
