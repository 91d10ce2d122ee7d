//! The arguments for SAML identity providers.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::Failure;
use crate::control::CreateSamlConfig;

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
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl Add {
    pub(super) fn request(self) -> Result<CreateSamlConfig, Failure> {
        Ok(CreateSamlConfig {
            name: self.name,
            description: self.description,
            entity_id: self.entity_id,
            certificates: self.certificate.iter().map(|file| read("--certificate", file)).collect::<Result<_, _>>()?,
            metadata: self.metadata.map(|file| read("--metadata", &file)).transpose()?,
            signs_response: self.signs_response,
            accepts_ecdsa_and_pss: self.accept_ecdsa_and_pss,
        })
    }
}

fn read(option: &str, file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{option} {}: {error}", file.display())))
}
