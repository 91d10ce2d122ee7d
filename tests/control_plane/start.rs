//! What the program refuses to start with.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::server::{Server, configuration, free_address, serve};

/// Starts the program with what `change` leaves of a good configuration, and returns its complaint.
fn complaint(change: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), free_address(), free_address(), free_address());
    // Elsewhere: on loopback, a published credential is taken for a development backend's.
    let text = fs::read_to_string(&file).unwrap();
    let elsewhere = text.replacen("endpoint = \"http://127.0.0.1:", "endpoint = \"https://s3.example.com:", 1);
    assert_ne!(text, elsewhere);
    fs::write(&file, elsewhere).unwrap();
    change(folder.path());
    let mut child = serve(&file).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..2000 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // Only if it runs, which it should not.
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn g11_known_empty_and_readable_secrets_are_refused_at_the_start() {
    let example = complaint(|folder| {
        write(&folder.join("backend.id"), "AKIAIOSFODNN7EXAMPLE", 0o600);
        write(&folder.join("backend.secret"), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 0o600);
    });
    assert!(example.contains("example credential"), "{example}");
    let empty = complaint(|folder| write(&folder.join("backend.secret"), "", 0o600));
    assert!(empty.contains("secret_access_key_file"), "{empty}");
    for name in ["backend.secret", "seal.key"] {
        let readable = complaint(|folder| write(&folder.join(name), "a-secret-that-others-can-read", 0o644));
        assert!(readable.contains(name) && readable.contains("0644"), "{readable}");
    }
    // With its own secrets, it starts.
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path(), free_address()).await);
}

#[tokio::test]
async fn a_server_without_policies_says_so_once_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let warnings = async |policies: bool| {
        let (s3, api) = (free_address(), free_address());
        let file = configuration(folder.path(), free_address(), s3, api);
        if !policies {
            fs::remove_file(folder.path().join("policies/allow-all.json")).unwrap();
        }
        let mut child = serve(&file).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = Vec::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap) {
            said.push(line);
            if said.last().is_some_and(|line| line.contains(r#""message":"ready""#)) {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(said.pop().is_some_and(|line| line.contains(r#""message":"ready""#)), "it did not start: {said:?}");
        (file, said.into_iter().filter(|line| line.contains("organization policy")).collect::<Vec<_>>())
    };
    let (file, said) = warnings(false).await;
    let [line] = &said[..] else { panic!("one line: {said:?}") };
    let advice = format!("portcullis policy put POLICY.json --config {}", file.display());
    assert!(line.contains(r#""level":"WARN""#) && line.contains(&advice), "{line}");
    // A file is a policy, too.
    assert_eq!(warnings(true).await.1, Vec::<String>::new());
}
