//! `portcullis policy`, in every way to reach a server.

use std::fs;

use serde_json::{Value, json};

use crate::program::Program;
use crate::server::Server;

/// A policy of one statement, in a file of the server's folder.
fn document(server: &Server, name: &str, effect: &str, principal: &str) -> String {
    let document = json!({"version": "v1alpha1", "name": name, "statements": [{
        "name": "only", "effect": effect, "actions": ["s3:GetObject"], "resources": ["data/*"], "principals": [principal],
    }]});
    let file = format!("{name}.json");
    fs::write(server.folder().join(&file), document.to_string()).expect("the folder is ours");
    file
}

/// Every verb once; the same must hold whoever answers.
fn a_whole_life(server: &Server, run: &dyn Fn(&[&str]) -> Program) {
    let before: Value = run(&["list", "--json"]).json();
    let known = before["policies"].as_array().expect("a list").len();
    let file = document(server, "readers", "Allow", "saml/reader");
    assert!(run(&["put", &file]).text().contains("readers is in force"));
    let listed = run(&["list"]).text();
    assert!(listed.lines().any(|line| line.split_whitespace().eq(["readers", "1", "store"])), "{listed}");

    let shown = run(&["show", "readers"]).json();
    let written: Value =
        serde_json::from_slice(&fs::read(server.folder().join(&file)).expect("the file is ours")).expect("it is JSON");
    assert_eq!(shown, written);
    document(server, "readers", "Deny", "saml/reader");
    let replaced = run(&["put", &file, "--json"]).json();
    assert_eq!(replaced["policy"]["statements"][0]["effect"], "Deny");
    assert_eq!(run(&["list", "--json"]).json()["policies"].as_array().expect("a list").len(), known + 1);

    assert!(run(&["delete", "readers"]).text().contains("deleted"));
    run(&["delete", "readers"]).run().failed(1, &["readers"]);
    run(&["show", "readers"]).run().failed(1, &["no organization policy readers"]);
}

#[test]
fn policies_are_managed_in_a_stopped_store() {
    let server = Server::stopped(false);
    a_whole_life(&server, &|arguments| server.local(["policy"]).args(arguments));
}

#[test]
fn policies_are_managed_through_the_control_socket() {
    let server = Server::start(false);
    a_whole_life(&server, &|arguments| server.local(["policy"]).args(arguments));
}

#[test]
fn policies_are_managed_through_the_api() {
    for tls in [false, true] {
        let server = Server::start(tls);
        let (admin, _) = server.token("admin", "admin");
        a_whole_life(&server, &|arguments| server.remote(["policy"], &admin).args(arguments));
    }
}

#[test]
fn a_document_with_a_mistake_is_refused_with_its_file_and_place_and_changes_nothing() {
    let server = Server::start(false);
    let file = document(&server, "readers", "Allow", "saml/reader");
    server.local(["policy", "put", &file]).text();
    let text = fs::read_to_string(server.folder().join(&file)).unwrap();
    for (change, to, named) in [
        ("\"Allow\"", "\"allow\"", "allow"),
        ("s3:GetObject", "s3:GetObjekt", "s3:GetObjekt"),
        ("saml/reader", "arn:aws:iam::ab1cd2:saml/reader", "arn:"),
        ("v1alpha1", "v2", "v2"),
    ] {
        fs::write(server.folder().join("wrong.json"), text.replace(change, to)).unwrap();
        for verb in ["put", "check"] {
            server.local(["policy", verb, "wrong.json"]).run().failed(2, &["wrong.json", named]);
        }
    }
    let shown = server.local(["policy", "show", "readers"]).json();
    assert_eq!(shown, serde_json::from_str::<Value>(&text).unwrap());
    server.local(["policy", "put", "missing.json"]).run().failed(2, &["missing.json"]);
}

