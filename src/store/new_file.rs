//! Makes files that appear whole or not at all, and never in place of another.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Lets `make` create a file under a name of its own, and gives it the name `path` once it is done.
/// `None` if there was a file of that name by then, which stays as it is.
pub(super) fn appear<T>(path: &Path, make: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<Option<T>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unborn = path.with_file_name(format!(".{name}.{}", std::process::id()));
    // Left by a killed process that had our id.
    remove_if_there(&unborn)?;
    let result = make(&unborn).and_then(|made| {
        File::open(&unborn)?.sync_all()?;
        Ok(publish(&unborn, path)?.then_some(made))
    });
    remove_if_there(&unborn)?;
    result
}

/// Gives the whole file `unborn` the name `path`, and takes its own. False if there is a file of that name, which stays
/// as it is; `unborn` then stays too.
pub(super) fn publish(unborn: &Path, path: &Path) -> io::Result<bool> {
    match fs::hard_link(unborn, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        // A file system without hard links: the best that is left.
        Err(_) if !path.exists() => fs::rename(unborn, path)?,
        Err(error) => return Err(error),
    }
    sync_folder(path)?;
    remove_if_there(unborn)?;
    Ok(true)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A new name is durable once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
