//! `--api`: what goes wrong on the way to a server, said so that it can be solved.

use std::io::Read as _;
use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use crate::program::Program;
use crate::server::{Server, secret};
use crate::stub::Stub;

#[test]
fn a_server_that_does_not_run_or_does_not_answer_is_named() {
    let mut server = Server::start(false);
    let (admin, _) = server.token("admin", "admin");
    assert!(server.remote(["key", "list"], &admin).text().contains("ACCESS KEY ID"));
    server.stop();
    server.remote(["key", "list"], &admin).run().failed(1, &[&server.api, "connection refused", "[api]"]);
    let by_name = server.api.replace("127.0.0.1", "localhost");
    let by_name = server.program(["key", "list", "--token-file", "admin", "--api", &by_name]).run();
    by_name.failed(1, &["connection refused"]);

    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("it is bound"));
    let kept_open = thread::spawn(move || {
        let (mut stream, _) = silent.accept().expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let begun = Instant::now();
    let ended = server.program(["key", "list", "--api", &url, "--token-file", "admin"]).run();
    ended.failed(1, &[&url, "no answer within 10 s"]);
    assert!(begun.elapsed().as_secs() < 20);
    kept_open.join().expect("it ends when the program does");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_the_way_out_named() {
    let server = Server::start(true);
    let other = Server::stopped(true);
    server.token("admin", "admin");
    let list = || server.program(["key", "list", "--token-file", "admin", "--api"]);
    let trusting = |file| list().args([&server.api]).args(["--ca-file".as_ref(), Server::ca(file).as_os_str()]);
    assert!(trusting(&server).text().contains("ACCESS KEY ID"));
    let by_environment = list().args([&server.api]).env("PORTCULLIS_CA_FILE", server.ca());
    assert!(by_environment.text().contains("ACCESS KEY ID"));

    trusting(&other).run().failed(1, &[&server.api, "not trusted", "--ca-file FILE"]);
    let system = list().args([&server.api]).env("AWS_CA_BUNDLE", server.ca()).run();
    system.failed(1, &["--ca-file FILE"]);
    let by_number = server.api.replace("localhost", "127.0.0.1");
    let ca = server.ca();
    let wrong_name = list().args([&by_number]).args(["--ca-file".as_ref(), ca.as_os_str()]).run();
    wrong_name.failed(1, &["for another name"]);
    list().args([&server.api, "--ca-file", "admin"]).run().failed(2, &["admin", "certificate"]);
    list().args([&server.api, "--ca-file", "nowhere"]).run().failed(2, &["nowhere"]);
}

#[test]
fn the_wrong_scheme_is_noticed() {
    let (plain, tls) = (Server::start(false), Server::start(true));
    secret(&plain.folder().join("token"), "CW-SECRET-0123456789012345678901234567890123456789012");
    let list = |url: &str| plain.program(["key", "list", "--token-file", "token", "--api", url]).run();
    list(&plain.api.replace("http:", "https:")).failed(1, &["TLS", "plain HTTP"]);
    let ended = list(&tls.api.replace("https:", "http:"));
    ended.failed(1, &["https"]);
    assert!(!ended.err.contains("CW-SECRET"), "{ended:?}");
}

#[test]
fn a_token_that_is_wrong_or_not_enough_is_told_apart() {
    let server = Server::start(false);
    let (reader, _) = server.token("reader", "read");
    let (admin, created) = server.token("admin", "admin");
    server.remote(["token", "list"], &reader).run().failed(1, &["admin", "(403)"]);
    assert!(server.remote(["token", "list"], &admin).text().contains("reader"));
    server.local(["token", "revoke", created["tokenId"].as_str().expect("an id")]).text();
    let refused = server.remote(["token", "list"], &admin).run();
    refused.failed(1, &["the token in", "was refused", "(401)", "revoked"]);
    assert!(!refused.err.contains(created["token"].as_str().expect("a token")), "{refused:?}");
}

#[test]
fn the_token_may_come_from_the_environment_and_never_from_the_arguments() {
    let server = Server::start(false);
    let (_, created) = server.token("admin", "admin");
    let token = created["token"].as_str().expect("a token");
    let list = || server.program(["key", "list", "--api", &server.api]);
    assert!(list().env("PORTCULLIS_API_TOKEN", token).text().contains("ACCESS KEY ID"));
    // As it stands in the file for the container credentials of SDKs.
    assert!(list().env("PORTCULLIS_API_TOKEN", format!("Bearer {token}\n")).text().contains("ACCESS KEY ID"));
    list().run().failed(2, &["--token-file FILE", "PORTCULLIS_API_TOKEN"]);
    list().args(["--token-file", "nowhere"]).run().failed(1, &["--token-file nowhere"]);
    let ended = list().args(["--token", token]).run();
    assert_eq!(ended.code, Some(2), "there is no such option");
    let ended = list().env("PORTCULLIS_API_TOKEN", "two words").run();
    ended.failed(1, &["PORTCULLIS_API_TOKEN", "no token"]);
    assert!(!ended.err.contains("two words"), "{ended:?}");
}

#[test]
fn a_token_is_sent_in_the_clear_on_this_machine_only() {
    let home = tempfile::tempdir().expect("a folder");
    secret(&home.path().join("token"), "CW-SECRET-0123456789012345678901234567890123456789012");
    for url in ["http://192.0.2.1:9443", "http://api.example.com", "https://api.example.com/v1", "api.example.com"] {
        let ended = Program::new(home.path()).args(["key", "list", "--token-file", "token", "--api", url]).run();
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("https"), "{ended:?}");
    }
    for arguments in [
        &["--api", "https://localhost:1", "--dir", "."][..],
        &["--api", "https://localhost:1", "--config", "x"],
        &["--token-file", "token", "--dir", "."],
        &["--ca-file", "token", "--dir", "."],
    ] {
        let ended = Program::new(home.path()).args(["key", "list"]).args(arguments).run();
        assert_eq!(ended.code, Some(2), "{arguments:?} {ended:?}");
    }
}

#[test]
fn too_many_requests_and_strange_answers_are_explained() {
    let home = tempfile::tempdir().expect("a folder");
    secret(&home.path().join("token"), "CW-SECRET-0123456789012345678901234567890123456789012");
    let envelope = |message: &str| format!("{{\"code\": 8, \"message\": {message:?}, \"details\": []}}");
    for (status, body, words) in [
        ("429 Too Many Requests\r\nretry-after: 7", envelope("slow down"), &["429", "try again in 7 s"][..]),
        ("503 Service Unavailable", envelope("the store is away"), &["the store is away", "503"]),
        ("404 Not Found", "<html>nginx</html>".to_owned(), &["404", "not as a Portcullis API does"]),
        ("200 OK", "{}".to_owned(), &["not what this version expects"]),
        ("403 Forbidden", envelope("a\u{1b}[2Jb"), &["403"]),
    ] {
        let stub = Stub::start(move |_| (status, body.clone()));
        let list = ["key", "list", "--token-file", "token", "--api", &stub.url()];
        let ended = Program::new(home.path()).args(list).run();
        ended.failed(1, words);
        assert!(!ended.err.contains('\u{1b}') && !ended.err.contains("CW-SECRET"), "{ended:?}");
        let asked = stub.requests().remove(0).head;
        assert!(asked.contains(&format!("host: {}\r\n", stub.address)), "{asked}");
        assert!(asked.contains("authorization: Bearer CW-SECRET-"), "{asked}");
    }
}

#[test]
fn a_refusal_names_the_request_by_which_the_operator_finds_the_reason() {
    let server = Server::start(false);
    let file = server.folder().join("token");
    secret(&file, "e30.e30.e30");
    for command in [&["key", "list"][..], &["credentials", "token"], &["credentials", "oidc", "--org", "ab1cd2"]] {
        let ended = server.program([]).args(command).args(["--api", &server.api, "--token-file", "token"]).run();
        ended.failed(1, &["request id "]);
        let id = ended.err.split("request id ").nth(1).expect("an id");
        let id: String = id.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(id.len() >= 8, "{ended:?}");
    }
}
