//! `[[backend]]`: the storage behind Portcullis, which buckets it holds, and Portcullis's own
//! credential for it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use http::uri::{Authority, Scheme, Uri};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::Problem;
use super::s3;
use super::secret_file::{self, Folders};
use crate::identity::SecretAccessKey;

/// A backend, checked.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its name in logs and metrics; unique.
    pub name: String,
    /// Where it is.
    pub endpoint: BackendEndpoint,
    /// The region its signatures name.
    pub region: String,
    /// Where the bucket stands in requests to it.
    pub addressing: Addressing,
    /// The buckets it holds, at least one pattern.
    pub buckets: Vec<BucketPattern>,
    /// The id of Portcullis's own access key there.
    pub access_key_id: String,
    /// The secret of Portcullis's own access key there.
    pub secret: SecretAccessKey,
    /// How verified uploads are sent on.
    pub payload: PayloadForm,
    /// Whether it keeps every byte of a key as it is, empty and dot segments included.
    pub exact_keys: bool,
    /// Certificates to trust instead of the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// A backend's scheme and authority; there is never a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackendEndpoint {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and, if written, port.
    pub authority: Authority,
}

/// Where the bucket stands in a request to a backend.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// In the path: `https://host/bucket/key`.
    #[default]
    Path,
    /// In the host name: `https://bucket.host/key`.
    Virtual,
}

/// How a verified upload is sent on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum PayloadForm {
    /// With trailers where the backend was found to take them, else plain.
    #[default]
    Auto,
    /// As a plain body of the decoded length.
    Plain,
    /// In chunks, each signed with Portcullis's own credential, so that nobody on the way can change it.
    Signed,
    /// As `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    Trailer,
}

/// The buckets of a backend, by the client's name for them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BucketPattern {
    /// Every bucket: `*`.
    Any,
    /// One bucket by its name.
    Exact(String),
    /// Every bucket whose name starts so: `logs-*`.
    Prefix(String),
}

impl BucketPattern {
    /// Whether `bucket` is one of them.
    #[must_use]
    pub fn matches(&self, bucket: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => name == bucket,
            Self::Prefix(prefix) => bucket.starts_with(prefix),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            (1..=63).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        match text.strip_suffix('*') {
            Some("") => Some(Self::Any),
            Some(prefix) => is_name(prefix).then(|| Self::Prefix(prefix.to_owned())),
            None => is_name(text).then(|| Self::Exact(text.to_owned())),
        }
    }
}

impl BackendEndpoint {
    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.authority.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    fn parse(text: &str) -> Option<Self> {
        let parts = text.parse::<Uri>().ok()?.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)?;
        let authority = parts.authority.filter(|authority| !authority.as_str().contains('@'))?;
        let bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/" || path.as_str().is_empty());
        (bare && !authority.host().is_empty()).then_some(Self { scheme, authority })
    }
}

impl fmt::Display for BackendEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority)
    }
}

/// An entry as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    endpoint: String,
    #[serde(default = "s3::default_region")]
    region: String,
    #[serde(default)]
    addressing: Addressing,
    #[serde(default = "every_bucket")]
    buckets: Vec<String>,
    credentials: WrittenCredentials,
    #[serde(default)]
    payload: PayloadForm,
    #[serde(default)]
    exact_keys: bool,
    #[serde(default)]
    insecure: bool,
    ca_file: Option<PathBuf>,
}

/// The files that hold Portcullis's own credential, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCredentials {
    access_key_id_file: PathBuf,
    secret_access_key_file: PathBuf,
}

fn every_bucket() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Checks every entry, and that there is one.
pub(super) fn check_all(written: Vec<Written>, folders: &Folders) -> Result<Vec<Backend>, Problem> {
    if written.is_empty() {
        return Err(Problem::new("backend", "none", "at least one [[backend]] section"));
    }
    let mut backends: Vec<Backend> = Vec::with_capacity(written.len());
    for (index, entry) in written.into_iter().enumerate() {
        let section = format!("backend[{index}]");
        if backends.iter().any(|other| other.name == entry.name) {
            return Err(Problem::text("name", &entry.name, "a name that no other backend has").under(section));
        }
        backends.push(entry.check(folders).map_err(|problem| problem.under(section))?);
    }
    Ok(backends)
}