#[test]
fn documents_are_checked_without_a_server() {
    let server = Server::stopped(false);
    let file = document(&server, "readers", "Allow", "saml/reader");
    assert!(server.program(["policy", "check", &file]).text().contains("the organization policy readers, 1 statement"));
    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*",
    }});
    fs::write(server.folder().join("bucket.json"), policy.to_string()).unwrap();
    let of_bucket =
        |bucket: &str| server.program(["policy", "check", "bucket.json", "--bucket", bucket, "--org", "ab1cd2"]);
    assert!(of_bucket("data").text().contains("a policy for the bucket data, public"));
    of_bucket("other").run().failed(2, &["bucket.json", "arn:aws:s3:::data/*"]);
}

#[test]
fn an_explanation_names_every_statement_and_what_of_it_does_not_match() {
    let server = Server::start(false);
    for (name, effect, principal) in [("readers", "Allow", "saml/*"), ("no-interns", "Deny", "saml/intern")] {
        server.local(["policy", "put", &document(&server, name, effect, principal)]).text();
    }
    let explain = |principal: &str, action: &str, more: &[&str]| {
        let asked = ["policy", "explain", "--principal", principal, "--action", action, "--resource", "data/a"];
        server.local(asked).args(more)
    };
    let allowed = explain("saml/reader", "s3:GetObject", &[]).text();
    assert!(allowed.starts_with("ALLOWED"), "{allowed}");
    assert!(allowed.contains("readers/only") && allowed.contains("no-interns/only"), "{allowed}");
    assert!(allowed.contains("is about other principals"), "{allowed}");
    let denied = explain("saml/intern", "s3:GetObject", &[]).text();
    assert!(denied.starts_with("DENIED") && denied.contains("no-interns/only"), "{denied}");
    let other = explain("saml/reader", "s3:PutObject", &[]).text();
    assert!(other.starts_with("DENIED") && other.contains("is about other actions"), "{other}");
    let narrow = explain("saml/reader", "s3:GetObject", &["--permission", "read", "--json"]).json();
    assert_eq!((&narrow["verdict"], &narrow["layer"]), (&"ALLOWED".into(), &"organization".into()));
    explain("saml/reader", "s3:Nonsense", &[]).run().failed(1, &["s3:Nonsense"]);
    explain("saml/reader", "s3:GetObject", &["--context", "aws:SourceVpc=x"]).run().failed(1, &["aws:SourceVpc"]);
    let split = explain("saml/reader", "s3:GetObject", &["--context", "prefix"]).run();
    assert!(split.code == Some(2) && split.err.contains("KEY=VALUE"), "{split:?}");
}

/// A line of the log, as the server writes it with --json-logs.
fn line(id: &str, principal: &str, key: &str, allowed: bool) -> String {
    let judged = json!({"principal": principal, "permission": "write", "context": {},
        "demands": [{"action": "s3:GetObject", "resource": format!("data/{key}"), "allowed": allowed}]});
    json!({"level": "INFO", "message": "s3 request", "request_id": id, "judged": judged}).to_string()
}

