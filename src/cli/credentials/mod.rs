//! `portcullis credentials`: a `credential_process` for AWS's tools and SDKs. Trades an OIDC token or an
//! API token for a key that ends, and keeps that until 80% of its life are over, because SDKs start this
//! program again for every client they make.

mod cache;
mod mint;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::api::{Api, ApiUrl, TokenSource};
use super::failure::{Failure, note, run_and_print};
use crate::clock::{Clock as _, SystemClock};
use crate::identity::OrganizationId;

use cache::{Cached, Entry, Folder, Lock, LockError};
use mint::{Credential, Wanted};

/// The arguments of `portcullis credentials`.
#[derive(Args)]
pub(crate) struct Credentials {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// For a workload whose platform puts an OIDC token into a file
    Oidc {
        /// The organization, `org_id` of the server's configuration
        #[arg(long, value_parser = OrganizationId::parse)]
        org: OrganizationId,
        /// The file with the OIDC token; read anew whenever a key is needed
        #[arg(long, value_name = "FILE")]
        token_file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// For the holder of an API token
    Token {
        /// The file with the API token [default: the token in `PORTCULLIS_API_TOKEN`]
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Args)]
struct Common {
    /// The server's API, such as `https://portcullis.example.com:9443`
    #[arg(long, value_name = "URL")]
    api: ApiUrl,
    /// Certificates to trust, as PEM [default: those in `PORTCULLIS_CA_FILE`, else the system's]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The life of the key, at most 12h. SDKs ask again from 15 minutes before its end
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_life)]
    duration: Duration,
    /// Get a new key each time, and keep nothing on the disk
    #[arg(long)]
    no_cache: bool,
}

impl Credentials {
    /// Exit code 0; 1 if there is no key to be had; 2 for a mistake in the arguments. Nothing but the key
    /// goes to standard output.
    pub(crate) fn run(self) -> ExitCode {
        run_and_print(self.answer())
    }

    async fn answer(self) -> Result<String, Failure> {
        let (organization, source, common) = match self.kind {
            Kind::Oidc { org, token_file, common } => (Some(org), TokenSource::File(token_file), common),
            Kind::Token { token_file, common } => (None, TokenSource::file_or_environment(token_file)?, common),
        };
        let wanted = Wanted { url: common.api.clone(), organization, source, life: common.duration };
        let api = Api::new(common.api, common.ca_file.as_deref())?;
        let credential = if common.no_cache {
            wanted.mint(&api, now()).await?.credential
        } else {
            kept_or_new(&wanted, &api).await?
        };
        credential.as_process_output()
    }
}

/// The kept key while it is fresh, else a new one.
async fn kept_or_new(wanted: &Wanted, api: &Api) -> Result<Credential, Failure> {
    let entry = match Folder::open().and_then(|folder| Ok(folder.entry(&wanted.name()?))) {
        Ok(entry) => entry,
        Err(why) => {
            note(&format!("the key will not be kept for the next time: {why}"));
            return Ok(wanted.mint(api, now()).await?.credential);
        }
    };
    let source = wanted.source_digest();
    // If the token cannot be read, a kept key is all there is.
    let of_this_token = |kept: &Cached| source.as_ref().map_or(true, |source| *source == kept.source);
    // Most often there is nothing to do: without the lock, nobody waits for somebody who mints.
    if let Some(kept) = entry.read(|_| ()).filter(|kept| of_this_token(kept) && kept.is_fresh(now())) {
        return Ok(kept.credential);
    }
    let lock = match entry.lock() {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Unusable(why)) => {
            note(&format!("the key will not be kept for the next time: {why}"));
            Ok(None)
        }
        Err(LockError::Busy(why)) => Err(Failure::work(why)),
    };
    let kept = entry.read(note).filter(of_this_token);
    let failure = match lock {
        // Somebody else minted it while we waited.
        Ok(_) if kept.as_ref().is_some_and(|kept| kept.is_fresh(now())) => None,
        Ok(lock) => match wanted.mint(api, now()).await {
            Ok(new) => return Ok(keep(&entry, new, lock.as_ref())),
            Err(failure) => Some(failure),
        },
        Err(failure) => Some(failure),
    };
    match (kept.filter(|kept| kept.is_living(now())), failure) {
        (Some(kept), None) => Ok(kept.credential),
        (Some(kept), Some(failure)) => {
            let end = kept.credential.expires_at;
            note(&format!("no new key ({}); the kept one is used, which ends at {end:.0}", failure.message()));
            Ok(kept.credential)
        }
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(Failure::work("the kept key ended this very moment; try again")),
    }
}

/// Writes the key down for the next time; a key in hand is used even if that fails.
fn keep(entry: &Entry, new: Cached, lock: Option<&Lock>) -> Credential {
    if let Some(lock) = lock
        && let Err(error) = entry.write(&new, lock)
    {
        note(&format!("the key will not be kept for the next time: {error}"));
    }
    new.credential
}

impl Credential {
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
    fn as_process_output(&self) -> Result<String, Failure> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output<'a> {
            version: u8,
            access_key_id: &'a str,
            secret_access_key: &'a str,
            expiration: Timestamp,
        }
        let output = Output {
            version: 1,
            access_key_id: self.access_key_id.as_str(),
            secret_access_key: self.secret_key.0.expose(),
            expiration: self.expires_at,
        };
        let mut text = serde_json::to_string(&output).map_err(|error| Failure::work(error.to_string()))?;
        text.push('\n');
        Ok(text)
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn parse_life(text: &str) -> Result<Duration, String> {
    let life = humantime::parse_duration(text).map_err(|_| "expected a duration such as 1h or 90min".to_owned())?;
    let whole = life.subsec_nanos() == 0;
    if whole && (Duration::from_secs(1)..=LONGEST).contains(&life) {
        Ok(life)
    } else {
        Err("expected whole seconds, at most 12h".to_owned())
    }
}

/// As the server's.
const LONGEST: Duration = Duration::from_hours(12);
