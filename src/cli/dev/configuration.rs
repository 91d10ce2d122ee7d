//! The configuration that `portcullis dev` writes and then runs: an ordinary one, which `check`, `key`
//! and a reader understand.

use std::path::PathBuf;

use anyhow::Context as _;

use super::backend::bind_loopback;
use super::certificate;
use super::folder::Folder;

/// The ports of the listeners, all on 127.0.0.1.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ports {
    pub(super) s3: Option<u16>,
    pub(super) api: Option<u16>,
    pub(super) admin: Option<u16>,
    pub(super) backend: Option<u16>,
}

impl Ports {
    /// The ports of the last run, as far as its configuration can be read: clients in other terminals
    /// still use them.
    pub(super) fn of_last_run(folder: &Folder) -> Self {
        folder.read(FILE).map(|text| Self::of(&text)).unwrap_or_default()
    }

    fn of(text: &str) -> Self {
        let Ok(table) = text.parse::<toml::Table>() else { return Self::default() };
        let port = |value: Option<&toml::Value>| value?.as_str()?.rsplit_once(':')?.1.parse().ok();
        let listen = |section: &str| port(table.get(section).and_then(|section| section.get("listen")));
        let backend = table.get("backend").and_then(|list| list.get(0)).and_then(|backend| backend.get("endpoint"));
        Self { s3: listen("s3"), api: listen("api"), admin: listen("admin"), backend: port(backend) }
    }
}

/// A port that is free now: `preferred`, if it is one.
pub(super) fn free_port(preferred: Option<u16>) -> anyhow::Result<Option<u16>> {
    let listener = bind_loopback(preferred).context("no free port on 127.0.0.1")?;
    Ok(Some(listener.local_addr().context("no free port on 127.0.0.1")?.port()))
}

/// Writes the configuration, and returns its path.
pub(super) fn write(folder: &Folder, ports: &Ports) -> anyhow::Result<PathBuf> {
    folder.write(FILE, &text(ports))?;
    Ok(folder.file(FILE))
}

fn text(ports: &Ports) -> String {
    let Ports { s3, api, admin, backend } = ports;
    let [s3, api, admin, backend] = [s3, api, admin, backend].map(|port| port.unwrap_or_default());
    let (certificate, key) = (certificate::CERTIFICATE, certificate::KEY);
    format!(
        r#"# Written by `portcullis dev` at each start: what you change here is lost, except for the ports.
# To go on from here, copy the folder's files, put your own backend in, and run
#     portcullis serve --config FILE

org_id = "dev"

[s3]
listen = "127.0.0.1:{s3}"
tls = {{ cert = "{certificate}", key = "{key}" }}
domains = ["s3.localhost"]

# Plain HTTP, as SDKs fetch container credentials over plain HTTP from loopback or over TLS from servers
# whose certificate is a public one.
[api]
listen = "127.0.0.1:{api}"

[admin]
listen = "127.0.0.1:{admin}"

# A machine to develop on has few open files to give.
[limits]
max_connections = 200
max_requests = 200

# The development backend keeps objects as files in objects/. It is part of `portcullis dev` and runs only
# as long as that does; its port stays the same as long as it is free.
[[backend]]
name = "files"
endpoint = "http://127.0.0.1:{backend}"
credentials = {{ access_key_id_file = "backend.id", secret_access_key_file = "backend.secret" }}
payload = "trailer"

[store]
path = "portcullis.redb"
seal_key_file = "seal.key"

[federation.saml]
entity_id = "http://127.0.0.1:{api}/saml"
acs_url = "http://127.0.0.1:{api}/v1/cwobject/temporary-credentials/saml"

[[identity]]
prefix = "static/"
permission = "admin"
permanent = true
[[identity]]
prefix = "coreweave/"
permission = "write"
permanent = true
[[identity]]
prefix = "saml/"
permission = "write"
[[identity]]
prefix = "role/"
permission = "write"
"#
    )
}

const FILE: &str = "portcullis.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_a_run_are_those_of_the_next() {
        let ports = Ports { s3: Some(8443), api: Some(40_000), admin: Some(40_001), backend: Some(40_002) };
        assert_eq!(Ports::of(&text(&ports)), ports);
    }

    #[test]
    fn a_configuration_that_cannot_be_read_has_no_ports() {
        for text in ["", "[s3", "s3 = 1", "[s3]\nlisten = 8443", "[s3]\nlisten = \"localhost\"", "backend = []"] {
            assert_eq!(Ports::of(text), Ports::default(), "{text}");
        }
    }
}
