//! The folder of a development server: private, used by one process at a time, and every file in it
//! either whole or absent.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rand::Rng;
use zeroize::Zeroizing;

use crate::identity::{AccessKeyId, SecretAccessKey};

/// A development folder that this process alone uses, until it is dropped.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

/// An access key, whole.
pub(super) struct Credential {
    pub(super) id: AccessKeyId,
    pub(super) secret: SecretAccessKey,
}

impl Folder {
    /// Makes `path` a development folder, or opens the one that it is.
    ///
    /// # Errors
    /// If it is somebody's folder with other things in it, if another process uses it, or if the system
    /// refuses.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Its mode is about to change and files are about to be written: not in a folder of something else.
                let mut entries = fs::read_dir(path).with_context(|| format!("{shown} cannot be read"))?;
                if !path.join(LOCK).exists() && entries.next().is_some() {
                    bail!("{shown} is a folder with other things in it: name a new one with --dir");
                }
                fs::set_permissions(path, Permissions::from_mode(0o700))
                    .with_context(|| format!("{shown} cannot be made private"))?;
            }
            Err(error) => return Err(error).with_context(|| format!("the folder {shown} cannot be made")),
        }
        let path = path.canonicalize().with_context(|| format!("{shown} cannot be found"))?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .with_context(|| format!("{shown}/{LOCK} cannot be opened"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "another portcullis dev runs in {shown} already: stop that one, or name another folder with --dir"
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{shown}/{LOCK} cannot be locked")),
        }
    }

    /// The absolute path of the file called `name`.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The absolute path of the folder called `name` inside, which is made if it is not there.
    pub(super) fn subfolder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(path)
    }

    /// What the file called `name` holds; `None` if there is none, or none that is text.
    pub(super) fn read(&self, name: &str) -> Option<Zeroizing<String>> {
        fs::read_to_string(self.path.join(name)).ok().map(Zeroizing::new)
    }

    /// Replaces the file called `name` in one step; only the owner can read it.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let (new, path) = (self.path.join(format!("{name}.new")), self.path.join(name));
        let replace = || -> io::Result<()> {
            // Left behind by a process that was killed here: its mode could be another.
            fs::remove_file(&new).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        replace().with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The credential kept as `<name>.id` and `<name>.secret`, if both are there and well-formed.
    pub(super) fn kept_credential(&self, name: &str) -> Option<Credential> {
        let id = self.read(&format!("{name}.id"))?;
        let secret = self.read(&format!("{name}.secret"))?;
        let secret = Zeroizing::new(secret.trim_end().to_owned());
        Some(Credential { id: AccessKeyId::parse(id.trim_end()).ok()?, secret: SecretAccessKey::parse(secret).ok()? })
    }

    /// Keeps a credential as `<name>.id` and `<name>.secret`.
    pub(super) fn keep_credential(&self, name: &str, credential: &Credential) -> anyhow::Result<()> {
        let (id, secret) = (format!("{name}.id"), format!("{name}.secret"));
        // The id last, and first away: between the two there is no pair that does not belong together.
        match fs::remove_file(self.path.join(&id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{id} cannot be replaced"));
            }
            _ => {}
        }
        self.write(&secret, &Zeroizing::new(format!("{}\n", credential.secret.expose())))?;
        self.write(&id, &format!("{}\n", credential.id))
    }

    /// The credential called `name`, drawn now if there is none yet.
    pub(super) fn credential(&self, name: &str, random: &mut impl Rng) -> anyhow::Result<Credential> {
        if let Some(kept) = self.kept_credential(name) {
            return Ok(kept);
        }
        let new = Credential { id: AccessKeyId::generate(random), secret: SecretAccessKey::generate(random) };
        self.keep_credential(name, &new)?;
        Ok(new)
    }
}

/// Locked while a server runs in the folder; also what tells a development folder from any other.
const LOCK: &str = "dev.lock";
