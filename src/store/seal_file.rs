//! Key-encryption keys in files: 32 bytes as base64, readable by their owner only.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{SealKeys, new_file};

/// Why a seal key file was not accepted. The operator's to solve.
#[derive(Debug, thiserror::Error)]
pub enum SealFileError {
    /// It could not be read or written.
    #[error("seal key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may use it.
    #[error("seal key file {path} has mode {mode:04o}; it must be 0600 or 0400 (chmod 600 {path})")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "seal key file {path} belongs to user {owner}; it must belong to the user that runs this program, or to root"
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// There is a store, but the key that its secrets are sealed under is gone.
    #[error("seal key file {path} does not exist, but the store {store} does: its secrets cannot be opened without it")]
    Lost {
        /// The file that is missing.
        path: PathBuf,
        /// The store that needs it.
        store: PathBuf,
    },
    /// It does not hold a key.
    #[error("seal key file {path} must hold 32 bytes as base64 and nothing else (openssl rand -base64 32)")]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl SealKeys {
    /// Reads the key that seals from `current`, and those that only open from `older`.
    pub fn read(current: &Path, older: &[PathBuf]) -> Result<Self, SealFileError> {
        let mut keys = Self::new(&read_key(current)?);
        for path in older {
            keys = keys.and_opening(&read_key(path)?);
        }
        Ok(keys)
    }

    /// Reads the key in `path` and those that only open from `older`; makes the first if there is neither that nor a
    /// `store` that needs one.
    pub fn read_or_create(
        path: &Path,
        older: &[PathBuf],
        store: &Path,
        random: &mut impl CryptoRng,
    ) -> Result<Self, SealFileError> {
        if !path.exists() {
            if store.exists() {
                return Err(SealFileError::Lost { path: path.into(), store: store.into() });
            }
            Self::create_file(path, random)?;
        }
        Self::read(path, older)
    }

    /// Writes a new random key to `path`, mode 0600. An existing file is an error, never overwritten:
    /// without its key a store cannot be opened any more.
    pub fn create_file(path: &Path, random: &mut impl CryptoRng) -> Result<(), SealFileError> {
        let failed = |source| SealFileError::File { path: path.into(), source };
        let mut key = Zeroizing::new([0_u8; 32]);
        random.fill_bytes(key.as_mut());
        let mut text = Zeroizing::new(BASE64.encode(key.as_ref()));
        text.push('\n');
        let written = new_file::appear(path, |unborn| {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(unborn)?.write_all(text.as_bytes())
        });
        match written.map_err(failed)? {
            Some(()) => Ok(()),
            None => Err(failed(io::ErrorKind::AlreadyExists.into())),
        }
    }
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, SealFileError> {
    let failed = |source| SealFileError::File { path: path.into(), source };
    // Checked on the open file, not by name: what is judged is what is read.
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o7777;
    let owner = metadata.uid();
    // systemd grants a service its credentials by an access list, which shows as bits of the group root.
    let by_access_list = mode == 0o440 && owner == 0 && metadata.gid() == 0;
    if mode != 0o600 && mode != 0o400 && !by_access_list {
        return Err(SealFileError::Mode { path: path.into(), mode });
    }
    // Root may read everything anyway, and a service manager hands out credentials that belong to root.
    if owner != 0 && owner != own_user_id().map_err(failed)? {
        return Err(SealFileError::Owner { path: path.into(), owner });
    }
    let content = || SealFileError::Content { path: path.into() };
    let mut text = Zeroizing::new([0_u8; 128]);
    let mut length = 0;
    while length < text.len() {
        match file.read(&mut text[length..]).map_err(failed)? {
            0 => break,
            read => length += read,
        }
    }
    let mut key = Zeroizing::new([0_u8; 33]);
    let decoded = BASE64.decode_slice(text[..length].trim_ascii(), key.as_mut()).map_err(|_| content())?;
    let key: &[u8; 32] = key[..decoded].try_into().map_err(|_| content())?;
    Ok(Zeroizing::new(*key))
}

/// The user id that this process creates things with: that of a socket it has just made. (The system
/// call for it is not reachable from safe code.)
fn own_user_id() -> io::Result<u32> {
    let (socket, _) = UnixStream::pair()?;
    Ok(File::from(OwnedFd::from(socket)).metadata()?.uid())
}
