//! Arguments to calls.

mod key;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    match Arguments::parse().command {
        Command::Key(key) => key.run(),
    }
}

/// An access layer for S3-compatible object storage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create, list, suspend and revoke static access keys.
    Key(key::Key),
}
