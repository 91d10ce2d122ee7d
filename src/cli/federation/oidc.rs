//! The arguments for OIDC issuers.

use clap::Args;

use crate::cli::failure::Failure;
use crate::control::{CreateOidcConfig, OidcApiAccess, UpdateOidcConfig};
use crate::federation::SigningAlgorithm;

/// `portcullis federation add oidc`
#[derive(Args)]
pub(super) struct Add {
    /// 1 to 255 characters of A-Z a-z 0-9 _ -
    #[arg(long)]
    name: String,
    /// The `iss` of its tokens, byte for byte; its keys are found from there
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The `aud` that its tokens must be made for
    #[arg(long)]
    audience: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// How its tokens may be signed, such as RS256; may be repeated [default: every algorithm that is known]
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Vec<SigningAlgorithm>,
    /// Accept its tokens as API tokens too; this claim says whether for read, write or admin
    #[arg(long, value_name = "CLAIM")]
    api_permission_claim: Option<String>,
    /// Let those make permanent keys
    #[arg(long, requires = "api_permission_claim")]
    permanent_keys: bool,
    /// The claim that holds the groups of whom a token is about, for conditions of bucket policies
    #[arg(long, value_name = "CLAIM")]
    groups_claim: Option<String>,
    /// Do not use it yet
    #[arg(long)]
    inactive: bool,
}

/// `portcullis federation update oidc`
#[derive(Args)]
pub(super) struct Update {
    /// The configuration's uid
    uid: String,
    /// 1 to 255 characters of A-Z a-z 0-9 _ -
    #[arg(long)]
    name: Option<String>,
    /// The `iss` of its tokens, byte for byte
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The `aud` that its tokens must be made for
    #[arg(long)]
    audience: Option<String>,
    /// What it is for; empty: nothing is said
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// How its tokens may be signed; may be repeated
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Vec<SigningAlgorithm>,
    /// Accept its tokens as API tokens too; this claim says whether for read, write or admin
    #[arg(long, value_name = "CLAIM", conflicts_with = "no_api_access")]
    api_permission_claim: Option<String>,
    /// Let those make permanent keys
    #[arg(long, requires = "api_permission_claim")]
    permanent_keys: bool,
    /// Accept its tokens as API tokens no longer
    #[arg(long)]
    no_api_access: bool,
    /// The claim that holds the groups of whom a token is about
    #[arg(long, value_name = "CLAIM", conflicts_with = "no_groups_claim")]
    groups_claim: Option<String>,
    /// Take no groups from its tokens
    #[arg(long)]
    no_groups_claim: bool,
    /// Use it
    #[arg(long, conflicts_with = "inactive")]
    active: bool,
    /// Keep it, and do not use it
    #[arg(long)]
    inactive: bool,
}

impl Add {
    pub(super) fn request(self) -> CreateOidcConfig {
        CreateOidcConfig {
            name: self.name,
            issuer_url: self.issuer,
            audience: self.audience,
            description: self.description,
            active: Some(!self.inactive),
            algorithms: self.algorithm,
            api_access: self
                .api_permission_claim
                .map(|permission_claim| OidcApiAccess { permission_claim, permanent_keys: self.permanent_keys }),
            groups_claim: self.groups_claim,
        }
    }
}

impl Update {
    pub(super) fn request(self) -> Result<(String, UpdateOidcConfig), Failure> {
        let api_access = self
            .api_permission_claim
            .map(|permission_claim| OidcApiAccess { permission_claim, permanent_keys: self.permanent_keys });
        let named = [
            ("name", self.name.is_some()),
            ("issuerUrl", self.issuer.is_some()),
            ("audience", self.audience.is_some()),
            ("description", self.description.is_some()),
            ("algorithms", !self.algorithm.is_empty()),
            ("apiAccess", api_access.is_some() || self.no_api_access),
            ("groupsClaim", self.groups_claim.is_some() || self.no_groups_claim),
            ("active", self.active || self.inactive),
        ];
        let mask: Vec<&str> = named.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
        if mask.is_empty() {
            return Err(Failure::usage("nothing to change: give --name, --issuer, --audience or another option"));
        }
        let request = UpdateOidcConfig {
            update_mask: mask.join(","),
            name: self.name,
            issuer_url: self.issuer,
            audience: self.audience,
            description: self.description.filter(|text| !text.is_empty()),
            active: (self.active || self.inactive).then_some(self.active),
            algorithms: (!self.algorithm.is_empty()).then_some(self.algorithm),
            api_access,
            groups_claim: self.groups_claim,
        };
        Ok((self.uid, request))
    }
}

fn parse_algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "expected RS256, RS384, RS512, PS256, ES256, ES384 or EdDSA".to_owned())
}
