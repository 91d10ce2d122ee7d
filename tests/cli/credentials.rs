//! `portcullis credentials`: what AWS's tools and SDKs are given, how often a key is made, and what is left
//! on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use portcullis::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::program::{Ended, Program};
use crate::server::{Server, secret};
use crate::stub::Stub;

#[test]
fn an_api_token_becomes_a_key_in_the_form_that_sdks_read() {
    for tls in [false, true] {
        let server = Server::start(tls);
        let (file, token) = server.token("ci", "write");
        let ended = server.remote(["credentials", "token"], &file).run();
        assert_eq!((ended.code, ended.err.as_str(), ended.out.lines().count()), (Some(0), "", 1), "{ended:?}");
        let key: Value = serde_json::from_str(&ended.out).expect("JSON");
        assert_eq!((&key["Version"], key.as_object().map(serde_json::Map::len)), (&json!(1), Some(4)), "{key}");
        assert!(key["SecretAccessKey"].as_str().is_some_and(|secret| secret.starts_with("cwo")));
        let life = time(&key["Expiration"]).duration_since(SystemClock.now()).as_secs();
        assert!((3500..=3600).contains(&life), "{life} s");
        let shown = server.local(["key", "show", id(&key), "--json"]).json();
        assert_eq!((&shown["principalName"], &shown["permission"]), (&token["principalName"], &json!("write")));
    }
}

#[test]
fn of_twenty_processes_at_once_one_makes_a_key() {
    let server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let children: Vec<_> = (0..20).map(|_| server.remote(["credentials", "token"], &file).spawn()).collect();
    let keys: Vec<Ended> =
        children.into_iter().map(|child| child.wait_with_output().expect("it ends").into()).collect();
    for key in &keys {
        assert_eq!((key.code, &key.out, key.err.as_str()), (Some(0), &keys[0].out, ""));
    }
    assert_eq!(minted(&server), 1);
    // What is asked for in another way is another key.
    server.remote(["credentials", "token", "--duration", "2h"], &file).text();
    assert_eq!(minted(&server), 2);
}

#[test]
fn a_key_is_kept_until_80_percent_of_its_life_are_over() {
    let server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let get = || server.remote(["credentials", "token"], &file).text();
    let first = get();
    age(server.folder(), 79);
    assert_eq!(get(), first);
    age(server.folder(), 81);
    let second = get();
    assert_ne!(second, first);
    assert_eq!((get(), minted(&server)), (second, 2));
    assert_ne!(server.remote(["credentials", "token", "--no-cache"], &file).text(), first);
    assert_eq!(minted(&server), 3);
}

#[test]
fn a_kept_key_that_is_damaged_or_open_to_others_is_ignored_with_a_note() {
    let server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let get = || server.remote(["credentials", "token"], &file);
    let mut last = get().text();
    for damage in ["", "{", "[]", "mode"] {
        let kept = kept(server.folder());
        if damage == "mode" {
            fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).expect("the file is ours");
        } else {
            fs::write(&kept, damage).expect("the file is ours");
        }
        let ended = get().run();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.err.contains("is ignored") && ended.err.lines().count() == 1, "{damage}: {ended:?}");
        assert_ne!(ended.out, last, "{damage}");
        last = ended.out;
        assert_eq!(get().text(), last, "it was replaced");
    }
}

#[test]
fn while_the_server_is_away_a_living_key_goes_on() {
    let mut server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let first = server.remote(["credentials", "token"], &file).text();
    server.stop();
    let get = |server: &Server| server.remote(["credentials", "token"], &file).run();
    assert_eq!((get(&server).out, get(&server).err), (first.clone(), String::new()), "nobody is asked");
    age(server.folder(), 81);
    let stale = get(&server);
    assert_eq!((stale.code, &stale.out), (Some(0), &first), "{stale:?}");
    assert!(stale.err.contains("connection refused") && stale.err.contains("the kept one is used"), "{stale:?}");
    assert_eq!(stale.err.lines().count(), 1);

    let mut text: Value = serde_json::from_slice(&fs::read(kept(server.folder())).expect("a key")).expect("JSON");
    text["credential"]["expiry"] = json!(SystemClock.now().to_string());
    fs::write(kept(server.folder()), text.to_string()).expect("the file is ours");
    get(&server).failed(1, &[&server.api, "connection refused"]);
    server.resume();
    assert_ne!(server.remote(["credentials", "token"], &file).text(), first);
}

