//! The folder: private, and never somebody else's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::server::{DevServer, path, run, text};
use crate::support::request::Request;

#[tokio::test]
async fn nobody_else_can_read_anything_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let server = DevServer::start(&dir);
    server.send(Request::put("/demo")).await;
    assert_eq!(mode(&dir), 0o700);
    let mut files = Vec::new();
    walk(&dir, &mut files);
    // What is in objects/ is as private as objects/ itself.
    let outside: Vec<_> = files.iter().filter(|file| !file.starts_with(dir.join("objects"))).collect();
    assert!(outside.len() >= 12, "{outside:?}");
    for file in outside {
        assert_eq!(mode(file) & 0o077, 0, "{}", file.display());
    }
    assert_eq!(mode(&dir.join("objects")), 0o700);
}

#[test]
fn a_folder_that_became_public_is_made_private_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    DevServer::start(&dir).stop("-TERM");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    DevServer::start(&dir).stop("-TERM");
    assert_eq!(mode(&dir), 0o700);
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    fs::write(folder.path().join("letter.txt"), "dear").expect("the folder is ours");
    let refused = run(&["dev", "--dir", path(folder.path()), "--port", "0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("name a new one with --dir"), "{}", text(&refused.stderr));
    assert_eq!(mode(folder.path()), 0o755);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder is ours").count(), 1);
}

#[test]
fn an_empty_folder_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(DevServer::start(folder.path()).stop("-TERM").code(), Some(0));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}
