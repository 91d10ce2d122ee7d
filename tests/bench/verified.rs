//! Against `portcullis dev`: real signatures over TLS, verified, in front of a real S3 server.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::program::{Ended, bench, kind, run};
use crate::server::DevServer;
use crate::support::request::Request;

/// The program with the environment that `dev` prints, and a bucket.
fn bench_at(server: &DevServer, arguments: &str) -> Command {
    let mut command = bench(arguments.split_whitespace());
    command.envs(server.settings()).args(["--bucket", "demo"]);
    command
}

async fn started(folder: &Path) -> DevServer {
    let server = DevServer::start(&folder.join("dev"));
    assert_eq!(server.send(Request::put("/demo")).await.status, 200);
    server
}

async fn is_empty(server: &DevServer) -> bool {
    let listed = server.send(Request::get("/demo?list-type=2")).await;
    assert_eq!(listed.status, 200);
    listed.element("Key").is_none()
}

#[tokio::test]
async fn every_workload_and_every_form_of_payload_passes_verification() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = started(folder.path()).await;
    for payload in ["sha256", "signed-chunks", "trailer", "unsigned"] {
        for workload in ["mixed --reads 50 --object-size 70000", "multipart --object-size 5243000 --part-size 5MiB"] {
            let fixed = "--requests 4 --connections 2 --objects 2 --json";
            let arguments = format!("--workload {workload} --payload {payload} {fixed}");
            let report = run(bench_at(&server, &arguments)).report(0);
            assert_eq!(report["failed"], json!(0), "{payload}, {workload}: {report}");
            assert!(report["requests"].as_u64().is_some_and(|count| count >= 4), "{report}");
        }
    }
    let kept = run(bench_at(&server, "--requests 1 --objects 1 --keep --json")).report(0);
    assert_eq!(kind(&kept, "GetObject")["good"], json!(1));
    assert!(!is_empty(&server).await, "the positive control");
    let key = format!("/demo/{}r000000", kept["setup"]["prefix"].as_str().expect("a prefix"));
    assert_eq!(server.send(Request::delete(&key)).await.status, 204);
    assert!(is_empty(&server).await);
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_authority_are_told_before_the_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = started(folder.path()).await;
    let with = |change: fn(&mut Command)| -> Ended {
        let mut command = bench_at(&server, "--requests 1 --objects 1");
        change(&mut command);
        run(command)
    };
    let wrong = with(|command| {
        command.env("AWS_SECRET_ACCESS_KEY", crate::program::SECRET);
    });
    wrong.failed(1, &["SignatureDoesNotMatch", "The secret does not belong to this key"]);
    with(|command| {
        command.args(["--prefix", "x", "--virtual-hosted", "--endpoint", "https://nothing.invalid"]);
    })
    .failed(1, &["cannot be resolved", "--virtual-hosted"]);
    let untrusted = with(|command| {
        command.args(["--ca-file", concat!(env!("CARGO_MANIFEST_DIR"), "/certs/ca.pem")]);
    });
    untrusted.failed(1, &["--ca-file"]);
    assert!(is_empty(&server).await);
}
