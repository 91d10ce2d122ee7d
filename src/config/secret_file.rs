//! Where files are looked for, and the rule for those that hold secrets: readable by their owner
//! only, or handed over by the service manager.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Problem;

/// The folders that relative paths are resolved against.
#[derive(Debug)]
pub(super) struct Folders {
    configuration: PathBuf,
    credentials: Option<PathBuf>,
}

/// A secret file's place, and whether the service manager put it there.
#[derive(Debug)]
pub(super) struct SecretPath {
    pub(super) path: PathBuf,
    from_service_manager: bool,
}

/// What is wrong with a secret file, before its field is known.
#[derive(Debug)]
pub(super) struct SecretProblem {
    found: String,
    expected: &'static str,
}

impl Folders {
    pub(super) fn new(configuration: &Path, credentials: Option<&Path>) -> Self {
        Self { configuration: configuration.to_owned(), credentials: credentials.map(Path::to_owned) }
    }

    /// `written` itself if absolute, else inside the configuration file's folder.
    pub(super) fn resolve(&self, written: &Path) -> PathBuf {
        self.configuration.join(written)
    }

    /// As [`Folders::resolve`], but a bare name that exists in `$CREDENTIALS_DIRECTORY` is that file.
    pub(super) fn secret_path(&self, written: &Path) -> SecretPath {
        let is_bare_name = written.components().count() == 1 && written.is_relative();
        let handed_over = self.credentials.as_ref().filter(|_| is_bare_name).map(|folder| folder.join(written));
        match handed_over.filter(|path| path.exists()) {
            Some(path) => SecretPath { path, from_service_manager: true },
            None => SecretPath { path: self.resolve(written), from_service_manager: false },
        }
    }
}

impl SecretProblem {
    /// The problem, now that its `field` is known.
    pub(super) fn of(self, field: &str) -> Problem {
        Problem::new(field, self.found, self.expected)
    }
}

/// Reads a secret, after checking who else could. One trailing line break is not part of it.
pub(super) fn read(secret: &SecretPath) -> Result<Zeroizing<String>, SecretProblem> {
    check_mode(secret)?;
    let mut text =
        std::fs::read_to_string(&secret.path).map(Zeroizing::new).map_err(|error| unreadable(secret, &error))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Refuses a file that others than its owner can read or write.
pub(super) fn check_mode(secret: &SecretPath) -> Result<(), SecretProblem> {
    let mode =
        std::fs::metadata(&secret.path).map_err(|error| unreadable(secret, &error))?.permissions().mode() & 0o777;
    // systemd grants access by ACL, which shows as the group's bits: there only the world counts.
    let forbidden = if secret.from_service_manager { 0o007 } else { 0o077 };
    if mode & forbidden == 0 {
        return Ok(());
    }
    let found = format!("{} with mode {mode:04o}", secret.path.display());
    Err(SecretProblem { found, expected: "a file that only its owner can read (chmod 600)" })
}

fn unreadable(secret: &SecretPath, error: &io::Error) -> SecretProblem {
    let found = format!("{} ({})", secret.path.display(), reason(error));
    SecretProblem { found, expected: "a file that can be read" }
}

/// What the operating system says, in words that do not depend on it.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "not UTF-8".to_owned(),
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
