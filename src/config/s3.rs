//! `[s3]`: the data plane's listener, its domains and its region.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::external_host::{self, ExternalHost};
use super::secret_file::Folders;
use super::tls::{self, TlsFiles};
use super::{cors, duration, endpoint};
use crate::s3::cors::CorsRules;

/// The data plane's section, checked.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// Certificate and key; none: plain HTTP/1.1.
    pub tls: Option<TlsFiles>,
    /// Suffixes for virtual-hosted addressing, in lower case, without a leading or trailing dot.
    /// Path style always works.
    pub domains: Vec<String>,
    /// The region that credential scopes must name, and that answers show.
    pub region: String,
    /// Whether every region label is accepted in a credential scope.
    pub any_region: bool,
    /// Whether requests that nobody signed may read where policies let them.
    pub anonymous: bool,
    /// Whether a signature that does not match is tried again with what proxies in front change.
    pub forgive_signatures: bool,
    /// The names that clients know this server by, in lower case, where a proxy in front sends another Host:
    /// with a port if clients name one.
    pub external_hosts: Vec<ExternalHost>,
    /// CORS rules that come before those of any bucket.
    pub cors: CorsRules,
    /// How long the CORS rules of a bucket are remembered.
    pub cors_cache_life: Duration,
    /// How many threads carry requests: 1 to 1024.
    pub workers: NonZeroUsize,
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    listen: String,
    tls: Option<tls::Written>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default = "default_region")]
    region: String,
    #[serde(default)]
    any_region: bool,
    #[serde(default)]
    anonymous: bool,
    #[serde(default = "yes")]
    forgive_signatures: bool,
    #[serde(default)]
    external_hosts: Vec<String>,
    #[serde(default)]
    cors: Vec<cors::Written>,
    #[serde(default = "default_cors_cache_life")]
    cors_cache_life: duration::Written,
    workers: Option<usize>,
    #[serde(default)]
    insecure: bool,
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<S3, Problem> {
        let endpoint = endpoint::check(&self.listen, self.tls, self.insecure, folders)?;
        Ok(S3 {
            listen: endpoint.listen,
            tls: endpoint.tls,
            domains: check_domains(&self.domains)?,
            region: check_region(self.region)?,
            any_region: self.any_region,
            anonymous: self.anonymous,
            forgive_signatures: self.forgive_signatures,
            external_hosts: external_host::check_all(&self.external_hosts, &self.domains)?,
            cors: cors::check_all(self.cors)?,
            cors_cache_life: check_cache_life(self.cors_cache_life)?,
            workers: check_workers(self.workers)?,
        })
    }
}

fn default_cors_cache_life() -> duration::Written {
    duration::Written(Duration::from_secs(30))
}

/// As many as the process may use cores, which a container's quota or a pinned process makes fewer.
fn check_workers(written: Option<usize>) -> Result<NonZeroUsize, Problem> {
    let Some(written) = written else {
        return Ok(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    };
    let right = NonZeroUsize::new(written).filter(|workers| workers.get() <= MOST_WORKERS);
    right.ok_or_else(|| Problem::new("workers", written.to_string(), "1 to 1024"))
}

/// A change that goes past this node is seen after it.
fn check_cache_life(written: duration::Written) -> Result<Duration, Problem> {
    let right = (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&written.0);
    let problem = || Problem::new("cors_cache_life", format!("{:?}", written.0), "1s to 1h");
    right.then_some(written.0).ok_or_else(problem)
}

/// The region that SDKs assume when nobody names one.
pub(super) fn default_region() -> String {
    "us-east-1".to_owned()
}

/// A region is a label in a credential scope: no slash, no space, nothing to escape.
pub(super) fn check_region(region: String) -> Result<String, Problem> {
    let right = (1..=64).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if right {
        Ok(region)
    } else {
        Err(Problem::text("region", &region, "1 to 64 characters of A-Z, a-z, 0-9, - and _"))
    }
}

fn check_domains(written: &[String]) -> Result<Vec<String>, Problem> {
    let mut domains: Vec<String> = Vec::with_capacity(written.len());
    for (index, domain) in written.iter().enumerate() {
        let field = format!("domains[{index}]");
        let lower = domain.to_ascii_lowercase();
        if !is_host_name(&lower) {
            return Err(Problem::text(field, domain, "a host name without port, such as \"s3.example.com\""));
        }
        if domains.contains(&lower) {
            return Err(Problem::text(field, domain, "each domain once"));
        }
        domains.push(lower);
    }
    Ok(domains)
}

/// More threads than any machine has cores for.
const MOST_WORKERS: usize = 1024;

fn yes() -> bool {
    true
}

pub(super) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label) && text.parse::<IpAddr>().is_err()
}
