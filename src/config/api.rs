//! `[api]`: the control plane's listener, and what it gives out.

use std::time::Duration;

use serde::Deserialize;

use super::endpoint::{self, Endpoint};
use super::error::Problem;
use super::secret_file::Folders;
use super::{duration, tls};

/// The section, checked.
#[derive(Clone, Debug)]
pub struct Api {
    /// Where to listen, and with which certificate.
    pub endpoint: Endpoint,
    /// The life of the keys that SDKs fetch as container credentials: 15 minutes to 12 hours.
    pub container_key_life: Duration,
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    listen: String,
    tls: Option<tls::Written>,
    #[serde(default)]
    insecure: bool,
    #[serde(default = "one_hour")]
    container_key_life: duration::Written,
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<Api, Problem> {
        let endpoint = endpoint::check(&self.listen, self.tls, self.insecure, folders)?;
        let container_key_life = self.container_key_life.0;
        if !(Duration::from_mins(15)..=Duration::from_hours(12)).contains(&container_key_life) {
            let found = humantime::format_duration(container_key_life).to_string();
            return Err(Problem::text("container_key_life", &found, "\"15min\" to \"12h\""));
        }
        Ok(Api { endpoint, container_key_life })
    }
}

/// SDKs refresh 10 to 15 minutes before the end: much less than an hour would be a key a request.
fn one_hour() -> duration::Written {
    duration::Written(Duration::from_hours(1))
}
