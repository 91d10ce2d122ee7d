//! `portcullis store export`, `import` and `migrate`: the work is that of `store::transfer`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use super::answer::Moved;
use super::progress::Progress;
use crate::cli::failure::Failure;
use crate::cli::management::{self, Place, Target};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::store::OpenError;
use crate::store::transfer::{self, Export, TransferError, Verified};

pub(super) async fn export(place: management::Arguments, file: PathBuf, json: bool) -> Result<String, Failure> {
    let (place, began, clock) = (here(place)?, Instant::now(), clock());
    let mut random = UnwrapErr(SysRng);
    let keys = transfer::seal_keys(&place.store).map_err(TransferError::from)?;
    let store = transfer::open_source(&place.store, &clock, &keys, &mut random).await?;
    let export = Export { organization: &place.organization, keys: &keys, path: &file, now: clock.now() };
    let progress = Progress::start("Exporting")?;
    let summary = transfer::export(store, &export, &mut random, &mut progress.report()).await;
    progress.end();
    Moved::new(&summary?, began).shown("exported", &format!("to {}", file.display()), json)
}

pub(super) async fn import(place: management::Arguments, file: PathBuf, json: bool) -> Result<String, Failure> {
    let (place, began, clock) = (here(place)?, Instant::now(), clock());
    let mut random = UnwrapErr(SysRng);
    let keys = transfer::seal_keys(&place.store).map_err(TransferError::from)?;
    // Before anything is opened, let alone created.
    let verified = Verified::read(&file, &keys)?;
    let store = transfer::open_destination(&place.store, &clock, &keys, &mut random).await?;
    let progress = Progress::start("Importing")?;
    let imported =
        transfer::import(&verified, &place.organization, store, &keys, &mut random, &mut progress.report()).await;
    progress.end();
    Moved::new(&imported?, began).shown("imported", &format!("from {}", file.display()), json)
}

pub(super) async fn migrate(from: PathBuf, to: PathBuf, json: bool) -> Result<String, Failure> {
    let (began, clock) = (Instant::now(), clock());
    let (source, destination) = (load(&from)?, load(&to)?);
    if source.organization != destination.organization {
        let (theirs, ours) = (source.organization.to_string(), destination.organization.to_string());
        return Err(Failure::usage(TransferError::Organization { theirs, ours }.to_string()));
    }
    let mut random = UnwrapErr(SysRng);
    let progress = Progress::start("Migrating")?;
    let migrated =
        transfer::migrate(&source.store, &destination.store, &clock, &mut random, &mut progress.report()).await;
    progress.end();
    Moved::new(&migrated?, began).shown("migrated", &format!("to the store of {}", to.display()), json)
}

/// The store that is meant, which has to be one that can be opened here.
pub(super) fn here(place: management::Arguments) -> Result<Place, Failure> {
    let elsewhere = || Failure::usage("this works on the store itself: give --config FILE instead of --api");
    if place.names_an_api() {
        return Err(elsewhere());
    }
    match place.resolve()? {
        Target::Store(place) => Ok(place),
        Target::Remote { .. } => Err(elsewhere()),
    }
}

fn load(file: &Path) -> Result<Config, Failure> {
    let config = config::load(file).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Config { store: config.store.beside_the_node(), ..config })
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Open(error) => error.into(),
            TransferError::SealFile(error) => OpenError::from(error).into(),
            other => Self::work(other.to_string()),
        }
    }
}