impl Written {
    fn check(self, folders: &Folders) -> Result<Backend, Problem> {
        if !is_label(&self.name) {
            return Err(Problem::text("name", &self.name, "1 to 64 characters of a-z, 0-9, - and _"));
        }
        let endpoint = BackendEndpoint::parse(&self.endpoint).ok_or_else(|| {
            let expected = "scheme, host and port such as \"https://s3.internal:8333\"";
            if self.endpoint.contains('@') {
                // What stands before the @ may be a password.
                return Problem::new("endpoint", "a URL with user information", expected);
            }
            Problem::text("endpoint", &self.endpoint, expected)
        })?;
        let is_exposed = endpoint.scheme == Scheme::HTTP && !endpoint.is_loopback();
        if is_exposed && !self.insecure && self.payload != PayloadForm::Signed {
            let expected = "https, or a loopback host, or payload = \"signed\", or insecure = true";
            return Err(Problem::text("endpoint", &self.endpoint, expected));
        }
        let (access_key_id, secret) =
            self.credentials.check(endpoint.is_loopback(), folders).map_err(|problem| problem.under("credentials"))?;
        let ca_file = self.ca_file.map(|path| folders.resolve(&path));
        if let Some(path) = ca_file.as_ref().filter(|path| !path.is_file()) {
            return Err(Problem::text("ca_file", &path.to_string_lossy(), "a PEM file that exists"));
        }
        Ok(Backend {
            name: self.name,
            endpoint,
            region: s3::check_region(self.region)?,
            addressing: self.addressing,
            buckets: check_buckets(&self.buckets)?,
            access_key_id,
            secret,
            payload: self.payload,
            exact_keys: self.exact_keys,
            ca_file,
        })
    }
}

impl WrittenCredentials {
    fn check(self, is_loopback: bool, folders: &Folders) -> Result<(String, SecretAccessKey), Problem> {
        let read = |file: PathBuf, field: &'static str| {
            secret_file::read(&folders.secret_path(&file)).map_err(|problem| problem.of(field))
        };
        let id = read(self.access_key_id_file, "access_key_id_file")?;
        let is_id =
            (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && !b"/,=".contains(&byte));
        if !is_id {
            let found = format!("{} bytes that are no access key id", id.len());
            return Err(Problem::new("access_key_id_file", found, "1 to 128 printable characters other than / , ="));
        }
        let secret = read(self.secret_access_key_file, "secret_access_key_file")?;
        if !is_loopback && is_published(&id, &secret) {
            let expected = "a credential of your own: this one is published, and the backend is not on loopback";
            return Err(Problem::new("secret_access_key_file", "a default or example credential", expected));
        }
        let found = format!("{} bytes that are no secret access key", secret.len());
        let secret = SecretAccessKey::parse(secret).map_err(|_| {
            Problem::new("secret_access_key_file", found, "16 to 256 printable ASCII characters without spaces")
        })?;
        Ok((id.as_str().to_owned(), secret))
    }
}

/// Whether a credential is one that every attacker tries first: those of vendors' documentation and
/// of default installations.
fn is_published(id: &Zeroizing<String>, secret: &Zeroizing<String>) -> bool {
    PUBLISHED_IDS.contains(&id.as_str()) || PUBLISHED_SECRETS.contains(&secret.as_str())
}

const PUBLISHED_IDS: [&str; 5] =
    ["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "minioadmin", "rustfsadmin", "Q3AM3UQ867SPQQA43P2F"];
const PUBLISHED_SECRETS: [&str; 8] = [
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
    "zuf+tfteSlswRu7BJ86wekitnifILbZam1KYY3TG",
    "minioadmin",
    "minio123",
    "rustfsadmin",
    "password",
    "changeme",
];

fn check_buckets(written: &[String]) -> Result<Vec<BucketPattern>, Problem> {
    if written.is_empty() {
        return Err(Problem::new("buckets", "an empty list", "at least one bucket, or \"*\""));
    }
    let parse = |(index, text): (usize, &String)| {
        let expected = "a bucket name, or one that ends in *, or \"*\"";
        BucketPattern::parse(text).ok_or_else(|| Problem::text(format!("buckets[{index}]"), text, expected))
    };
    written.iter().enumerate().map(parse).collect()
}

fn is_label(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
