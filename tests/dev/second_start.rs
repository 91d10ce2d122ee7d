//! What a second start finds, what it adds, and when it is refused.

use std::fs;
use std::net::TcpListener;

use crate::server::{DevServer, path, run, text};
use crate::support::request::Request;

#[tokio::test]
async fn key_ca_and_data_are_those_of_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    let settings = first.settings();
    let token = fs::read(dir.join("admin.token")).expect("the token is there");
    let ca = fs::read(dir.join("ca.pem")).expect("the CA is there");
    first.send(Request::put("/demo")).await;
    assert_eq!(first.send(Request::put("/demo/key").body("kept")).await.status, 200);
    first.stop("-TERM");

    let second = DevServer::start(&dir);
    assert_eq!(fs::read(dir.join("admin.token")).expect("the token is there"), token);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        assert_eq!(second.settings()[name], settings[name], "{name}");
    }
    assert_eq!(fs::read(dir.join("ca.pem")).expect("the CA is there"), ca);
    assert_eq!(second.send(Request::get("/demo/key")).await.text(), "kept");
}

#[test]
fn the_port_stays_the_one_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let port = free_port();
    let first = DevServer::start_with(&["dev", "--dir", path(&dir), "--port", &port.to_string()]);
    assert_eq!(first.address().port(), port);
    first.stop("-TERM");
    assert_eq!(DevServer::start_with(&["dev", "--dir", path(&dir)]).address().port(), port);
}

#[test]
fn the_api_makes_way_for_the_port_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    let api = first.settings()["AWS_CONTAINER_CREDENTIALS_FULL_URI"].clone();
    let api = api.split('/').nth(2).and_then(|address| address.split(':').nth(1)).expect("a port").to_owned();
    first.stop("-TERM");
    let second = DevServer::start_with(&["dev", "--dir", path(&dir), "--port", &api]);
    assert_eq!(second.address().port().to_string(), api);
    assert!(!second.settings()["AWS_CONTAINER_CREDENTIALS_FULL_URI"].contains(&format!(":{api}/")));
}

#[tokio::test]
async fn a_folder_gets_what_it_lacks() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    first.send(Request::put("/demo")).await;
    first.stop("-TERM");
    for lost in [
        vec!["env", "portcullis.toml"],
        vec!["server.pem"],
        vec!["ca.pem", "ca.key"],
        vec!["backend.secret"],
        vec!["admin.id"],
        vec!["admin.token"],
        vec!["portcullis.redb", "seal.key"],
    ] {
        for name in &lost {
            fs::remove_file(dir.join(name)).expect("the file was there");
        }
        let next = DevServer::start(&dir);
        assert_eq!(next.send(Request::head("/demo")).await.status, 200, "without {lost:?}");
        for name in &lost {
            assert!(dir.join(name).is_file(), "{name} is back");
        }
        assert_eq!(next.stop("-TERM").code(), Some(0));
    }
}

#[tokio::test]
async fn a_revoked_key_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    let old = first.key();
    let revoked = run(&["key", "revoke", "--dir", path(&dir), &old.id]);
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    assert_eq!(first.send(Request::get("/")).await.code().as_deref(), Some("InvalidAccessKeyId"));
    first.stop("-TERM");
    let second = DevServer::start(&dir);
    assert_ne!(second.key().id, old.id);
    assert_eq!(second.send(Request::get("/")).await.status, 200);
}

#[test]
fn a_revoked_token_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    let token = fs::read_to_string(dir.join("admin.token")).expect("the token is there");
    let listed: serde_json::Value =
        serde_json::from_slice(&run(&["token", "list", "--json", "--dir", path(&dir)]).stdout).expect("JSON");
    let id = listed["tokens"][0]["tokenId"].as_str().expect("an id");
    assert!(run(&["token", "revoke", id, "--dir", path(&dir)]).status.success());
    first.stop("-TERM");
    let second = DevServer::start(&dir);
    assert_ne!(fs::read_to_string(dir.join("admin.token")).expect("the token is there"), token);
    assert!(
        second.printed.contains("made now: an API token that may do everything, as the last one"),
        "{}",
        second.printed
    );
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = other.local_addr().expect("it is bound");
    let refused = run(&["dev", "--dir", path(&dir), "--port", &address.port().to_string()]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&format!("another program listens on {address} already")), "{said}");
    assert!(said.contains("--port"), "{said}");
    assert_eq!(text(&refused.stdout), "");
}

#[tokio::test]
async fn two_in_one_folder_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let first = DevServer::start(&dir);
    let configuration = fs::read(dir.join("portcullis.toml")).expect("it is there");
    let refused = run(&["dev", "--dir", path(&dir), "--port", "0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("another portcullis dev runs in"), "{}", text(&refused.stderr));
    assert_eq!(fs::read(dir.join("portcullis.toml")).expect("it is there"), configuration);
    assert_eq!(first.send(Request::get("/")).await.status, 200);
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
