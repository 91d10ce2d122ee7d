//! `portcullis policy simulate`: what a draft would change for requests that were logged.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::management::Service;

/// The arguments of `portcullis policy simulate`.
#[derive(Args)]
pub(super) struct Simulate {
    /// The file with the draft; - for standard input
    #[arg(long, value_name = "FILE")]
    draft: PathBuf,
    /// The draft is a policy of this bucket [default: an organization policy, in place of the one of its name]
    #[arg(long)]
    bucket: Option<String>,
    /// The log, written with --json-logs
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

impl Simulate {
    pub(super) async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        let _ = (service, json);
        Err(Failure::work("not yet"))
    }
}
