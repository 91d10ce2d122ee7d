//! `[policies]`: organization policies that are kept in files, beside those in the store.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Deserialize;

use super::error::Problem;
use super::secret_file::Folders;
use crate::policy::OrganizationPolicy;

/// An organization policy in a file.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// The file.
    pub path: PathBuf,
    /// The policy in it.
    pub policy: OrganizationPolicy,
}

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Every `*.json` in it is a policy.
    folder: Option<PathBuf>,
}

impl Written {
    /// Reads every policy of the folder. One that cannot be read is never skipped: it could hold a Deny.
    pub(super) fn check(self, folders: &Folders) -> Result<Vec<PolicyFile>, Problem> {
        let Some(written) = self.folder else { return Ok(Vec::new()) };
        let folder = folders.resolve(&written);
        let unreadable = |error: std::io::Error| {
            let problem = match error.kind() {
                ErrorKind::NotFound => "a folder that exists; it may be empty".to_owned(),
                _ => format!("a folder that can be read: {error}"),
            };
            Problem::text(FIELD, &written.to_string_lossy(), problem)
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
                paths.push(path);
            }
        }
        paths.sort();
        let mut files: Vec<PolicyFile> = Vec::with_capacity(paths.len());
        for path in paths {
            let bad = |expected: String| Problem::text(FIELD, &path.to_string_lossy(), expected);
            let document = std::fs::read(&path)
                .map_err(|error| bad(format!("an organization policy that can be read: {error}")))?;
            let policy = OrganizationPolicy::parse(&document)
                .map_err(|error| bad(format!("an organization policy: {}", one_line(&error.to_string()))))?;
            if let Some(other) = files.iter().find(|other| other.policy.name() == policy.name()) {
                return Err(bad(format!(
                    "a policy with a name of its own: \"{}\" is the name of the one in {} too",
                    policy.name(),
                    other.path.display()
                )));
            }
            files.push(PolicyFile { path, policy });
        }
        Ok(files)
    }
}

/// An error of a configuration is one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const FIELD: &str = "folder";
