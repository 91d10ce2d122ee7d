//! From an empty folder to the first object.

use std::process::Command;
use std::time::Duration;

use portcullis::clock::{Clock as _, SystemClock};

use crate::server::{DevServer, path, run, text};
use crate::support::request::{Payload, Request};
use crate::support::sign::TestKey;

#[tokio::test]
async fn the_printed_lines_are_all_that_a_client_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    let settings = server.settings();
    assert_eq!((settings["AWS_REGION"].as_str(), settings["AWS_DEFAULT_REGION"].as_str()), ("us-east-1", "us-east-1"));

    assert_eq!(server.send(Request::put("/demo")).await.status, 200);
    assert_eq!(server.send(Request::put("/demo/a/README.md").body("hello")).await.status, 200);
    let got = server.send(Request::get("/demo/a/README.md")).await;
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    let listed = server.send(Request::get("/demo?list-type=2")).await;
    assert_eq!((listed.status, listed.element("Key")), (200, Some("a/README.md".to_owned())));
    assert_eq!(server.send(Request::get("/")).await.element("Name").as_deref(), Some("demo"));
    assert_eq!(server.send(Request::delete("/demo/a/README.md")).await.status, 204);
    assert_eq!(server.send(Request::get("/demo/a/README.md")).await.code().as_deref(), Some("NoSuchKey"));
    assert_eq!(server.send(Request::delete("/demo")).await.status, 204);
}

#[tokio::test]
async fn only_the_printed_secret_opens_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    let list = || Request::get("/").host(&server.address().to_string());
    let wrong = list().sign(&server.key().with_wrong_secret(), SystemClock.now());
    let wrong = server.send_signed(wrong, "127.0.0.1").await;
    assert_eq!((wrong.status, wrong.code().as_deref()), (403, Some("SignatureDoesNotMatch")));
    let unsigned = server.send_signed(list(), "127.0.0.1").await;
    assert_eq!((unsigned.status, unsigned.code().as_deref()), (403, Some("AccessDenied")));
    assert_eq!(server.send(Request::get("/")).await.status, 200, "the positive control");
}

#[tokio::test]
async fn virtual_hosts_presigned_urls_and_uploads_with_trailers_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    server.send(Request::put("/demo")).await;

    let chunks = "5\r\n12345\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
    let upload = Request::put("/demo/key")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "9")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .payload(Payload::Value("STREAMING-UNSIGNED-PAYLOAD-TRAILER".into()));
    let uploaded = server.send(upload.body(chunks)).await;
    assert_eq!((uploaded.status, uploaded.header("x-amz-checksum-crc32")), (200, Some("y/Q5Jg==")), "{uploaded:?}");

    let host = format!("demo.s3.localhost:{}", server.address().port());
    let virtual_hosted = Request::get("/key").host(&host).sign(&server.key(), SystemClock.now());
    let got = server.send_signed(virtual_hosted, "demo.s3.localhost").await;
    assert_eq!((got.status, got.text().as_str()), (200, "123456789"));

    let host = server.address().to_string();
    let presigned =
        Request::get("/demo/key").host(&host).presign(&server.key(), SystemClock.now(), Duration::from_mins(1));
    let got = server.send_signed(presigned, "127.0.0.1").await;
    assert_eq!((got.status, got.text().as_str()), (200, "123456789"));
}

#[tokio::test]
async fn the_printed_token_makes_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let server = DevServer::start(&dir);
    server.send(Request::put("/demo")).await;
    let line =
        server.printed.lines().find(|line| line.starts_with("curl -H \"Authorization:")).expect("a line to paste");
    let url = line.split_whitespace().last().expect("a URL");
    assert!(line.contains(&format!("$(cat {}/admin.token)", path(&dir))), "{line}");
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/v1/cwobject/access-key"), "{line}");

    let pasted = Command::new("sh").args(["-c", &format!("{line} --silent --show-error")]).output().expect("sh runs");
    let key: serde_json::Value = serde_json::from_slice(&pasted.stdout).unwrap_or_else(|_| panic!("{pasted:?}"));
    let word = |name: &str| key[name].as_str().unwrap_or_else(|| panic!("no {name} in {key}")).to_owned();
    let key = TestKey { id: word("accessKeyId"), secret: word("secretKey") };
    let host = server.address().to_string();
    let upload = Request::put("/demo/a").body("by the token").host(&host).sign(&key, SystemClock.now());
    assert_eq!(server.send_signed(upload, "127.0.0.1").await.status, 200);
    assert_eq!(server.send(Request::get("/demo/a")).await.text(), "by the token");
    assert!(word("principalName").starts_with("coreweave/"));
}

#[test]
fn the_readme_shows_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = DevServer::start(&folder.path().join("dev"));
    let readme = include_str!("../../README.md");
    let shown = readme.split("```").find(|block| block.contains("Paste into another terminal")).expect("a block");
    // What differs from run to run stands behind a `=`, a folder or an address.
    let fixed = |line: &str| line.split(['=', ':']).next().unwrap_or_default().to_owned();
    let shown: Vec<_> = shown.lines().skip(1).map(fixed).filter(|line| !line.starts_with(['P', '('])).collect();
    let printed: Vec<_> = server.printed.lines().map(fixed).filter(|line| !line.starts_with(['P', '('])).collect();
    assert_eq!(shown, printed);
}

#[test]
fn the_other_commands_work_on_its_folder_while_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("dev");
    let server = DevServer::start(&dir);
    let checked = run(&["check", "--config", path(&dir.join("portcullis.toml"))]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    for part in ["identity static/* at most admin", "as container credentials live 1h", "saml     as http://127.0.0.1:"]
    {
        assert!(text(&checked.stdout).contains(part), "{part} is not in {}", text(&checked.stdout));
    }
    let created = run(&["key", "create", "--dir", path(&dir), "--permission", "read"]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    let listed = text(&run(&["key", "list", "--dir", path(&dir)]).stdout);
    assert!(listed.contains(&server.key().id) && listed.lines().count() == 3, "{listed}");
}

#[test]
fn either_signal_ends_it_in_good_order() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in ["-TERM", "-INT"] {
        let server = DevServer::start(&folder.path().join("dev"));
        assert_eq!(server.stop(signal).code(), Some(0), "{signal}");
    }
}
