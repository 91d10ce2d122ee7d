//! `portcullis store`: moves everything to another store, and changes the key that secrets are sealed with.

mod answer;
mod progress;
mod restore;
mod seal;
mod transfer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::failure::{print, run_and_print};
use super::management;

/// The arguments of `portcullis store`.
#[derive(Args)]
pub(crate) struct Store {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write everything in the store into a sealed file
    ///
    /// An embedded store must not be open in a server; nodes on etcd may run. If it is interrupted, the same command
    /// goes on from there.
    Export(InFile),
    /// Fill an empty store with what a file holds
    ///
    /// No server may run on the store. If it is interrupted, the same command goes on from there.
    Import(InFile),
    /// Fill an empty store with everything in another one
    ///
    /// No server may run on either. If it is interrupted, the same command goes on from there.
    Migrate(Migrate),
    /// Make a file with a new key for sealing secrets
    NewSealKey(NewSealKey),
    /// Go on with an older copy of the store, in which keys may live that were revoked since
    ///
    /// Servers refuse to start on a store that was restored from an older copy until this has been run.
    AcceptRestore(AcceptRestore),
    /// Seal every secret anew with the key in `seal_key_file`
    RotateSeal(RotateSeal),
}

#[derive(Args)]
struct InFile {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    place: management::Arguments,
}

#[derive(Args)]
struct Migrate {
    /// The configuration with the store to read
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The configuration with the store to fill
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Args)]
struct NewSealKey {
    /// The file, which must not exist
    file: PathBuf,
}

#[derive(Args)]
struct AcceptRestore {
    #[command(flatten)]
    place: management::Arguments,
}

#[derive(Args)]
struct RotateSeal {
    #[command(flatten)]
    place: management::Arguments,
}

impl Store {
    /// Exit code 0; 1 if the work was refused, failed, or is not complete; 2 for a mistake in arguments or
    /// configuration.
    pub(crate) fn run(self) -> ExitCode {
        let json = self.json;
        match self.action {
            Action::Export(to) => run_and_print(transfer::export(to.place, to.file, json)),
            Action::Import(from) => run_and_print(transfer::import(from.place, from.file, json)),
            Action::Migrate(migrate) => run_and_print(transfer::migrate(migrate.from, migrate.to, json)),
            Action::NewSealKey(new) => print(seal::new_key(&new.file, json)),
            Action::AcceptRestore(accept) => run_and_print(restore::accept(accept.place, json)),
            Action::RotateSeal(rotate) => run_and_print(seal::rotate(rotate.place, json)),
        }
    }
}
