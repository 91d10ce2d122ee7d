//! What `portcullis federation` prints.

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::management::{as_json, details, table, time_or};
use crate::control::{OidcConfigMessage, SamlConfigMessage};

/// One configuration of either kind.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Configuration {
    Oidc(OidcConfigMessage),
    Saml(SamlConfigMessage),
}

/// Every configuration.
#[derive(Serialize)]
pub(super) struct Configurations {
    pub(super) oidc: Vec<OidcConfigMessage>,
    pub(super) saml: Vec<SamlConfigMessage>,
}

impl Configurations {
    pub(super) fn find(self, uid: &str) -> Option<Configuration> {
        let oidc = self.oidc.into_iter().find(|config| config.uid == uid).map(Configuration::Oidc);
        oidc.or_else(|| self.saml.into_iter().find(|config| config.uid == uid).map(Configuration::Saml))
    }

    pub(super) fn listed(&self, json: bool) -> Result<String, Failure> {
        if json {
            return as_json(self);
        }
        let oidc = self.oidc.iter().map(|config| {
            let status = if config.deactivated_at.is_some() { "inactive" } else { "active" };
            [&config.uid, "oidc", status, &config.name, &config.issuer_url, &config.audience].map(str::to_owned)
        });
        let saml = self
            .saml
            .iter()
            .map(|config| [&config.uid, "saml", "active", &config.name, &config.entity_id, "-"].map(str::to_owned));
        let rows: Vec<_> = oidc.chain(saml).collect();
        Ok(table(["UID", "KIND", "STATUS", "NAME", "ISSUER OR ENTITY ID", "AUDIENCE"], &rows))
    }
}

impl Configuration {
    pub(super) fn shown(&self, json: bool) -> Result<String, Failure> {
        if json {
            return as_json(self);
        }
        Ok(details(&match self {
            Self::Oidc(config) => oidc(config),
            Self::Saml(config) => saml(config),
        }))
    }
}

fn oidc(config: &OidcConfigMessage) -> Vec<(&'static str, String)> {
    let algorithms: Vec<String> = config.algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
    let api_access = config.api_access.as_ref().map_or_else(
        || "no".to_owned(),
        |access| {
            let keys = if access.permanent_keys { ", permanent keys too" } else { ", no permanent keys" };
            format!("as the claim {} says{keys}", access.permission_claim)
        },
    );
    let mut pairs = vec![
        ("uid", config.uid.clone()),
        ("kind", "oidc".to_owned()),
        ("name", config.name.clone()),
        ("status", if config.deactivated_at.is_some() { "inactive" } else { "active" }.to_owned()),
        ("issuer", config.issuer_url.clone()),
        ("audience", config.audience.clone()),
        ("algorithms", algorithms.join(", ")),
        ("API tokens", api_access),
        (
            "groups",
            config.groups_claim.as_ref().map_or_else(|| "none".to_owned(), |claim| format!("the claim {claim}")),
        ),
        ("created", time_or(Some(config.created_at), "-")),
        ("changed", time_or(Some(config.updated_at), "-")),
    ];
    pairs.extend(config.description.clone().map(|text| ("description", text)));
    pairs
}

fn saml(config: &SamlConfigMessage) -> Vec<(&'static str, String)> {
    let signed = if config.signs_response { "the response" } else { "the assertion" };
    let algorithms = if config.accepts_ecdsa_and_pss { "RSA, RSA-PSS and ECDSA" } else { "RSA" };
    let mut pairs = vec![
        ("uid", config.uid.clone()),
        ("kind", "saml".to_owned()),
        ("name", config.name.clone()),
        ("entity id", config.entity_id.clone()),
        ("certificates", config.certificates.len().to_string()),
        ("signs", format!("{signed}, with {algorithms}")),
        (
            "groups",
            config.groups_attribute.as_ref().map_or_else(|| "none".to_owned(), |name| format!("the attribute {name}")),
        ),
        ("created", time_or(Some(config.created_at), "-")),
    ];
    pairs.extend(config.description.clone().map(|text| ("description", text)));
    pairs
}
