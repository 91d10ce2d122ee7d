//! The configuration of a test: written as TOML and read back by the program's own loader.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::app::{BACKEND_KEY_ID, BACKEND_SECRET};

/// What tests vary.
pub(crate) struct Setup {
    pub(crate) domains: Vec<String>,
    pub(crate) any_region: bool,
    /// One, so that a test knows which requests share connections to the backend.
    pub(crate) workers: usize,
    /// More lines of `[s3]`.
    pub(crate) s3: Vec<String>,
    pub(crate) tls: bool,
    pub(crate) backends: Vec<BackendSetup>,
    /// `(prefix, permission)` of each `[[identity]]`.
    pub(crate) identities: Vec<(String, String)>,
    /// Lines of `[api]`, which listens on a free port; `None` without a control plane.
    pub(crate) api: Option<Vec<String>>,
    /// Whether health is told, on a free port.
    pub(crate) admin: bool,
    /// Lines of `[federation]`.
    pub(crate) federation: Vec<String>,
    /// File names and documents of the organization policies.
    pub(crate) policies: Vec<(String, String)>,
    /// Lines of `[limits]`.
    pub(crate) limits: Vec<String>,
    /// Lines of `[store.etcd]`, for a node of a fleet; `None` for a store of its own.
    pub(crate) etcd: Option<Vec<String>>,
    /// What the seal key files hold, the current one first; none: that of fleets, or none yet where there is no fleet.
    pub(crate) seal_keys: Vec<String>,
}

/// One `[[backend]]`.
pub(crate) struct BackendSetup {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) addressing: &'static str,
    pub(crate) buckets: Vec<String>,
    pub(crate) payload: &'static str,
    pub(crate) exact_keys: bool,
    /// The certificates to trust, if not the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl BackendSetup {
    pub(crate) fn new(name: &str, endpoint: String) -> Self {
        Self {
            name: name.to_owned(),
            endpoint,
            region: "eu-backend-1".to_owned(),
            addressing: "path",
            buckets: vec!["*".to_owned()],
            // Not "auto": its probe would reach the backend on its own.
            payload: "trailer",
            exact_keys: false,
            ca_file: None,
        }
    }
}

