//! `portcullis key`, against a stopped store and a running server.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use portcullis::authority::{Authority, Ceilings};
use portcullis::clock::{Clock, SystemClock};
use portcullis::config;
use portcullis::control::{self, Control, ControlSocket};
use portcullis::federation::Federation;
use portcullis::identity::{AccessKeyId, OrganizationId, Permission};
use portcullis::keys::{CacheSettings, Keys, Lookup};
use portcullis::store;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

fn key(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.arg("key").args(arguments).arg("--dir").arg(folder).output().unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = key(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = key(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The keys of a store, and the control plane over them.
async fn open(folder: &Path) -> (Arc<Keys>, Control) {
    let mut random = UnwrapErr(SysRng);
    let (store, seal) =
        store::open_sealed(&folder.join("portcullis.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let organization = OrganizationId::parse("dev").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let settings = config::Federation::default();
    let federation = Federation::open(Arc::clone(&store), Arc::clone(&clock), &settings).await.unwrap();
    let cache = CacheSettings::default();
    let ceilings = Ceilings::new(Vec::new());
    let authority = Authority::open(Arc::clone(&store), organization.clone(), ceilings, Vec::new()).await.unwrap();
    let keys = Keys::open(store, seal, Arc::clone(&clock), organization, cache, &mut random).await.unwrap();
    (Arc::clone(&keys), Control::of_store_owner(keys, federation, authority, clock, random))
}

/// Every verb once; the same must hold whoever answers.
fn a_whole_life(folder: &Path) {
    let shown = text(folder, &["create", "--permission", "write", "--expires", "12h"]);
    let word = |name: &str| shown.split(&format!("export {name}=")).nth(1).unwrap().lines().next().unwrap().to_owned();
    let (id, secret) = (word("AWS_ACCESS_KEY_ID"), word("AWS_SECRET_ACCESS_KEY"));
    assert!(id.starts_with("CW") && secret.starts_with("cwo") && secret.len() == 43);
    let created = json(folder, &["create", "--permission", "admin", "--expires", "2999-01-01T00:00:00Z"]);
    assert_eq!(
        (created["permission"].as_str(), created["expiry"].as_str()),
        (Some("admin"), Some("2999-01-01T00:00:00Z"))
    );

    let listed = text(folder, &["list"]);
    assert!(listed.contains(&id) && !listed.contains(&secret));
    assert_eq!(json(folder, &["show", &id])["permission"], "write");
    for (verb, status) in [("suspend", "suspended"), ("resume", "active"), ("revoke", "revoked")] {
        assert!(text(folder, &[verb, &id]).contains(status));
        let entries = json(folder, &["list"]);
        let entry = entries["accessKeys"].as_array().unwrap().iter().find(|key| key["accessKeyId"] == id.as_str());
        assert_eq!(entry.unwrap()["status"], status);
    }
    let again = key(folder, &["suspend", &id]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("revoked"));
    assert_eq!(key(folder, &["show", "CWINVENTEDINVENTED22"]).status.code(), Some(1));
}

#[test]
fn keys_are_managed_in_a_stopped_store() {
    let folder = tempfile::tempdir().unwrap();
    a_whole_life(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_managed_through_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, control) = open(folder.path()).await;
    let path = folder.path().to_owned();
    let locked = tokio::task::spawn_blocking(move || key(&path, &["list"])).await.unwrap();
    assert_eq!(locked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&locked.stderr).contains("in use by another process"), "{locked:?}");

    let stop = CancellationToken::new();
    let socket = control::socket_beside(&folder.path().join("portcullis.redb"));
    let router = control::router(control);
    let serving = tokio::spawn(ControlSocket::bind(&socket).await.unwrap().serve(router, stop.clone()));
    let path = folder.path().to_owned();
    let created = tokio::task::spawn_blocking(move || {
        a_whole_life(&path);
        json(&path, &["create", "--permission", "write"])
    })
    .await
    .unwrap();
    let id = AccessKeyId::parse(created["accessKeyId"].as_str().unwrap()).unwrap();
    let Lookup::Known(found) = keys.find(&id).await.unwrap() else { panic!("the server does not know the key") };
    assert_eq!(keys.permission_of(&found), Permission::Write);
    let (path, name) = (folder.path().to_owned(), id.to_string());
    tokio::task::spawn_blocking(move || text(&path, &["revoke", &name])).await.unwrap();
    assert!(matches!(keys.find(&id).await.unwrap(), Lookup::Unknown(_)), "in force once acknowledged");
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[test]
fn a_key_that_was_made_elsewhere_is_taken_over_with_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let secret = secret.to_str().unwrap();
    let import = ["create", "--import-id", "AKIAIOSFODNN7EXAMPLE", "--secret-file", secret];
    let created = json(folder.path(), &import);
    assert_eq!(created["secretKey"], "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    assert_eq!(
        (created["mintedFrom"]["imported"].as_bool(), created["permission"].as_str()),
        (Some(true), Some("read"))
    );
    assert_eq!(key(folder.path(), &import).status.code(), Some(1), "ids are not used twice");
}

#[test]
fn mistakes_in_arguments_and_configuration_exit_with_2() {
    let folder = tempfile::tempdir().unwrap();
    assert!(key(folder.path(), &["create"]).status.success());
    for arguments in [
        &["create", "--permission", "none"][..],
        &["create", "--expires", "tomorrow"],
        &["create", "--import-id", "AKIAIOSFODNN7EXAMPLE"],
        &["create", "--import-id", "short", "--secret-file", "/dev/null"],
        &["create", "--import-id", "AKIAIOSFODNN7EXAMPLE", "--secret-file", "/nonexistent"],
        &["show", "no-key-id"],
    ] {
        let output = key(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
    }
    assert_eq!(key(&folder.path().join("nowhere"), &["list"]).status.code(), Some(2));
    let mut without_configuration = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = without_configuration.args(["key", "list", "--config", "/nonexistent/file.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/file.toml"));
    assert_eq!(json(folder.path(), &["list"])["accessKeys"].as_array().unwrap().len(), 1);

    let seal_key = folder.path().join("seal.key");
    fs::set_permissions(&seal_key, Permissions::from_mode(0o644)).unwrap();
    let open_to_all = key(folder.path(), &["list"]);
    assert_eq!(open_to_all.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&open_to_all.stderr).contains("0644"));
    fs::remove_file(&seal_key).unwrap();
    let lost = key(folder.path(), &["list"]);
    assert_eq!(lost.status.code(), Some(2));
    assert!(!seal_key.exists(), "a lost key is not replaced");
}
