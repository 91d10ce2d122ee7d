//! `portcullis dev`: everything on loopback, ready to use, with nothing else installed. Makes what its
//! folder lacks (a CA and a certificate, credentials, a store, a backend over plain files, a key, an API
//! token, a policy), writes an ordinary configuration over it, runs that, and prints lines to paste.

mod admin_key;
mod admin_token;
mod backend;
mod certificate;
mod configuration;
mod folder;
mod policy;
mod quirks;
mod welcome;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::app::{App, StartError, asked_to_stop};
use crate::cli::management::shell_quoted;
use crate::clock::{Clock as _, SteadyClock, SystemClock};
use crate::config;
use crate::telemetry::{self, LogFormat};

use backend::Backend;
use configuration::Ports;
use folder::Folder;
use welcome::Welcome;

/// The arguments of `portcullis dev`.
#[derive(clap::Args)]
pub(crate) struct Dev {
    /// The folder that everything is kept in, made if it does not exist
    #[arg(long, value_name = "DIR", default_value = "portcullis-dev")]
    dir: PathBuf,
    /// The port for S3 clients; 0 takes a free one [default: the last one, at first 8443]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

impl Dev {
    /// Exit code 0 after SIGTERM or Ctrl-C; 1 if it could not start, with the reason on standard error.
    pub(crate) fn run(self) -> ExitCode {
        match self.serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("portcullis dev: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn serve(self) -> anyhow::Result<()> {
        telemetry::start(LogFormat::Human).context("logging cannot be started")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
        let result = runtime.block_on(self.serve_until_stopped());
        telemetry::flush();
        result
    }

    async fn serve_until_stopped(self) -> anyhow::Result<()> {
        let stop = asked_to_stop().context("signals cannot be handled")?;
        let mut random = UnwrapErr(SysRng);
        // Held until the end: two of these in one folder would overwrite each other's files.
        let folder = Folder::open(&self.dir)?;
        let certificate = certificate::ensure(&folder, SystemClock.now())?;
        let backend_key = folder.credential("backend", &mut random)?;
        let previous = Ports::of_last_run(&folder);
        let backend = Backend::bind(&folder, &backend_key, previous.backend)?;
        let s3 = self.port.or(previous.s3).unwrap_or(DEFAULT_PORT);
        // Not for everybody who asked for a free port: two at once would get the same.
        let api = previous.api.or(self.port.is_none().then_some(DEFAULT_API_PORT));
        let ports = Ports {
            s3: Some(s3),
            api: configuration::free_port(api.filter(|api| *api != s3))?,
            admin: configuration::free_port(previous.admin.filter(|admin| *admin != s3))?,
            backend: Some(backend.port()),
        };
        let file = configuration::write(&folder, &ports)?;

        // Not `$CREDENTIALS_DIRECTORY`: the files are those of the folder.
        let config = config::load_with_credentials(&file, None)?;
        let backend = backend.serve();
        let running = match App::start(config, Arc::new(SteadyClock::new(SystemClock))).await {
            Ok(running) => running,
            Err(error) => return Err(explained(error, &self.dir)),
        };
        let key = admin_key::ensure(&folder, &running.keys, &mut random).await?;
        let token = admin_token::ensure(&folder, &running.keys, &mut random).await?;
        let policy_is_new = policy::ensure(&running.authority).await?;
        let welcome = Welcome {
            folder: &folder,
            asked_for: &self.dir,
            endpoint: format!("https://{}", running.s3_address),
            api: running.api_address.map(|address| format!("http://{address}")).context("there is no API")?,
            health: running.admin_address.map(|address| format!("http://{address}/readyz")),
            key: &key,
            token: &token,
            policy_is_new,
            certificate: &certificate,
        };
        welcome.show()?;

        let signal = stop.await;
        tracing::info!(signal, "stopping: no new connections, running requests may finish");
        running.shutdown().await;
        backend.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// What to do about a failed start, where that is another than for `serve`.
fn explained(error: StartError, dir: &Path) -> anyhow::Error {
    match error {
        StartError::Bind { section: "s3", address, source } if source.kind() == std::io::ErrorKind::AddrInUse => {
            // Past the one that the API of another `portcullis dev` has.
            let other = address.port().checked_add(10).unwrap_or(0);
            anyhow::anyhow!(
                "another program listens on {address} already. Stop it, or choose another port: \
                 portcullis dev --dir {} --port {other}",
                shell_quoted(&dir.to_string_lossy())
            )
        }
        other => anyhow::Error::new(other).context(format!("cannot start in {}", dir.display())),
    }
}

/// The port for S3 clients, unless another was asked for.
const DEFAULT_PORT: u16 = 8443;
/// The port of the API, if it is free.
const DEFAULT_API_PORT: u16 = 8444;
