//! The file as a whole: reading it, handing each section to its own check, and finding the line that
//! an error speaks of.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::secret_file::Folders;
use super::{
    Api, Backend, Ceiling, ConfigError, Endpoint, Federation, Limits, PolicyFile, S3, Store, api, backend, endpoint,
    federation, identity, limits, policies, s3, store,
};
use crate::identity::OrganizationId;

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The organization that owns keys, buckets and policies.
    pub organization: OrganizationId,
    /// The data plane's listener.
    pub s3: S3,
    /// The control plane's listener; none: only the control socket.
    pub api: Option<Api>,
    /// The listener for metrics and health; none: neither is served.
    pub admin: Option<Endpoint>,
    /// The storage behind Portcullis, at least one; a bucket goes to the first that matches.
    pub backends: Vec<Backend>,
    /// Where keys and everything else durable is kept.
    pub store: Store,
    /// The most that identities may do, by prefix, longest prefix first. An identity that no entry
    /// matches can neither be minted nor used.
    pub ceilings: Vec<Ceiling>,
    /// How identity providers are reached.
    pub federation: Federation,
    /// The organization policies that are kept in files.
    pub policies: Vec<PolicyFile>,
    /// Time, size and count limits.
    pub limits: Limits,
}

/// Reads the configuration at `path`; secrets named by a bare file name are looked for in
/// `$CREDENTIALS_DIRECTORY` first, where systemd puts them.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|value| !value.is_empty());
    load_with_credentials(path, credentials.as_ref().map(Path::new))
}

/// Reads the configuration at `path`, with `credentials` in place of `$CREDENTIALS_DIRECTORY`.
pub fn load_with_credentials(path: &Path, credentials: Option<&Path>) -> Result<Config, ConfigError> {
    let unreadable =
        |error: std::io::Error| ConfigError::Unreadable { file: path.to_owned(), reason: error.to_string() };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let written = parse(path, &text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    written.check(&Folders::new(folder, credentials)).map_err(|problem| ConfigError::Field {
        file: path.to_owned(),
        line: line_of_field(&text, &problem.field),
        field: problem.field,
        found: problem.found,
        expected: problem.expected,
    })
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    org_id: String,
    s3: s3::Written,
    api: Option<api::Written>,
    admin: Option<endpoint::Written>,
    #[serde(default)]
    backend: Vec<backend::Written>,
    store: store::Written,
    #[serde(default)]
    identity: Vec<identity::Written>,
    #[serde(default)]
    federation: federation::Written,
    #[serde(default)]
    policies: policies::Written,
    #[serde(default)]
    limits: limits::Written,
}

impl Written {
    fn check(self, folders: &Folders) -> Result<Config, Problem> {
        let organization = OrganizationId::parse(&self.org_id)
            .map_err(|_| Problem::text("org_id", &self.org_id, "1 to 64 characters of a-z, 0-9 and -"))?;
        let s3 = self.s3.check(folders).map_err(|problem| problem.under("s3"))?;
        let api = self.api.map(|api| api.check(folders)).transpose().map_err(|problem| problem.under("api"))?;
        let admin =
            self.admin.map(|admin| admin.check(folders)).transpose().map_err(|problem| problem.under("admin"))?;
        let api_address = api.as_ref().map(|api| api.endpoint.listen);
        let admin_address = admin.as_ref().map(|admin| admin.listen);
        each_address_once(s3.listen, [("api", api_address), ("admin", admin_address)])?;
        Ok(Config {
            organization,
            s3,
            api,
            admin,
            backends: backend::check_all(self.backend, folders)?,
            store: self.store.check(folders).map_err(|problem| problem.under("store"))?,
            ceilings: identity::check_all(self.identity)?,
            federation: self.federation.check(folders).map_err(|problem| problem.under("federation"))?,
            policies: self.policies.check(folders).map_err(|problem| problem.under("policies"))?,
            limits: self.limits.check().map_err(|problem| problem.under("limits"))?,
        })
    }
}

/// Two planes on one address would mean that one of them never starts.
fn each_address_once(s3: SocketAddr, others: [(&str, Option<SocketAddr>); 2]) -> Result<(), Problem> {
    let mut taken = HashSet::from([s3]);
    for (name, address) in others {
        // Port 0 asks the system for a free port each time.
        if let Some(address) = address.filter(|address| address.port() != 0)
            && !taken.insert(address)
        {
            let found = address.to_string();
            return Err(Problem::text(format!("{name}.listen"), &found, "an address that no other section listens on"));
        }
    }
    Ok(())
}

fn parse(path: &Path, text: &str) -> Result<Written, ConfigError> {
    let line_of = |error: &toml::de::Error| error.span().map(|span| line_at(text, span.start));
    let one_line = |error: &toml::de::Error| error.message().replace('\n', ", ");
    let deserializer = toml::Deserializer::parse(text).map_err(|error| ConfigError::Syntax {
        file: path.to_owned(),
        line: line_of(&error),
        reason: one_line(&error),
    })?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path_to_field = error.path().to_string();
        let message = one_line(error.inner());
        let (field, found, expected) = found_and_expected(&path_to_field, &message);
        ConfigError::Field { file: path.to_owned(), line: line_of(error.inner()), field, found, expected }
    })
}

/// Takes serde's sentence apart, so that every error has the same shape.
fn found_and_expected(path: &str, message: &str) -> (String, String, String) {
    let parent = if path == "." { "" } else { path };
    let inside = |name: &str| {
        // The path already ends in the name of an unknown field, but not in that of a missing one.
        let ends_in_name = parent == name || parent.ends_with(&format!(".{name}"));
        match (parent.is_empty(), ends_in_name) {
            (true, _) => name.to_owned(),
            (false, true) => parent.to_owned(),
            (false, false) => format!("{parent}.{name}"),
        }
    };
    let quoted = |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split_once('`'));
    if let Some((name, _)) = quoted("missing field `") {
        return (inside(name), "nothing".into(), "a value".into());
    }
    if let Some((name, rest)) = quoted("unknown field `") {
        let known = rest.split_once("expected ").map_or("no field here", |(_, known)| known);
        return (inside(name), "an unknown field".into(), known.replace('`', ""));
    }
    let field = if parent.is_empty() { "the file" } else { parent };
    if let Some((name, rest)) = quoted("unknown variant `") {
        return (field.into(), format!("{name:?}"), rest.trim_start_matches(", expected ").replace('`', ""));
    }
    match message.split_once(", expected ") {
        Some((found, expected)) => {
            let found = ["invalid type: ", "invalid value: ", "string "]
                .iter()
                .fold(found, |found, prefix| found.strip_prefix(prefix).unwrap_or(found));
            (field.into(), found.replace('`', ""), expected.replace('`', ""))
        }
        None => (field.into(), message.to_owned(), "a valid value".into()),
    }
}

/// The line of `field` (as in `backend[0].region`), or of the deepest part of its path that is there.
fn line_of_field(text: &str, field: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?.into_inner();
    let mut steps = field.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let first = steps.next()?;
    let (key, value) = document.get_key_value(first)?;
    let mut line = line_at(text, key.span().start);
    let mut here = value;
    for step in steps {
        let next = match here.get_ref() {
            DeValue::Table(table) => table.get_key_value(step).map(|(key, value)| (key.span(), value)),
            DeValue::Array(array) => {
                step.parse::<usize>().ok().and_then(|index| array.get(index)).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((span, value)) = next else { break };
        line = line_at(text, span.start);
        here = value;
    }
    Some(line)
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
