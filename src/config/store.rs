//! `[store]`: where everything durable is kept, and the key that seals it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::Problem;
use super::etcd::{self, Etcd};
use super::secret_file::{self, Folders};

/// The store's section, checked.
#[derive(Clone, Debug)]
pub struct Store {
    /// Where the records are.
    pub place: StorePlace,
    /// The key-encryption key. Of an embedded store, it may be absent yet; otherwise readable by its owner only.
    pub seal_key_file: PathBuf,
    /// Keys that sealed before it, and that only open now.
    pub older_seal_key_files: Vec<PathBuf>,
    /// Where this node's control socket is: commands on this machine reach the running server there.
    pub control_socket: PathBuf,
}

impl Store {
    /// An embedded store with its key, the control socket beside it.
    #[must_use]
    pub fn embedded(path: PathBuf, seal_key_file: PathBuf) -> Self {
        let control_socket = path.with_file_name(SOCKET);
        Self { place: StorePlace::Embedded(path), seal_key_file, older_seal_key_files: Vec::new(), control_socket }
    }
}

impl Store {
    /// The same for a program beside the node: it has no memory of its own, and must not use the node's.
    #[must_use]
    pub fn beside_the_node(mut self) -> Self {
        if let StorePlace::Etcd(etcd) = &mut self.place {
            etcd.node_memory = None;
        }
        self
    }
}

/// Where records are.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// In this file, of one process; its folder exists.
    Embedded(PathBuf),
    /// In a cluster that the nodes of a fleet share.
    Etcd(Box<Etcd>),
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    kind: Kind,
    path: Option<PathBuf>,
    etcd: Option<etcd::Written>,
    seal_key_file: PathBuf,
    #[serde(default)]
    older_seal_key_files: Vec<PathBuf>,
    control_socket: Option<PathBuf>,
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
        let place = match self.kind {
            Kind::Etcd if cfg!(not(feature = "etcd")) => {
                let expected = "\"embedded\": this build is without etcd (cargo build --features etcd)";
                return Err(Problem::text("kind", "etcd", expected));
            }
            Kind::Embedded => {
                if self.etcd.is_some() {
                    return Err(Problem::text("kind", "embedded", "\"etcd\", to go with [store.etcd]"));
                }
                let path = self.path.ok_or_else(|| Problem::new("path", "none", "the file to keep the store in"))?;
                StorePlace::Embedded(check_path(&path, folders)?)
            }
            Kind::Etcd => {
                if self.path.is_some() {
                    return Err(Problem::new("path", "a file", "none: the store is in etcd"));
                }
                let etcd = self.etcd.ok_or_else(|| Problem::new("etcd", "none", "a section [store.etcd]"))?;
                StorePlace::Etcd(Box::new(etcd.check(folders).map_err(|problem| problem.under("etcd"))?))
            }
        };
        let seal_key = folders.secret_path(&self.seal_key_file);
        // Whether a missing one may be made is for the store to say: it knows if there is data to open.
        if seal_key.path.exists() {
            secret_file::check_mode(&seal_key).map_err(|problem| problem.of("seal_key_file"))?;
        }
        let mut older_seal_key_files = Vec::with_capacity(self.older_seal_key_files.len());
        for written in &self.older_seal_key_files {
            let older = folders.secret_path(written);
            secret_file::check_mode(&older).map_err(|problem| problem.of("older_seal_key_files"))?;
            older_seal_key_files.push(older.path);
        }
        let control_socket = match (self.control_socket, &place) {
            (Some(socket), _) => folders.resolve(&socket),
            (None, StorePlace::Embedded(path)) => path.with_file_name(SOCKET),
            (None, StorePlace::Etcd(_)) => folders.resolve(Path::new(SOCKET)),
        };
        Ok(Store { place, seal_key_file: seal_key.path, older_seal_key_files, control_socket })
    }
}

fn check_path(written: &Path, folders: &Folders) -> Result<PathBuf, Problem> {
    let path = folders.resolve(written);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Problem::text("path", &path.to_string_lossy(), "a file in a folder that exists"));
    }
    Ok(path)
}

const SOCKET: &str = "control.sock";
