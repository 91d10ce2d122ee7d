//! `portcullis token`, in every way to reach a server.

use std::fs;

use serde_json::Value;

use crate::program::Program;
use crate::server::{Server, secret};

/// Every verb once; the same must hold whoever answers.
fn a_whole_life(run: &dyn Fn(&[&str]) -> Program) {
    let shown = run(&["create", "--name", "ci uploads", "--permission", "write", "--expires", "30d"]).text();
    let token = shown.split("export PORTCULLIS_API_TOKEN=").nth(1).expect("a line to paste").trim_end().to_owned();
    assert!(token.starts_with("CW-SECRET-") && token.len() == 53, "{shown}");
    let created = run(&["create", "--json", "--name", "reader", "--permission", "read"]).json();
    assert_eq!((created["permission"].as_str(), created["expiry"].as_str()), (Some("read"), None), "{created}");

    let listed = run(&["list"]).text();
    assert!(listed.contains("ci uploads") && listed.contains("reader") && !listed.contains("CW-SECRET-"), "{listed}");
    let entries = run(&["list", "--json"]).json();
    let id = entries["tokens"].as_array().expect("a list").iter().find(|token| token["name"] == "ci uploads");
    let id = id.expect("it is listed")["tokenId"].as_str().expect("an id").to_owned();

    let changed = run(&["update", &id, "--json", "--name", "ci", "--permission", "read"]).json();
    assert_eq!((changed["name"].as_str(), changed["permission"].as_str()), (Some("ci"), Some("read")));
    let grouped = run(&["create", "--json", "--name", "grouped", "--permission", "read", "--group", "physics"]);
    let grouped = grouped.args(["--group", "Domain Admins", "--group", "physics"]).json();
    assert_eq!(grouped["groups"], serde_json::json!(["Domain Admins", "physics"]));
    assert!(run(&["list"]).text().contains("Domain Admins, physics"));
    let of_grouped = grouped["tokenId"].as_str().expect("an id");
    assert_eq!(run(&["update", of_grouped, "--json", "--name", "g"]).json()["groups"], grouped["groups"]);
    let changed = run(&["update", of_grouped, "--json", "--group", "chemistry"]).json();
    assert_eq!(changed["groups"], serde_json::json!(["chemistry"]));
    assert_eq!(run(&["update", of_grouped, "--json", "--no-groups"]).json()["groups"], serde_json::json!([]));

    let shown = run(&["show", &id]).text();
    assert!(shown.contains("active") && shown.contains(&format!("coreweave/{id}")), "{shown}");
    assert!(run(&["revoke", &id]).text().contains("revoked"));
    assert_eq!(run(&["show", &id, "--json"]).json()["status"], "revoked");
    run(&["update", &id, "--name", "again"]).run().failed(1, &["revoked"]);
    run(&["show", "abcdefghabcdefgh"]).run().failed(1, &["no API token"]);
}

#[test]
fn tokens_are_managed_in_a_stopped_store() {
    let server = Server::stopped(false);
    a_whole_life(&|arguments| server.local(["token"]).args(arguments));
}

#[test]
fn tokens_are_managed_through_the_control_socket() {
    let server = Server::start(false);
    a_whole_life(&|arguments| server.local(["token"]).args(arguments));
}

#[test]
fn tokens_are_managed_through_the_api() {
    for tls in [false, true] {
        let server = Server::start(tls);
        let (admin, _) = server.token("admin", "admin");
        a_whole_life(&|arguments| server.remote(["token"], &admin).args(arguments));
    }
}

#[test]
fn a_revoked_token_takes_its_keys_along_unless_told_otherwise() {
    let server = Server::start(false);
    for (option, status) in [(&[][..], "revoked"), (&["--keep-keys"], "active")] {
        let (file, created) = server.token("maker", "write");
        let key = server.remote(["credentials", "token", "--no-cache"], &file).json();
        let key = key["AccessKeyId"].as_str().expect("a key").to_owned();
        let id = created["tokenId"].as_str().expect("an id");
        server.local(["token", "revoke", id]).args(option).text();
        assert_eq!(server.local(["key", "show", &key, "--json"]).json()["status"], status, "{option:?}");
        server.remote(["credentials", "token", "--no-cache"], &file).run().failed(1, &["was refused", "401"]);
    }
}

#[test]
fn keys_are_managed_through_the_api_too() {
    let server = Server::start(true);
    let (admin, _) = server.token("admin", "admin");
    let created = server.remote(["key", "create", "--json", "--permission", "read"], &admin).json();
    let id = created["accessKeyId"].as_str().expect("an id").to_owned();
    assert!(server.remote(["key", "list"], &admin).text().contains(&id));
    assert!(server.remote(["key", "revoke", &id], &admin).text().contains("revoked"));
    assert_eq!(server.local(["key", "show", &id, "--json"]).json()["status"], "revoked");
}

#[test]
fn the_token_is_printed_once_and_is_nowhere_on_the_disk() {
    let server = Server::stopped(false);
    let created = server.local(["token", "create", "--json", "--name", "once", "--permission", "admin"]).json();
    let token = created["token"].as_str().expect("a token").to_owned();
    for entry in fs::read_dir(server.folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = fs::read(&path).expect("a file");
            assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "{}", path.display());
        }
    }
    let list: Value = server.local(["token", "list", "--json"]).json();
    assert!(list["tokens"][0]["token"].is_null() && !list.to_string().contains("CW-SECRET-"));
}

#[test]
fn mistakes_in_arguments_exit_with_2() {
    let server = Server::stopped(false);
    for arguments in [
        &["create", "--permission", "read"][..],
        &["create", "--name", "x"],
        &["create", "--name", "x", "--permission", "none"],
        &["create", "--name", "x", "--permission", "read", "--expires", "tomorrow"],
        &["create", "--name", "x", "--permission", "read", "--group", ""],
        &["update", "abcdefghabcdefgh"],
        &["update", "abcdefghabcdefgh", "--group", " a"],
        &["update", "abcdefghabcdefgh", "--group", "a", "--no-groups"],
        &["show", "CW-SECRET-of-somebody"],
        &["revoke"],
    ] {
        let ended = server.local(["token"]).args(arguments).run();
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?} {ended:?}");
    }
    server.local(["token", "create", "--name", "", "--permission", "read"]).run().failed(1, &["name"]);
}

#[test]
fn words_that_others_chose_do_not_reach_the_terminal_as_commands() {
    let server = Server::stopped(false);
    let file = server.folder().join("token");
    secret(&file, "CW-SECRET-\u{1b}[2J\n");
    let ended = server.program(["key", "list", "--api", "http://127.0.0.1:9", "--token-file", "token"]).run();
    ended.failed(1, &["the token in token is no token"]);
    assert!(!ended.err.contains('\u{1b}'), "{ended:?}");
}
