//! `[store]`: where everything durable is kept, and the key that seals it.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::Problem;
use super::secret_file::{self, Folders};

/// The store's section, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Store {
    /// The embedded database file; its folder exists.
    pub path: PathBuf,
    /// The key-encryption key. Either absent yet, or readable by its owner only.
    pub seal_key_file: PathBuf,
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    kind: Kind,
    path: PathBuf,
    seal_key_file: PathBuf,
}

/// The kinds of store that a configuration may name.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Embedded,
    Etcd,
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<Store, Problem> {
        if let Kind::Etcd = self.kind {
            return Err(Problem::text("kind", "etcd", "\"embedded\" (the etcd store is not in this build)"));
        }
        let path = folders.resolve(&self.path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Problem::text("path", &path.to_string_lossy(), "a file in a folder that exists"));
        }
        let seal_key = folders.secret_path(&self.seal_key_file);
        // Whether a missing one may be made is for the store to say: it knows if there is data to open.
        if seal_key.path.exists() {
            secret_file::check_mode(&seal_key).map_err(|problem| problem.of("seal_key_file"))?;
        }
        Ok(Store { path, seal_key_file: seal_key.path })
    }
}
