//! Which server or store is meant: that of a configuration file, that of a development folder, or a
//! server somewhere else, by its API.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::api::{Api, ApiUrl, Token, TokenSource};
use crate::cli::failure::Failure;
use crate::config;
use crate::identity::OrganizationId;

/// The options that name a server or a store.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration file of the server
    #[arg(long, global = true, help_heading = WHICH, value_name = "FILE", conflicts_with_all = ["dir", "api"])]
    config: Option<PathBuf>,
    /// The folder of a `portcullis dev` [default: ./portcullis-dev, if there is no --config and no --api]
    #[arg(long, global = true, help_heading = WHICH, value_name = "DIR", conflicts_with = "api")]
    dir: Option<PathBuf>,
    /// The API of a server on another machine, such as `https://portcullis.example.com:9443`
    #[arg(long, global = true, help_heading = WHICH, value_name = "URL")]
    api: Option<ApiUrl>,
    /// The file with an admin token for --api [default: the token in `PORTCULLIS_API_TOKEN`]
    #[arg(long, global = true, help_heading = WHICH, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificates to trust for --api, as PEM [default: those in `PORTCULLIS_CA_FILE`, else the system's]
    #[arg(long, global = true, help_heading = WHICH, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// What is meant.
pub(crate) enum Target {
    Remote { api: Api, token: Token },
    Store(Place),
}

/// Everything needed to reach or open a store.
pub(crate) struct Place {
    pub(crate) organization: OrganizationId,
    pub(crate) store: config::Store,
    pub(super) federation: config::Federation,
    pub(super) policies: Vec<config::PolicyFile>,
}

impl Arguments {
    /// Whether a server is meant that may be on another machine.
    pub(crate) fn names_an_api(&self) -> bool {
        self.api.is_some()
    }

    pub(crate) fn resolve(self) -> Result<Target, Failure> {
        if let Some(url) = self.api {
            let token = TokenSource::file_or_environment(self.token_file)?.read()?;
            return Ok(Target::Remote { api: Api::new(url, self.ca_file.as_deref())?, token });
        }
        if self.token_file.is_some() || self.ca_file.is_some() {
            return Err(Failure::usage("--token-file and --ca-file go with --api URL, which is missing"));
        }
        if let Some(file) = &self.config {
            let config = config::load(file).map_err(|error| Failure::usage(error.to_string()))?;
            return Ok(Target::Store(Place {
                organization: config.organization,
                store: config.store.beside_the_node(),
                federation: config.federation,
                policies: config.policies,
            }));
        }
        let dir = self.dir.as_deref().unwrap_or(Path::new(DEVELOPMENT_FOLDER));
        if !dir.is_dir() {
            return Err(Failure::usage(format!(
                "there is no folder {}: name a server's configuration with --config FILE, a development folder with --dir \
                 DIR, or a server's API with --api URL",
                dir.display()
            )));
        }
        // What `portcullis dev` wrote for its server. A folder that lost it still has its keys and tokens.
        let written = config::load_with_credentials(&dir.join("portcullis.toml"), None);
        let (federation, policies) = written.map(|config| (config.federation, config.policies)).unwrap_or_default();
        Ok(Target::Store(Place {
            organization: OrganizationId::parse("dev").expect("three letters are an organization id"),
            store: config::Store::embedded(dir.join("portcullis.redb"), dir.join("seal.key")),
            federation,
            policies,
        }))
    }
}

/// The heading of these options in the help of every command.
const WHICH: &str = "Which server";
const DEVELOPMENT_FOLDER: &str = "portcullis-dev";
