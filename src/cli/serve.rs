//! `portcullis serve`: run what a configuration says until asked to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use crate::app::{App, asked_to_stop};
use crate::authority::Authority;
use crate::clock::{SteadyClock, SystemClock};
use crate::config;
use crate::telemetry::{self, LogFormat};

/// Run until SIGTERM or SIGINT.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    config: PathBuf,
    /// Write log lines as JSON.
    #[arg(long)]
    json_logs: bool,
}

impl Serve {
    pub(crate) fn run(self) -> ExitCode {
        let config = match config::load(&self.config) {
            Ok(config) => config,
            Err(error) => {
                eprintln!("portcullis: {error}");
                return ExitCode::from(2);
            }
        };
        let format = if self.json_logs { LogFormat::Json } else { LogFormat::Human };
        match serve(config, &self.config, format) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("portcullis: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

fn serve(config: config::Config, file: &Path, format: LogFormat) -> anyhow::Result<()> {
    telemetry::start(format).context("logging cannot be started")?;
    let result = run(config, file);
    telemetry::flush();
    result
}

fn run(config: config::Config, file: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let stop = asked_to_stop().context("signals cannot be handled")?;
        let running = App::start(config, Arc::new(SteadyClock::new(SystemClock))).await?;
        warn_without_policies(&running.authority, file);
        tracing::info!(s3 = %running.s3_address, "ready");
        let signal = stop.await;
        tracing::info!(signal, "stopping: no new connections, running requests may finish");
        running.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Without a policy the server runs and refuses everything: whoever upgrades or begins has to hear of it.
fn warn_without_policies(authority: &Authority, file: &Path) {
    if authority.organization_policies().is_ok_and(|policies| policies.is_empty()) {
        tracing::warn!(
            "there is no organization policy: every S3 request is refused, and so are API tokens that are not admin \
             tokens. `portcullis policy put --help` shows a first policy; put it with \
             `portcullis policy put POLICY.json --config {}`, and it is in force at once",
            file.display()
        );
    }
}
