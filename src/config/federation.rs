//! `[federation]`: how identity providers are reached, and the name under which Portcullis is known to
//! them. Which providers are trusted is not here: administrators keep that in the store.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::duration;
use super::error::Problem;
use super::secret_file::Folders;

/// The section, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Federation {
    /// Networks that are not public and in which identity providers may be all the same.
    pub private_networks: Vec<IpNet>,
    /// Certificates to trust instead of the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// How long the last good set of an issuer's keys is used while it cannot be fetched anew.
    pub keep_last_keys: Duration,
    /// How Portcullis is known to SAML identity providers; `None`: SAML is off.
    pub saml: Option<SamlService>,
}

impl Default for Federation {
    fn default() -> Self {
        Self { private_networks: Vec::new(), ca_file: None, keep_last_keys: ONE_DAY, saml: None }
    }
}

/// Portcullis as a SAML service provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SamlService {
    /// Its entity id: the audience of every assertion.
    pub entity_id: String,
    /// Its assertion consumer service: recipient and destination of every response.
    pub acs_url: String,
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    private_networks: Vec<String>,
    ca_file: Option<PathBuf>,
    keep_last_keys: duration::Written,
    saml: Option<WrittenSaml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSaml {
    entity_id: String,
    acs_url: String,
}

impl Default for Written {
    fn default() -> Self {
        Self { private_networks: Vec::new(), ca_file: None, keep_last_keys: duration::Written(ONE_DAY), saml: None }
    }
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<Federation, Problem> {
        let network = |(index, text): (usize, &String)| {
            let expected = "a network such as \"10.0.0.0/8\"";
            text.parse().map_err(|_| Problem::text(format!("private_networks[{index}]"), text, expected))
        };
        let ca_file = self.ca_file.map(|file| folders.resolve(&file));
        if let Some(file) = ca_file.as_ref().filter(|file| !file.is_file()) {
            return Err(Problem::text("ca_file", &file.to_string_lossy(), "a PEM file that exists"));
        }
        let saml = self.saml.map(WrittenSaml::check).transpose().map_err(|problem| problem.under("saml"))?;
        Ok(Federation {
            private_networks: self.private_networks.iter().enumerate().map(network).collect::<Result<_, _>>()?,
            ca_file,
            keep_last_keys: self.keep_last_keys.0,
            saml,
        })
    }
}

impl WrittenSaml {
    fn check(self) -> Result<SamlService, Problem> {
        let visible = |text: &str| (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible(&self.entity_id) {
            return Err(Problem::text("entity_id", &self.entity_id, "a URI of at most 1024 visible characters"));
        }
        let is_url = self.acs_url.starts_with("https://") || self.acs_url.starts_with("http://");
        if !visible(&self.acs_url) || !is_url {
            return Err(Problem::text("acs_url", &self.acs_url, "an http or https URL of at most 1024 characters"));
        }
        Ok(SamlService { entity_id: self.entity_id, acs_url: self.acs_url })
    }
}

const ONE_DAY: Duration = Duration::from_hours(24);
