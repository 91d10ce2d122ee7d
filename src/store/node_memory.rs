//! What one node remembers of its store outside of it, so that it notices when the store goes back in time: when
//! somebody restored an old copy, in which keys still live that were revoked since.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// Names the node.
    pub(super) node: String,
    /// A number of which the store has the same, or a greater one.
    pub(super) count: u64,
    /// The restored copy that was accepted last.
    #[serde(default)]
    pub(super) accepted: Accepted,
}

/// Somebody's word that a restored copy is to be worked with.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    pub(super) number: u64,
    pub(super) id: String,
}

/// The memory of this node: in a file, or for as long as it runs.
pub(super) struct NodeMemory {
    file: Option<File>,
    known: Mutex<Known>,
    writes: Mutex<u64>,
}

impl NodeMemory {
    /// Reads `path`, or begins with nothing, for the only node of a store. Without a path, a restart forgets.
    ///
    /// # Errors
    /// If the file cannot be used, or is not one of ours.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        Self::open_as(path, String::new())
    }

    /// The same for one node of many, which is given a name at its first start.
    ///
    /// # Errors
    /// If the file cannot be used, or is not one of ours.
    #[cfg(feature = "etcd")]
    pub(super) fn open_named(path: Option<&Path>, random: &mut impl rand::CryptoRng) -> io::Result<Self> {
        let mut name = [0; 8];
        random.fill_bytes(&mut name);
        Self::open_as(path, const_hex::encode(name))
    }

    fn open_as(path: Option<&Path>, node: String) -> io::Result<Self> {
        let fresh = Known { node, count: 0, accepted: Accepted::default() };
        let Some(path) = path else { return Ok(Self::of(None, fresh)) };
        let mut file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let known = match text.trim_end() {
            "" => fresh,
            text => serde_json::from_str(text).map_err(|error| {
                io::Error::other(format!("it is no memory of a node ({error}); if nothing was restored, remove it"))
            })?,
        };
        Ok(Self::of(Some(file), known))
    }

    fn of(file: Option<File>, known: Known) -> Self {
        Self { file, known: Mutex::new(known), writes: Mutex::new(0) }
    }

    /// Whether it outlives a restart.
    #[cfg(feature = "etcd")]
    pub(super) fn lasts(&self) -> bool {
        self.file.is_some()
    }

    /// What is remembered now.
    pub(super) fn known(&self) -> Known {
        self.locked().clone()
    }

    /// Changes it. It outlives a process that is killed at once, and a machine that fails some time later.
    ///
    /// # Errors
    /// If it cannot be written; it is remembered while the program runs all the same.
    pub(super) fn remember(&self, change: impl FnOnce(&mut Known)) -> io::Result<()> {
        let mut known = self.locked();
        change(&mut known);
        let Some(file) = &self.file else { return Ok(()) };
        // One write of one length: there is no moment at which it is half there.
        let text = format!("{:<WIDTH$}\n", serde_json::to_string(&*known).map_err(io::Error::other)?);
        file.write_all_at(text.as_bytes(), 0)?;
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        *writes += 1;
        if *writes % WRITES_BETWEEN_SYNCS == 1 { file.sync_data() } else { Ok(()) }
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        // Every change is a plain one: a panic elsewhere leaves it whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const WIDTH: usize = 255;
const WRITES_BETWEEN_SYNCS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: Option<&Path>) -> io::Result<NodeMemory> {
        NodeMemory::open(path)
    }

    #[test]
    fn a_file_remembers_over_restarts_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        let memory = open(Some(&path)).unwrap();
        let accepted = Accepted { number: 3, id: "x".repeat(32) };
        memory.remember(|known| (known.count, known.accepted) = (u64::MAX, accepted)).unwrap();
        let before = memory.known();
        drop(memory);
        assert_eq!(open(Some(&path)).unwrap().known(), before);
        memory_shrinks(&path, &before);
        let forgetful = open(None).unwrap();
        forgetful.remember(|known| known.count = 7).unwrap();
        assert_eq!((forgetful.known().count, open(None).unwrap().known().count), (7, 0));
    }

    /// What is shorter leaves nothing of what was longer.
    fn memory_shrinks(path: &Path, before: &Known) {
        let memory = open(Some(path)).unwrap();
        memory.remember(|known| known.count = 1).unwrap();
        assert_eq!(open(Some(path)).unwrap().known(), Known { count: 1, ..before.clone() });
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        std::fs::write(&path, "{\"not\":\"ours\"}").unwrap();
        let error = open(Some(&path)).err().unwrap().to_string();
        assert!(error.contains("no memory of a node"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"not\":\"ours\"}");
    }
}
