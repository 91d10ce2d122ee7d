//! The arguments for SAML identity providers.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::Failure;
use crate::control::{CreateSamlConfig, UpdateSamlConfig};

/// `portcullis federation add saml`
#[derive(Args)]
pub(super) struct Add {
    /// 1 to 255 characters of A-Z a-z 0-9 _ -
    #[arg(long)]
    name: String,
    /// The identity provider's metadata document, to take entity id and certificates from
    #[arg(long, value_name = "FILE", required_unless_present_all = ["entity_id", "certificate"])]
    metadata: Option<PathBuf>,
    /// The identity provider's entity id; beside metadata, which of its providers is meant
    #[arg(long, value_name = "ID")]
    entity_id: Option<String>,
    /// A certificate that it signs with, as PEM; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "metadata")]
    certificate: Vec<PathBuf>,
    /// It signs the response as a whole, not the assertion
    #[arg(long)]
    signs_response: bool,
    /// Accept ECDSA and RSA-PSS signatures beside RSA
    #[arg(long)]
    accept_ecdsa_and_pss: bool,
    /// The `Name` of the attribute that holds the groups of somebody, for conditions of bucket policies
    #[arg(long, value_name = "NAME")]
    groups_attribute: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// `portcullis federation update saml`
#[derive(Args)]
pub(super) struct Update {
    /// The configuration's uid
    uid: String,
    /// 1 to 255 characters of A-Z a-z 0-9 _ -
    #[arg(long)]
    name: Option<String>,
    /// What it is for; empty: nothing is said
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A certificate that it signs with, as PEM; may be repeated. Those that are not given count no longer
    #[arg(long, value_name = "FILE", conflicts_with = "metadata")]
    certificate: Vec<PathBuf>,
    /// The identity provider's metadata document, to take the certificates from; of the same entity id
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Whether it signs the response as a whole, not the assertion
    #[arg(long, value_name = "true|false")]
    signs_response: Option<bool>,
    /// Whether to accept ECDSA and RSA-PSS signatures beside RSA
    #[arg(long, value_name = "true|false")]
    accept_ecdsa_and_pss: Option<bool>,
    /// The `Name` of the attribute that holds the groups of somebody
    #[arg(long, value_name = "NAME", conflicts_with = "no_groups_attribute")]
    groups_attribute: Option<String>,
    /// Take no groups from its assertions
    #[arg(long)]
    no_groups_attribute: bool,
}

impl Add {
    pub(super) fn request(self) -> Result<CreateSamlConfig, Failure> {
        Ok(CreateSamlConfig {
            name: self.name,
            description: self.description,
            entity_id: self.entity_id,
            certificates: read_certificates(&self.certificate)?,
            metadata: self.metadata.map(|file| read("--metadata", &file)).transpose()?,
            signs_response: self.signs_response,
            accepts_ecdsa_and_pss: self.accept_ecdsa_and_pss,
            groups_attribute: self.groups_attribute,
        })
    }
}

impl Update {
    pub(super) fn request(self) -> Result<(String, UpdateSamlConfig), Failure> {
        let named = [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("certificates", !self.certificate.is_empty()),
            ("metadata", self.metadata.is_some()),
            ("signsResponse", self.signs_response.is_some()),
            ("acceptsEcdsaAndPss", self.accept_ecdsa_and_pss.is_some()),
            ("groupsAttribute", self.groups_attribute.is_some() || self.no_groups_attribute),
        ];
        let mask: Vec<&str> = named.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
        if mask.is_empty() {
            return Err(Failure::usage("nothing to change: give --certificate, --metadata, --name or another option"));
        }
        let certificates = read_certificates(&self.certificate)?;
        let request = UpdateSamlConfig {
            update_mask: mask.join(","),
            name: self.name,
            description: self.description.filter(|text| !text.is_empty()),
            certificates: (!certificates.is_empty()).then_some(certificates),
            metadata: self.metadata.map(|file| read("--metadata", &file)).transpose()?,
            signs_response: self.signs_response,
            accepts_ecdsa_and_pss: self.accept_ecdsa_and_pss,
            groups_attribute: self.groups_attribute,
        };
        Ok((self.uid, request))
    }
}

fn read_certificates(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    files.iter().map(|file| read("--certificate", file)).collect()
}

fn read(option: &str, file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{option} {}: {error}", file.display())))
}