#[test]
fn a_simulation_lists_what_a_draft_would_change() {
    let server = Server::start(false);
    server.local(["policy", "put", &document(&server, "readers", "Allow", "saml/*")]).text();
    let log = [
        line("AAAA", "saml/reader", "a", true),
        line("BBBB", "saml/intern", "a", true),
        line("CCCC", "saml/intern", "a", true),
        line("DDDD", "role/nobody", "a", true),
        "not a record".to_owned(),
        r#"{"request_id": "EEEE", "judged": {"principal": 7}}"#.to_owned(),
    ];
    fs::write(server.folder().join("log"), log.join("\n")).unwrap();
    let draft = document(&server, "readers", "Allow", "saml/reader");
    let simulated = server.local(["policy", "simulate", "--draft", &draft, "--log", "log", "--json"]).json();
    let expected = json!({"requests": 4, "changed": 2, "changedSince": 1, "unreadable": 1, "changes": [{
        "principal": "saml/intern", "action": "s3:GetObject", "resource": "data/a", "allowedByDraft": false,
        "reason": "because no organization policy allows the s3:GetObject action", "requests": 2, "requestId": "CCCC",
    }]});
    assert_eq!(simulated, expected);
    let text = server.local(["policy", "simulate", "--draft", &draft, "--log", "log"]).text();
    assert!(text.contains("4 logged requests judged again: 2 would be answered differently"), "{text}");
    assert!(text.contains("ALLOWED -> DENIED") && text.contains("saml/intern"), "{text}");
    // Nothing was put.
    let kept = server.local(["policy", "show", "readers"]).json();
    assert_eq!(kept["statements"][0]["principals"][0], "saml/*");

    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::ab1cd2:saml/intern"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
    }});
    fs::write(server.folder().join("bucket.json"), policy.to_string()).unwrap();
    let of_bucket = ["policy", "simulate", "--draft", "bucket.json", "--bucket", "data", "--log", "log", "--json"];
    let simulated = server.local(of_bucket).json();
    assert_eq!(simulated["changed"], 1);
    assert_eq!(simulated["changes"][0]["principal"], "saml/reader");
}

#[test]
fn a_read_token_manages_no_policies() {
    let server = Server::start(false);
    let (reader, _) = server.token("reader", "read");
    let file = document(&server, "readers", "Allow", "*");
    server.remote(["policy", "put", &file], &reader).run().failed(1, &["cwobject:EnsureAccessPolicy"]);
    server.remote(["policy", "list"], &reader).run().failed(1, &["cwobject:ListAccessPolicy"]);
}

#[test]
fn the_first_policy_that_help_shows_is_one() {
    let server = Server::stopped(false);
    let help = server.local(["policy", "put", "--help"]).text();
    let (_, document) = help.split_once("\n{").expect("a document at the end");
    fs::write(server.folder().join("first.json"), format!("{{{document}")).expect("the folder is ours");
    assert!(server.local(["policy", "put", "first.json"]).text().contains("everybody is in force"));
}

#[test]
fn a_bucket_policy_checked_without_its_bucket_is_told_apart() {
    let server = Server::stopped(false);
    let document = r#"{"Version": "2012-10-17", "Statement": []}"#;
    fs::write(server.folder().join("bucket.json"), document).expect("the folder is ours");
    server.local(["policy", "check", "bucket.json"]).run().failed(2, &["bucket.json", "--bucket", "--org"]);
    server.local(["policy", "put", "bucket.json"]).run().failed(2, &["bucket.json", "put-bucket-policy"]);
}

#[test]
fn the_policies_that_the_readme_writes_are_good_ones() {
    let server = Server::stopped(false);
    let readme = include_str!("../../README.md");
    let written = readme.split("cat > ").filter_map(|part| part.split_once(" <<'END'\n"));
    let mut kinds = Vec::new();
    for (file, rest) in written {
        let (document, _) = rest.split_once("\nEND\n").expect("an end");
        fs::write(server.folder().join(file), document).expect("the folder is ours");
        let of_bucket: &[&str] = if file.contains("bucket") { &["--bucket", "demo", "--org", "dev"] } else { &[] };
        kinds.push(server.local(["policy", "check", file]).args(of_bucket).text());
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(kinds[0].contains("organization policy") && kinds[1].contains("bucket demo, not public"), "{kinds:?}");
}

#[test]
fn whoever_deletes_the_last_policy_is_told() {
    let server = Server::stopped(false);
    for name in ["first", "second"] {
        let file = document(&server, name, "Allow", "*");
        server.local(["policy", "put", &file]).text();
    }
    for file in fs::read_dir(server.folder().join("policies")).expect("a folder") {
        fs::remove_file(file.expect("an entry").path()).expect("the file is ours");
    }
    assert_eq!(server.local(["policy", "delete", "first"]).text(), "deleted the policy first\n");
    let told = server.local(["policy", "delete", "second"]).text();
    assert!(told.contains("deleted the policy second; it was the last one"), "{told}");
}
