//! Portcullis itself, with everything on: TLS, verification, ceilings, an organization policy, a bucket policy
//! with conditions, re-signing, and a record of each request in a log file.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;

use super::{Proxy, free_address};
use crate::pinned::command_on;
use crate::requests::REGION;
use crate::store::ORGANIZATION;

/// How Portcullis runs for a row.
pub(crate) struct Setup<'a> {
    pub(crate) name: &'static str,
    pub(crate) program: &'a Path,
    pub(crate) cores: &'a str,
    pub(crate) tls: bool,
    pub(crate) workers: usize,
    /// Lines of `[limits]`.
    pub(crate) limits: &'a str,
}

/// Starts Portcullis over the store in `folder`.
pub(crate) fn portcullis(folder: &Path, setup: &Setup<'_>, origin: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    secret(&folder.join("backend.id"), "PORTCULLISBACKENDKEY")?;
    secret(&folder.join("backend.secret"), "backendSecretNobodyMaySee0123456789abcdef")?;
    let tls = if setup.tls { "tls = { cert = \"cert.pem\", key = \"key.pem\" }" } else { "" };
    let text = format!(
        "org_id = {ORGANIZATION:?}
[s3]
listen = \"{address}\"
region = {REGION:?}
workers = {}
{tls}
[[backend]]
name = \"main\"
endpoint = \"http://{origin}\"
payload = \"plain\"
credentials = {{ access_key_id_file = \"backend.id\", secret_access_key_file = \"backend.secret\" }}
[store]
path = \"portcullis.redb\"
seal_key_file = \"seal.key\"
[policies]
folder = \"policies\"
[[identity]]
prefix = \"coreweave/\"
permission = \"read\"
[[identity]]
prefix = \"static/\"
permission = \"write\"
permanent = true
[limits]
{}
",
        setup.workers, setup.limits
    );
    let file = folder.join("portcullis.toml");
    fs::write(&file, text)?;
    let mut command = command_on(setup.cores, setup.program);
    command.args(["serve", "--config"]).arg(&file).current_dir(folder);
    command.env_remove("RUST_LOG");
    Proxy::start(setup.name, command, address, setup.tls, folder)
}

/// A file that only its owner may read, as the program demands of secrets.
pub(crate) fn secret(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}
