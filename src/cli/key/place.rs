//! Which store is meant: the one of a configuration file, or of a development folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::Failure;
use crate::config;
use crate::identity::OrganizationId;

/// The options that name a store.
#[derive(Args)]
pub(super) struct Arguments {
    /// The configuration file of the server whose keys these are
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// The folder of a `portcullis dev` [default: ./portcullis-dev, if there is no --config]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Everything needed to reach or open a store.
pub(super) struct Place {
    pub(super) organization: OrganizationId,
    pub(super) store: PathBuf,
    pub(super) seal_key_file: PathBuf,
    pub(super) federation: config::Federation,
}

impl Arguments {
    pub(super) fn resolve(&self) -> Result<Place, Failure> {
        if let Some(file) = &self.config {
            let config = config::load(file).map_err(|error| Failure::usage(error.to_string()))?;
            return Ok(Place {
                organization: config.organization,
                store: config.store.path,
                seal_key_file: config.store.seal_key_file,
                federation: config.federation,
            });
        }
        let dir = self.dir.as_deref().unwrap_or(Path::new(DEVELOPMENT_FOLDER));
        if !dir.is_dir() {
            return Err(Failure::usage(format!(
                "there is no folder {}: name a server's configuration with --config FILE, or a development folder with --dir DIR",
                dir.display()
            )));
        }
        Ok(Place {
            organization: OrganizationId::parse("dev").expect("three letters are an organization id"),
            store: dir.join("portcullis.redb"),
            seal_key_file: dir.join("seal.key"),
            federation: config::Federation::default(),
        })
    }
}

const DEVELOPMENT_FOLDER: &str = "portcullis-dev";
