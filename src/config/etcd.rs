//! `[store]` with `kind = "etcd"`: the cluster that the nodes of a fleet share.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::secret_file::{self, Folders};
use super::{duration, size, tls};
use crate::identity::SecretAccessKey;

/// A cluster of etcd, and how it is reached.
#[derive(Clone, Debug)]
pub struct Etcd {
    /// Where its members listen for clients, such as `https://10.0.0.1:2379`; all of `https`, or all of `http`.
    pub endpoints: Vec<String>,
    /// What the names of all records begin with there.
    pub prefix: String,
    /// Certificates, where the endpoints are of `https`.
    pub tls: Option<EtcdTls>,
    /// Who we are there, where etcd asks for a password.
    pub login: Option<EtcdLogin>,
    /// How old an answer may be of which it is not proven that it is still right: 2 seconds to 15 minutes. A
    /// revocation takes as long to arrive, at worst.
    pub max_staleness: Duration,
    /// Where this node remembers how far the store was, to notice over a restart that an older copy was restored.
    pub node_memory: Option<PathBuf>,
    /// How many bytes etcd may take, its `--quota-backend-bytes`: nothing is added from 80% on.
    pub quota: u64,
}

/// How members of a cluster prove who they are, and we to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EtcdTls {
    /// Those who vouch for the members: certificates as PEM.
    pub ca_file: PathBuf,
    /// Our own certificate and its key, if etcd asks for one.
    pub client: Option<ClientCertificate>,
}

/// The certificate of a client, as PEM files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientCertificate {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A user of etcd.
#[derive(Clone, Debug)]
pub struct EtcdLogin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretAccessKey,
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    endpoints: Vec<String>,
    #[serde(default = "our_prefix")]
    prefix: String,
    ca_file: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    node_memory: Option<PathBuf>,
    #[serde(default = "two_gib")]
    quota: size::Written,
    #[serde(default = "five_seconds")]
    max_staleness: duration::Written,
    #[serde(default)]
    insecure: bool,
}

fn our_prefix() -> String {
    "/portcullis/".to_owned()
}

/// What etcd takes if nobody says otherwise.
fn two_gib() -> size::Written {
    size::Written(2 << 30)
}

fn five_seconds() -> duration::Written {
    duration::Written(Duration::from_secs(5))
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<Etcd, Problem> {
        if self.endpoints.is_empty() {
            return Err(Problem::new("endpoints", "none", "at least one URL such as \"https://10.0.0.1:2379\""));
        }
        for endpoint in &self.endpoints {
            check_endpoint(endpoint, self.insecure)?;
        }
        let is_https = |endpoint: &String| endpoint.starts_with("https://");
        let https = self.endpoints.iter().all(is_https);
        if !https && self.endpoints.iter().any(is_https) {
            return Err(Problem::new("endpoints", "http and https", "one of the two for all members"));
        }
        let prefix_is_right = self.prefix.ends_with('/')
            && self.prefix.len() <= 128
            && self.prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if !prefix_is_right {
            return Err(Problem::text("prefix", &self.prefix, "up to 128 printable characters, the last a slash"));
        }
        let max_staleness = self.max_staleness.0;
        if !(SHORTEST_STALENESS..=LONGEST_STALENESS).contains(&max_staleness) {
            let found = humantime::format_duration(max_staleness).to_string();
            return Err(Problem::text("max_staleness", &found, "\"2s\" to \"15min\""));
        }
        let client = match (self.cert, self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let key = folders.secret_path(&key);
                let text = secret_file::read(&key).map_err(|problem| problem.of("key"))?;
                tls::private_key(&text).map_err(|found| Problem::new("key", found, "a PEM private key"))?;
                Some(ClientCertificate { certificate: file("cert", folders.resolve(&certificate))?, key: key.path })
            }
            (Some(_), None) => return Err(Problem::new("key", "none", "the key that belongs to cert")),
            (None, Some(_)) => return Err(Problem::new("cert", "none", "the certificate that belongs to key")),
        };
        let tls = match (self.ca_file, https) {
            (Some(ca_file), true) => Some(EtcdTls { ca_file: file("ca_file", folders.resolve(&ca_file))?, client }),
            (None, true) => {
                return Err(Problem::new("ca_file", "none", "a PEM file with those who vouch for the members"));
            }
            (None, false) if client.is_none() => None,
            (_, false) => return Err(Problem::new("endpoints", "http", "https, to go with certificates")),
        };
        let login = match (self.user, self.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => {
                let password =
                    secret_file::read(&folders.secret_path(&file)).map_err(|problem| problem.of("password_file"))?;
                let password = SecretAccessKey::of_another_service(password)
                    .map_err(|_| Problem::new("password_file", "no password", "1 to 256 printable characters"))?;
                Some(EtcdLogin { user, password })
            }
            (Some(_), None) => return Err(Problem::new("password_file", "none", "the file with user's password")),
            (None, Some(_)) => return Err(Problem::new("user", "none", "the user whose password it is")),
        };
        let quota = self.quota.0;
        if quota < SMALLEST_QUOTA {
            return Err(Problem::text("quota", &quota.to_string(), "at least \"16MiB\""));
        }
        let node_memory = self.node_memory.map(|path| folders.resolve(&path));
        Ok(Etcd { endpoints: self.endpoints, prefix: self.prefix, tls, login, max_staleness, node_memory, quota })
    }
}

fn check_endpoint(endpoint: &str, insecure: bool) -> Result<(), Problem> {
    let expected = "a URL of scheme, host and port such as \"https://10.0.0.1:2379\"";
    let url: http::Uri = endpoint.parse().map_err(|_| Problem::text("endpoints", endpoint, expected))?;
    if endpoint.contains('@') {
        return Err(Problem::new("endpoints", "a URL with user information", expected));
    }
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(Problem::text("endpoints", endpoint, expected));
    };
    let is_plain = url.port_u16().is_some() && matches!(url.path(), "" | "/") && url.query().is_none();
    if !is_plain || host.is_empty() || !matches!(scheme, "http" | "https") {
        return Err(Problem::text("endpoints", endpoint, expected));
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback =
        host == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    if scheme == "http" && !is_loopback && !insecure {
        return Err(Problem::text("endpoints", endpoint, "https, or a loopback host, or insecure = true"));
    }
    Ok(())
}

fn file(field: &'static str, path: PathBuf) -> Result<PathBuf, Problem> {
    if path.is_file() { Ok(path) } else { Err(Problem::text(field, &path.to_string_lossy(), "a PEM file that exists")) }
}

const SMALLEST_QUOTA: u64 = 16 << 20;
const SHORTEST_STALENESS: Duration = Duration::from_secs(2);
const LONGEST_STALENESS: Duration = Duration::from_mins(15);
