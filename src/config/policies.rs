//! `[policies]`: organization policies that are kept in files, beside those in the store.

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
    pub(super) fn check(self, folders: &Folders) -> Result<Vec<PolicyFile>, Problem> {
        let Some(folder) = self.folder.map(|folder| folders.resolve(&folder)) else { return Ok(Vec::new()) };
        let bad = |what: String| Problem::text("folder", &folder.to_string_lossy(), &what);
        let entries = std::fs::read_dir(&folder).map_err(|error| bad(format!("a folder that can be read: {error}")))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| bad(format!("a folder that can be read: {error}")))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let document = std::fs::read(&path).map_err(|error| bad(format!("{}: {error}", path.display())))?;
                let policy = OrganizationPolicy::parse(&document)
                    .map_err(|error| bad(format!("policies that mean something: {}: {error}", path.display())))?;
                files.push(PolicyFile { path, policy });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}