impl Setup {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            domains: vec!["s3.example.com".to_owned()],
            any_region: false,
            workers: 1,
            s3: Vec::new(),
            tls: false,
            backends: vec![BackendSetup::new("main", endpoint)],
            identities: vec![("static/".to_owned(), "admin".to_owned())],
            api: None,
            admin: false,
            federation: Vec::new(),
            policies: vec![("allow-all.json".to_owned(), ALLOW_ALL.to_owned())],
            limits: Vec::new(),
            etcd: None,
            seal_keys: Vec::new(),
        }
    }

    /// The first backend.
    pub(crate) fn backend(&mut self) -> &mut BackendSetup {
        &mut self.backends[0]
    }

    /// Writes the configuration and all that it names into `folder`, and returns its path.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        secret(&folder.join("backend.id"), BACKEND_KEY_ID);
        secret(&folder.join("backend.secret"), BACKEND_SECRET);
        let tls = if self.tls {
            make_certificate(folder);
            "tls = { cert = \"server.pem\", key = \"server.key\" }"
        } else {
            ""
        };
        let mut text = format!(
            "org_id = \"ab1cd2\"\n\
             [s3]\nlisten = \"127.0.0.1:0\"\ndomains = {:?}\nregion = \"us-east-1\"\nany_region = {}\nworkers = {}\n{tls}\n{}\n\
             [store]\nseal_key_file = \"seal.key\"\n",
            self.domains,
            self.any_region,
            self.workers,
            self.s3.join("\n")
        );
        if let Some((current, older)) = self.seal_keys.split_first() {
            secret(&folder.join("seal.key"), current);
            let names: Vec<_> = (0..older.len()).map(|number| format!("older-{number}.key")).collect();
            names.iter().zip(older).for_each(|(name, key)| secret(&folder.join(name), key));
            let _ = writeln!(text, "older_seal_key_files = {names:?}");
        }
        match &self.etcd {
            None => text.push_str("kind = \"embedded\"\npath = \"portcullis.redb\"\n"),
            Some(lines) => {
                if self.seal_keys.is_empty() {
                    secret(&folder.join("seal.key"), SEAL_KEY_OF_FLEETS);
                }
                let _ = writeln!(text, "kind = \"etcd\"\n[store.etcd]\n{}", lines.join("\n"));
            }
        }
        if let Some(lines) = &self.api {
            let _ = writeln!(text, "[api]\nlisten = \"127.0.0.1:0\"\n{}", lines.join("\n"));
        }
        if self.admin {
            text.push_str("[admin]\nlisten = \"127.0.0.1:0\"\n");
        }
        if !self.federation.is_empty() {
            let _ = writeln!(text, "[federation]\n{}", self.federation.join("\n"));
        }
        fs::create_dir_all(folder.join("policies")).expect("the folder is ours");
        for (file, document) in &self.policies {
            fs::write(folder.join("policies").join(file), document).expect("the folder is ours");
        }
        text.push_str("[policies]\nfolder = \"policies\"\n[limits]\n");
        text.push_str(&self.limits.join("\n"));
        text.push('\n');
        for backend in &self.backends {
            let _ = write!(
                text,
                "[[backend]]\nname = {:?}\nendpoint = {:?}\nregion = {:?}\naddressing = {:?}\nbuckets = {:?}\n\
                 payload = {:?}\nexact_keys = {}\n\
                 credentials = {{ access_key_id_file = \"backend.id\", secret_access_key_file = \"backend.secret\" }}\n",
                backend.name,
                backend.endpoint,
                backend.region,
                backend.addressing,
                backend.buckets,
                backend.payload,
                backend.exact_keys
            );
            if let Some(file) = &backend.ca_file {
                let _ = writeln!(text, "ca_file = \"{}\"", file.display());
            }
        }
        for (prefix, permission) in &self.identities {
            let _ = write!(
                text,
                "[[identity]]\nprefix = {prefix:?}\npermission = {permission:?}\npermanent = {}\n",
                prefix.starts_with("static/") || prefix.starts_with("coreweave/")
            );
        }
        let file = folder.join("portcullis.toml");
        fs::write(&file, text).expect("the folder is ours");
        file
    }

    /// The certificate authority to trust, if the listener speaks TLS.
    pub(super) fn ca(&self, folder: &Path) -> Option<PathBuf> {
        self.tls.then(|| folder.join("ca.pem"))
    }
}

/// The same on every node; it is 32 bytes.
pub(crate) const SEAL_KEY_OF_FLEETS: &str = "cG9ydGN1bGxpcyB0ZXN0cyBzZWFsIHdpdGggdGhpcyE=";

/// Everybody may do everything, as far as their keys and ceilings go.
pub(crate) const ALLOW_ALL: &str = r#"{"version": "v1alpha1", "name": "allow-all", "statements": [
    {"name": "everything", "effect": "Allow", "actions": ["s3:*", "cwobject:*"], "resources": ["*"], "principals": ["*"]}
]}"#;

/// A file that only its owner may read, as the program demands of secrets.
fn secret(path: &Path, text: &str) {
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
    let names = ["localhost", "s3.example.com", "*.s3.example.com"].map(str::to_owned);
    let certificate = rcgen::CertificateParams::new(names.to_vec())
        .and_then(|params| params.signed_by(&key, &issuer))
        .expect("a certificate");
    fs::write(folder.join("ca.pem"), authority_certificate.pem()).expect("the folder is ours");
    fs::write(folder.join("server.pem"), certificate.pem()).expect("the folder is ours");
    secret(&folder.join("server.key"), &key.serialize_pem());
}