#[test]
fn another_token_in_the_same_place_counts_at_once() {
    let server = Server::start(false);
    let (file, first) = server.token("ci", "write");
    let key = server.remote(["credentials", "token"], &file).json();
    let (_, second) = server.token("ci", "read");
    let other = server.remote(["credentials", "token"], &file).json();
    assert_ne!(key["AccessKeyId"], other["AccessKeyId"]);
    let shown = server.local(["key", "show", id(&other), "--json"]).json();
    assert_eq!(shown["principalName"], second["principalName"]);
    assert_ne!(first["principalName"], second["principalName"]);

    let by_environment = |token: &Value| {
        let program = server.program(["credentials", "token", "--api", &server.api]);
        program.env("PORTCULLIS_API_TOKEN", token["token"].as_str().expect("a token")).json()["AccessKeyId"].clone()
    };
    let (one, two) = (by_environment(&first), by_environment(&second));
    assert_ne!(one, two);
    assert_eq!((by_environment(&first), by_environment(&second)), (one, two));
}

#[test]
fn what_is_kept_is_for_its_owner_only_and_holds_no_token() {
    let server = Server::start(false);
    let (file, token) = server.token("ci", "write");
    let folder = server.folder().join("cache/portcullis/credentials");
    fs::create_dir_all(&folder).expect("the folder is ours");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    server.remote(["credentials", "token"], &file).text();
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let text = fs::read_to_string(&path).expect("text");
        assert!(!text.contains(token["token"].as_str().expect("a token")), "{}", path.display());
        let name = path.file_stem().expect("a name").to_str().expect("text");
        assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
}

#[test]
fn a_cache_that_leads_elsewhere_is_left_alone() {
    let server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let (cache, elsewhere) = (server.folder().join("shared"), server.folder().join("elsewhere"));
    fs::create_dir_all(elsewhere.join("credentials")).expect("the folder is ours");
    let open = || fs::Permissions::from_mode(0o755);
    for (link, target) in [("portcullis", elsewhere.clone()), ("portcullis/credentials", elsewhere.join("credentials"))]
    {
        let link = cache.join(link);
        fs::create_dir_all(link.parent().expect("a parent")).expect("the folder is ours");
        fs::set_permissions(&target, open()).expect("the folder is ours");
        std::os::unix::fs::symlink(&target, &link).expect("the folder is ours");
        let ended = server.remote(["credentials", "token"], &file).env("XDG_CACHE_HOME", &cache).run();
        assert!(ended.code == Some(0) && ended.err.contains("will not be kept"), "{ended:?}");
        let mode = fs::metadata(&target).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode, fs::read_dir(elsewhere.join("credentials")).expect("a folder").count()), (0o755, 0));
        fs::remove_file(&link).expect("it is a link");
    }
    // The control: a folder of ours that others could write to is closed, and used.
    fs::set_permissions(cache.join("portcullis"), fs::Permissions::from_mode(0o777)).expect("the folder is ours");
    server.remote(["credentials", "token"], &file).env("XDG_CACHE_HOME", &cache).text();
    let mode = fs::metadata(cache.join("portcullis")).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode, minted(&server)), (0o700, 3));
}

#[test]
fn without_a_place_to_keep_it_a_key_is_made_each_time() {
    let server = Server::start(false);
    let (file, _) = server.token("ci", "write");
    let get = || server.remote(["credentials", "token"], &file);
    let homeless = get().env_remove("HOME").env_remove("XDG_CACHE_HOME").run();
    assert_eq!(homeless.code, Some(0), "{homeless:?}");
    assert!(homeless.err.contains("neither XDG_CACHE_HOME nor HOME"), "{homeless:?}");
    let blocked = get().env("XDG_CACHE_HOME", &file).run();
    assert_eq!((blocked.code, blocked.err.lines().count()), (Some(0), 1), "{blocked:?}");
    assert!(blocked.err.contains("will not be kept"), "{blocked:?}");
    assert_eq!(minted(&server), 2);
    // A relative path does not count: ~/.cache does.
    get().env("XDG_CACHE_HOME", "relative").text();
    assert!(server.folder().join(".cache/portcullis/credentials").is_dir());
}

