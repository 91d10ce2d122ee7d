//! Arguments to calls.

mod api;
mod bench;
mod check;
mod credentials;
#[cfg(feature = "dev")]
mod dev;
mod failure;
mod federation;
mod key;
mod management;
mod operations;
mod policy;
mod serve;
mod store;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    match Arguments::parse().command {
        Command::Bench(bench) => bench.run(),
        Command::Check(check) => check.run(),
        Command::Credentials(credentials) => credentials.run(),
        #[cfg(feature = "dev")]
        Command::Dev(dev) => dev.run(),
        Command::Federation(federation) => federation.run(),
        Command::Key(key) => key.run(),
        Command::Operations(operations) => operations.run(),
        Command::Policy(policy) => policy.run(),
        Command::Serve(serve) => serve.run(),
        Command::Store(store) => store.run(),
        Command::Token(token) => token.run(),
    }
}

/// An access layer for S3-compatible object storage.
#[derive(Parser)]
#[command(version = crate::app::VERSION)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load-test an S3 endpoint with signed requests, and print how it did.
    Bench(bench::Bench),
    /// Read and validate a configuration, and print what would run.
    Check(check::Check),
    /// Get a key for AWS's tools and SDKs, as their `credential_process`.
    Credentials(credentials::Credentials),
    /// Run a ready-made server on loopback, with everything it needs in one folder.
    #[cfg(feature = "dev")]
    Dev(dev::Dev),
    /// Say which identity providers' tokens and assertions are worth a key.
    Federation(federation::Federation),
    /// Create, list, suspend and revoke static access keys.
    Key(key::Key),
    /// List the S3 operations: which are supported, and what each one needs.
    Operations(operations::Operations),
    /// Say who may do what, and why somebody may not.
    Policy(policy::Policy),
    /// Run until SIGTERM or SIGINT.
    Serve(serve::Serve),
    /// Move everything to another store, and change the key that seals it.
    Store(store::Store),
    /// Create, list, change and revoke API tokens, which make keys.
    Token(token::Token),
}
