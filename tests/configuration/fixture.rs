//! A folder with everything that a configuration refers to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portcullis::config::{Config, ConfigError, load_with_credentials};
use tempfile::TempDir;

/// The secret of the backend in every fixture.
pub(crate) const SECRET: &str = "a-backend-secret-of-thirty-chars";

/// A valid file, one field a line, for tests to break.
pub(crate) const VALID: &str = r#"org_id = "ab1cd2"
[s3]
listen = "127.0.0.1:0"
[[backend]]
name = "main"
endpoint = "http://127.0.0.1:8333"
credentials = { access_key_id_file = "backend.id", secret_access_key_file = "backend.secret" }
[store]
path = "portcullis.redb"
seal_key_file = "seal.key"
[[identity]]
prefix = "static/"
permission = "admin"
[limits]
header_timeout = "30s"
"#;

/// The folder; removed when dropped.
pub(crate) struct Fixture(TempDir);

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        for name in ["backend", "main", "archive"] {
            fixture.secret(&format!("{name}.id"), "PORTCULLISBACKENDID\n");
            fixture.secret(&format!("{name}.secret"), &format!("{SECRET}\n"));
        }
        fixture.secret("seal.key", "not read here");
        let development = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs");
        fixture.write("development.pem", &fs::read_to_string(development.join("server.pem")).unwrap());
        fixture.secret("development.key", &fs::read_to_string(development.join("server.key")).unwrap());
        let own = rcgen::generate_simple_self_signed(vec!["s3.example.com".to_owned()]).unwrap();
        fixture.write("server.pem", &own.cert.pem());
        fixture.secret("server.key", &own.signing_key.serialize_pem());
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file that everybody may read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.write_with_mode(name, text, 0o644);
    }

    /// A file that only its owner may read.
    pub(crate) fn secret(&self, name: &str, text: &str) {
        self.write_with_mode(name, text, 0o600);
    }

    pub(crate) fn write_with_mode(&self, name: &str, text: &str, mode: u32) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes `text` as the configuration and loads it.
    pub(crate) fn load(&self, text: &str) -> Result<Config, ConfigError> {
        self.load_with_credentials(text, None)
    }

    pub(crate) fn load_with_credentials(&self, text: &str, folder: Option<&Path>) -> Result<Config, ConfigError> {
        self.write("portcullis.toml", text);
        load_with_credentials(&self.path("portcullis.toml"), folder)
    }

    /// The line that `text` is refused with, without the folder's own name.
    pub(crate) fn refusal(&self, text: &str) -> String {
        let error = match self.load(text) {
            Ok(_) => return "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// [`VALID`] with `from` replaced by `to`.
pub(crate) fn valid_but(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "{from} is not in the valid file");
    VALID.replace(from, to)
}