#[test]
fn an_oidc_token_is_read_anew_and_its_place_is_what_counts() {
    let home = tempfile::tempdir().expect("a folder");
    let end = SystemClock.now().checked_add(SignedDuration::from_hours(1)).expect("a time");
    let stub = Stub::start(move |number| ("200 OK", answer(number, end)));
    let token = home.path().join("token");
    let get = |file: &str| {
        let arguments = ["credentials", "oidc", "--org", "ab1cd2", "--api", &stub.url(), "--token-file", file];
        Program::new(home.path()).args(arguments)
    };
    secret(&token, "first.jwt.here\n");
    let first = get("token").text();
    secret(&token, "second.jwt.here\n");
    assert_eq!(get(token.to_str().expect("text")).text(), first, "one place, however it is written");
    age(home.path(), 81);
    assert_ne!(get("token").text(), first);
    fs::remove_file(&token).expect("it is there");
    age(home.path(), 81);
    let kept = get("token").run();
    assert!(kept.code == Some(0) && kept.err.contains("--token-file token"), "{kept:?}");

    let bodies: Vec<Value> =
        stub.requests().iter().map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect();
    let body = |token: &str| json!({ "durationSeconds": 3600, "orgId": "ab1cd2", "oidcToken": token });
    assert_eq!(bodies, [body("first.jwt.here"), body("second.jwt.here")]);
    let head = stub.requests()[0].head.clone();
    assert!(head.starts_with("POST /v1/cwobject/temporary-credentials/oidc HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("first.jwt.here"), "{head}");
}

#[test]
fn an_oidc_token_that_the_server_refuses_is_no_key() {
    let server = Server::start(false);
    let token = server.folder().join("token");
    secret(&token, "e30.e30.e30");
    let ended = server.remote(["credentials", "oidc", "--org", "ab1cd2"], &token).run();
    ended.failed(1, &[&server.api]);
    assert!(!ended.err.contains("e30"), "{ended:?}");
    assert_eq!(minted(&server), 0);
}

#[test]
fn answers_that_make_no_sense_are_no_keys() {
    let home = tempfile::tempdir().expect("a folder");
    secret(&home.path().join("token"), "CW-SECRET-0123456789012345678901234567890123456789012");
    let now = SystemClock.now();
    for (body, word) in [
        (answer(0, now.checked_sub(SignedDuration::from_secs(5)).expect("a time")), "clock"),
        ("{}".to_owned(), "not what this version expects"),
        (answer(0, now).replace("expiry", "ends"), "not what this version expects"),
    ] {
        let stub = Stub::start(move |_| ("200 OK", body.clone()));
        let arguments = ["credentials", "token", "--token-file", "token", "--api", &stub.url()];
        let ended = Program::new(home.path()).args(arguments).run();
        ended.failed(1, &[word]);
        assert!(!ended.err.contains("cwo"), "{ended:?}");
    }
}

#[test]
fn mistakes_in_arguments_exit_with_2() {
    let home = tempfile::tempdir().expect("a folder");
    secret(&home.path().join("token"), "CW-SECRET-0123456789012345678901234567890123456789012");
    let token = ["token", "--api", "http://127.0.0.1:9", "--token-file", "token"];
    for arguments in [
        &[][..],
        &["token", "--token-file", "token"],
        &["token", "--api", "http://127.0.0.1:9"],
        &["token", "--api", "http://192.0.2.1", "--token-file", "token"],
        &["oidc", "--api", "http://127.0.0.1:9", "--token-file", "token"],
        &["oidc", "--api", "http://127.0.0.1:9", "--org", "ab1cd2"],
        &["oidc", "--api", "http://127.0.0.1:9", "--org", "A B", "--token-file", "token"],
        &[&token[..], &["--duration", "0s"]].concat(),
        &[&token[..], &["--duration", "13h"]].concat(),
        &[&token[..], &["--duration", "1500ms"]].concat(),
        &[&token[..], &["--duration", "long"]].concat(),
    ] {
        let ended = Program::new(home.path()).args(["credentials"]).args(arguments).run();
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?} {ended:?}");
    }
}

fn answer(number: usize, end: Timestamp) -> String {
    let key = json!({
        "accessKeyId": format!("CWABCDEFGHIJKLMNOP{number:02}"),
        "secretKey": "cwoABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn",
        "principalName": "role/https://issuer.example.com:somebody",
        "expiry": end,
    });
    key.to_string()
}

/// How many keys were made from tokens.
fn minted(server: &Server) -> usize {
    let keys = server.local(["key", "list", "--json"]).json();
    let keys = keys["accessKeys"].as_array().expect("a list");
    keys.iter().filter(|key| !key["principalName"].as_str().expect("a principal").starts_with("static/")).count()
}

/// The file of the only kept key.
fn kept(home: &Path) -> PathBuf {
    let entries = fs::read_dir(home.join("cache/portcullis/credentials")).expect("a folder");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut keys = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let key = keys.next().expect("a key is kept");
    assert_eq!(keys.next(), None);
    key
}

/// Makes the kept key so old that `percent` of its life are over.
fn age(home: &Path, percent: i64) {
    let file = kept(home);
    let mut cached: Value = serde_json::from_slice(&fs::read(&file).expect("a key")).expect("JSON");
    let left = time(&cached["credential"]["expiry"]).duration_since(SystemClock.now()).as_secs();
    let over = SignedDuration::from_secs(left * percent / (100 - percent));
    cached["issuedAt"] = json!(SystemClock.now().checked_sub(over).expect("a time"));
    fs::write(&file, cached.to_string()).expect("the file is ours");
}

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("text").parse().expect("a time")
}

fn id(key: &Value) -> &str {
    key["AccessKeyId"].as_str().expect("an id")
}
