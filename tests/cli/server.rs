//! A whole server with an API, started in this process, its store in a folder of its own.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::app::{App, Running};
use portcullis::clock::SystemClock;
use portcullis::config;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::program::Program;

/// The server, and the folder with its configuration.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<Running>,
    tls: bool,
    /// The URL of the API, also when it was stopped.
    pub(crate) api: String,
}

impl Server {
    pub(crate) fn start(tls: bool) -> Self {
        let mut server = Self::stopped(tls);
        server.resume();
        server
    }

    /// One that never ran.
    pub(crate) fn stopped(tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        secret(&folder.path().join("backend.id"), "PORTCULLISBACKENDKEY");
        secret(&folder.path().join("backend.secret"), "backendSecretNobodyMaySee0123456789abcdef");
        make_certificate(folder.path());
        let runtime = Runtime::new().expect("a runtime");
        let server = Self { folder, runtime, running: None, tls, api: "http://127.0.0.1:0".to_owned() };
        server.write(0);
        server
    }

    /// Starts it, or starts it again where it was.
    pub(crate) fn resume(&mut self) {
        let port = self.api.rsplit(':').next().expect("a port").parse().expect("a port");
        self.write(port);
        let config = config::load(&self.config()).expect("the test's configuration is valid");
        let running = self.runtime.block_on(App::start(config, Arc::new(SystemClock))).expect("the app starts");
        let port = running.api_address.expect("it has an API").port();
        self.api = if self.tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        self.running = Some(running);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("portcullis.toml")
    }

    /// The certificate of the authority that issued the server's.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The program, at home in this folder.
    pub(crate) fn program<const N: usize>(&self, arguments: [&str; N]) -> Program {
        Program::new(self.folder.path()).args(arguments)
    }

    /// The program over the control socket, or over the store.
    pub(crate) fn local<const N: usize>(&self, arguments: [&str; N]) -> Program {
        self.program(arguments).args(["--config".as_ref(), self.config().as_os_str()])
    }

    /// The program over the API, with the token in `file`.
    pub(crate) fn remote<const N: usize>(&self, arguments: [&str; N], file: &Path) -> Program {
        let program = self.program(arguments).args(["--api", &self.api]);
        let program = program.args(["--token-file".as_ref(), file.as_os_str()]);
        if self.tls { program.args(["--ca-file".as_ref(), self.ca().as_os_str()]) } else { program }
    }

    /// Makes a token and the file `name` that holds it.
    pub(crate) fn token(&self, name: &str, permission: &str) -> (PathBuf, Value) {
        let created = self.local(["token", "create", "--json", "--name", name, "--permission", permission]).json();
        let file = self.folder.path().join(name);
        secret(&file, &format!("{}\n", created["token"].as_str().expect("a token")));
        (file, created)
    }

    fn write(&self, port: u16) {
        let tls = if self.tls { "tls = { cert = \"server.pem\", key = \"server.key\" }" } else { "" };
        let mut text = format!(
            "org_id = \"ab1cd2\"\n[s3]\nlisten = \"127.0.0.1:0\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n{tls}\n\
             [store]\npath = \"portcullis.redb\"\nseal_key_file = \"seal.key\"\n\
             [[backend]]\nname = \"main\"\nendpoint = \"http://127.0.0.1:1\"\npayload = \"plain\"\n\
             credentials = {{ access_key_id_file = \"backend.id\", secret_access_key_file = \"backend.secret\" }}\n\
             [policies]\nfolder = \"policies\"\n\
             [federation.saml]\nentity_id = \"https://localhost/saml\"\nacs_url = \"https://localhost/acs\"\n"
        );
        for (prefix, permanent) in [("coreweave/", true), ("saml/", false), ("role/", false), ("static/", true)] {
            let _ =
                write!(text, "[[identity]]\nprefix = \"{prefix}\"\npermission = \"write\"\npermanent = {permanent}\n");
        }
        fs::write(self.config(), text).expect("the folder is ours");
        let policies = self.folder.path().join("policies");
        fs::create_dir_all(&policies).expect("the folder is ours");
        fs::write(policies.join("mint.json"), MINT).expect("the folder is ours");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets everybody make keys.
const MINT: &str = r#"{"version": "v1alpha1", "name": "mint", "statements": [
    {"name": "all", "effect": "Allow", "actions": ["cwobject:CreateAccessKey*"], "resources": ["*"], "principals": ["*"]}
]}"#;

/// A file that only its owner may read.
pub(crate) fn secret(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}

/// A certificate authority and a certificate for `localhost`, good for this test only.
fn make_certificate(folder: &Path) {
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).expect("no names");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&key, &issuer))
        .expect("a certificate");
    fs::write(folder.join("ca.pem"), authority_certificate.pem()).expect("the folder is ours");
    fs::write(folder.join("server.pem"), certificate.pem()).expect("the folder is ours");
    secret(&folder.join("server.key"), &key.serialize_pem());
}
