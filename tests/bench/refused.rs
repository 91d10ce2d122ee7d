//! What ends before any load: mistakes in the arguments, and targets that do not work, each with what to do.

use std::net::TcpListener;

use crate::memory_s3::{MemoryS3, Twist, answer, error};
use crate::program::{bench, bench_at, run};

#[test]
fn every_limit_is_checked_before_anything_is_sent() {
    let target = MemoryS3::start();
    for arguments in [
        "--rate 100001",
        "--rate 0",
        "--connections 4097",
        "--connections 0",
        "--duration 61min",
        "--duration 0s",
        "--warm-up 2h",
        "--object-size 5368709121",
        "--object-size 0",
        "--part-size 4MiB",
        "--objects 100001",
        "--requests 1000000001",
        "--max-bytes 11TiB",
        "--max-bytes 1023",
        "--objects 100000 --object-size 2MiB",
        "--timeout 1h",
        "--reads 101",
        "--prefix ../x",
        "--virtual-hosted --path-style",
        "--endpoint ftp://localhost",
    ] {
        let ended = run(bench_at(&target, arguments));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments}: {ended:?}");
    }
    assert_eq!(target.asked().len(), 0);
    assert_eq!(run(bench_at(&target, "--requests 1 --objects 1")).code, Some(0), "the positive control");
}

#[test]
fn a_key_comes_from_a_file_or_the_environment_and_has_to_be_there() {
    let target = MemoryS3::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{}\n", crate::program::SECRET)).expect("the folder is ours");
    let file = file.to_str().expect("a path of a test is UTF-8");
    let with = |arguments: &str, without: &str| {
        let mut command = bench_at(&target, &format!("--requests 1 --objects 1 {arguments}"));
        run({
            command.env_remove(without);
            command
        })
    };
    with("", "AWS_SECRET_ACCESS_KEY").failed(2, &["--secret-file"]);
    with("", "AWS_ACCESS_KEY_ID").failed(2, &["--key"]);
    assert_eq!(with("--key BENCHKEY", "AWS_ACCESS_KEY_ID").code, Some(0));
    assert_eq!(with(&format!("--secret-file {file}"), "AWS_SECRET_ACCESS_KEY").code, Some(0));
    with("--secret-file /nowhere", "AWS_SECRET_ACCESS_KEY").failed(1, &["/nowhere"]);
    assert!(target.asked().iter().all(|asked| asked.token.is_none()));

    // A session token belongs to the secret beside it: that of the environment is not for one in a file.
    let tokens = |arguments: &str| {
        let target = MemoryS3::start();
        let mut command = bench_at(&target, &format!("--requests 1 --objects 1 {arguments}"));
        command.env("AWS_SESSION_TOKEN", "token-of-the-environment");
        assert_eq!(run(command).code, Some(0));
        target.asked().into_iter().map(|asked| asked.token).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(tokens(""), [Some("token-of-the-environment".to_owned())].into());
    assert_eq!(tokens(&format!("--secret-file {file}")), [None].into());
    assert_eq!(
        tokens(&format!("--secret-file {file} --session-token-file {file}")),
        [Some(crate::program::SECRET.to_owned())].into()
    );
}

#[test]
fn a_refusal_says_whose_fault_it_is_and_what_to_do() {
    for (status, code, words) in [
        (403, "SignatureDoesNotMatch", ["secret", "AWS_SECRET_ACCESS_KEY"]),
        (403, "InvalidAccessKeyId", ["does not know this key", "403"]),
        (403, "AccessDenied", ["PutObject", "DeleteObject"]),
        (404, "NoSuchBucket", ["Create the bucket", "--bucket"]),
        (400, "AuthorizationHeaderMalformed", ["--region", "--endpoint"]),
        (503, "SlowDown", ["--rate", "--connections"]),
        (501, "NotImplemented", ["--payload", "sha256"]),
    ] {
        let target = MemoryS3::with(move |_| Twist::Answer(error(status, code)));
        let ended = run(bench_at(&target, "--workload put"));
        ended.failed(1, &["the first PutObject failed", code, words[0], words[1]]);
        if status < 500 {
            assert_eq!(target.asked().len(), 1, "nothing was written, nothing is deleted");
        }
    }
    let target = MemoryS3::with(|_| Twist::Answer(answer(404, "<html>")));
    run(bench_at(&target, "")).failed(1, &["404", "is that an S3 endpoint"]);
}

#[test]
fn clocks_that_differ_are_named() {
    let target = MemoryS3::with(|_| {
        let mut answer = error(403, "SignatureDoesNotMatch");
        answer.headers_mut().insert("date", "Wed, 21 Oct 2015 07:28:00 GMT".parse().expect("a header"));
        Twist::Answer(answer)
    });
    run(bench_at(&target, "")).failed(1, &["Its clock is", "behind this machine's"]);
}

#[test]
fn no_server_no_name_and_no_tls_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let at = |endpoint: &str| run(bench(["--endpoint", endpoint, "--bucket", "demo"]));
    at(&format!("http://{free}")).failed(1, &["connection refused", "port of --endpoint"]);
    at("http://nothing.invalid").failed(1, &["cannot be resolved"]);
    let target = MemoryS3::start();
    at(&target.endpoint().replace("http:", "https:")).failed(1, &["TLS"]);
}

#[test]
fn a_target_that_says_nothing_is_not_waited_for_longer_than_allowed() {
    let target = MemoryS3::with(|_| Twist::Late);
    run(bench_at(&target, "--workload put --timeout 100ms")).failed(1, &["no whole answer within 100ms", "--timeout"]);
}
