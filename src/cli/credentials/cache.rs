//! Keys on the disk, each in a file that only its owner can read, and a lock for each, so that of many
//! processes that need one at the same time a single one gets it. Whatever is not as it should be is
//! ignored: the price is another key.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::mint::Credential;

/// A key, and since when this machine has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Cached {
    /// By this machine's clock, just before it was asked for.
    pub(super) issued_at: Timestamp,
    /// The digest of the API token that it was made with; `None` for a token of an identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    pub(super) credential: Credential,
}

impl Cached {
    /// Whether less than 80% of its life are over.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let life = self.credential.expires_at.duration_since(self.issued_at);
        let fresh_until = self.issued_at.checked_add(life / 5 * 4).unwrap_or(self.issued_at);
        // One from the future is from before somebody set the clock back: its age is unknown.
        self.issued_at <= now && now < fresh_until
    }

    pub(super) fn is_living(&self, now: Timestamp) -> bool {
        now < self.credential.expires_at
    }
}

/// The folder of all kept keys: ours, and closed to everybody else.
pub(super) struct Folder {
    path: PathBuf,
    owner: u32,
}

/// The place of one key.
pub(super) struct Entry {
    file: PathBuf,
    lock: PathBuf,
    owner: u32,
}

/// Held while a key is got and written. Let go when dropped.
pub(super) struct Lock {
    _file: File,
}

/// Why a key cannot be got under its lock.
pub(super) enum LockError {
    /// Another process has it, for longer than is good.
    Busy(String),
    /// Nobody can have it.
    Unusable(String),
}

impl Folder {
    /// Finds or makes it. An error says why keys cannot be kept.
    pub(super) fn open() -> Result<Self, String> {
        let home = cache_home().ok_or("neither XDG_CACHE_HOME nor HOME names a folder")?;
        let owner = ourselves().map_err(|error| error.to_string())?;
        // One after the other: whoever owns the first, or may write to it, chooses what the second is.
        let ours = home.join("portcullis");
        make_private(&ours, owner)?;
        let path = ours.join("credentials");
        make_private(&path, owner)?;
        Ok(Self { path, owner })
    }

    pub(super) fn entry(&self, name: &str) -> Entry {
        let path = |end: &str| self.path.join(format!("{name}.{end}"));
        Entry { file: path("json"), lock: path("lock"), owner: self.owner }
    }
}

impl Entry {
    /// What is kept, if anything is and it can be used; `complain` is told why it cannot.
    pub(super) fn read(&self, complain: impl Fn(&str)) -> Option<Cached> {
        match self.try_read() {
            Ok(cached) => cached,
            Err(why) => {
                complain(&format!("the kept key {} is ignored: {why}", self.file.display()));
                None
            }
        }
    }

    fn try_read(&self) -> Result<Option<Cached>, String> {
        let mut file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err("it is no file of ours".to_owned());
        }
        if metadata.uid() != self.owner {
            return Err("it belongs to another user".to_owned());
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(format!("others can read or write it (mode {:04o})", metadata.mode() & 0o777));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        // The words of the parser could hold a piece of the secret.
        serde_json::from_slice(&bytes).map(Some).map_err(|_| "it is damaged".to_owned())
    }

    /// Waits until nobody else gets a key for this entry.
    pub(super) fn lock(&self) -> Result<Lock, LockError> {
        let failed = |error: io::Error| LockError::Unusable(format!("{}: {error}", self.lock.display()));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&self.lock).map_err(failed)?;
        let (sender, receiver) = mpsc::channel();
        // In a thread of its own, which ends with the process: waiting for a lock has no time limit.
        std::thread::spawn(move || sender.send(file.lock().map(|()| file)));
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(file)) => Ok(Lock { _file: file }),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => {
                let (seconds, lock) = (PATIENCE.as_secs(), self.lock.display());
                Err(LockError::Busy(format!("another process has been getting a key for {seconds} s and holds {lock}")))
            }
        }
    }

    /// Replaces what is kept in one step.
    pub(super) fn write(&self, cached: &Cached, _lock: &Lock) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec(cached)?);
        let new = self.file.with_extension("new");
        // Left behind by a process that was killed here. There is no other: we hold the lock.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(&text)?;
        fs::rename(&new, &self.file)
    }
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>: a relative path does not count.
fn cache_home() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| Path::is_absolute(path));
    folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
}

/// Makes `path` a folder of ours that is closed to everybody else, if it is not one. A link is none: in a
/// place that others can write to, it would lead to a folder that they chose.
fn make_private(path: &Path, owner: u32) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(format!("{} is a link, and has to be a folder", path.display()));
    }
    if metadata.uid() != owner {
        return Err(format!("{} belongs to another user", path.display()));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// The user that this process acts for.
fn ourselves() -> io::Result<u32> {
    let (ours, _theirs) = UnixStream::pair()?;
    Ok(ours.peer_cred()?.uid())
}

/// Longer than one request can take.
const PATIENCE: Duration = Duration::from_secs(25);
const LARGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(issued_at: &str, expiry: &str) -> Cached {
        let text = format!(
            r#"{{"issuedAt": "{issued_at}", "credential": {{"accessKeyId": "CWABCDEFGHIJKLMNOPQR",
            "secretKey": "cwoABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn", "expiry": "{expiry}"}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_fresh_until_80_percent_of_its_life_are_over() {
        let key = cached("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
        for (now, fresh, living) in [
            ("2026-11-20T09:59:59Z", false, true),
            ("2026-11-20T10:00:00Z", true, true),
            ("2026-11-20T10:47:59Z", true, true),
            ("2026-11-20T10:48:00Z", false, true),
            ("2026-11-20T10:59:59Z", false, true),
            ("2026-11-20T11:00:00Z", false, false),
        ] {
            assert_eq!((key.is_fresh(at(now)), key.is_living(at(now))), (fresh, living), "{now}");
        }
    }
}
