//! What goes wrong at the target: counted by its name, and told with what to do.

use serde_json::{Value, json};

use crate::memory_s3::{Asked, MemoryS3, Twist, answer, error};
use crate::program::{Ended, bench_at, kind, run};

/// The errors of a kind: code and count.
fn errors(report: &Value, name: &str) -> Vec<(String, u64)> {
    let errors = kind(report, name)["errors"].as_array().expect("a list").clone();
    let pair = |error: &Value| Some((error["code"].as_str()?.to_owned(), error["count"].as_u64()?));
    errors.iter().filter_map(pair).collect()
}

/// Answers every fourth request of the load with what `wrong` makes.
fn every_fourth(method: &'static str, wrong: impl Fn() -> Twist + Send + Sync + 'static) -> MemoryS3 {
    let is_chosen =
        move |asked: &Asked| asked.method == method && asked.key.contains("/bench-") && asked.before % 4 == 3;
    MemoryS3::with(move |asked| if is_chosen(asked) { wrong() } else { Twist::None })
}

fn twenty(target: &MemoryS3, workload: &str) -> Ended {
    let fixed = "--requests 20 --connections 1 --objects 1 --prefix x/bench- --json";
    run(bench_at(target, &format!("--workload {workload} {fixed}")))
}

#[test]
fn errors_are_counted_by_status_and_code_and_fail_the_run() {
    let target = every_fourth("GET", || Twist::Answer(error(503, "SlowDown")));
    let ended = twenty(&target, "get");
    let report = ended.report(1);
    assert_eq!((&report["requests"], &report["failed"]), (&json!(20), &json!(5)), "{report}");
    assert_eq!(errors(&report, "GetObject"), [("SlowDown".to_owned(), 5)]);
    assert_eq!(kind(&report, "GetObject")["errors"][0]["status"], json!(503));
    assert!(ended.err.contains("5 of 20 requests failed"), "{ended:?}");
    assert_eq!(target.holds(), (0, 0));
}

#[test]
fn an_answer_that_is_wrong_is_an_error() {
    let wrong = |body: &'static str| every_fourth("GET", move || Twist::Answer(answer(200, body)));
    for (body, word) in [("short", "other bytes"), ("", "shorter than it was written")] {
        let report = twenty(&wrong(body), "get").report(1);
        let errors = errors(&report, "GetObject");
        assert!(errors.len() == 1 && errors[0].0.contains(word) && errors[0].1 == 5, "{errors:?}");
    }
    let tagged = |tag: &'static str| {
        every_fourth("PUT", move || {
            let mut answer = answer(200, "");
            if !tag.is_empty() {
                answer.headers_mut().insert("etag", tag.parse().expect("a header"));
            }
            Twist::Answer(answer)
        })
    };
    for (tag, word) in [("", "no ETag"), ("\"00000000000000000000000000000000\"", "not the MD5")] {
        let report = twenty(&tagged(tag), "put").report(1);
        let errors = errors(&report, "PutObject");
        assert!(errors.len() == 1 && errors[0].0.contains(word) && errors[0].1 == 5, "{errors:?}");
    }
    // The control: a tag of another form is fine, as of what is encrypted.
    twenty(&tagged("\"another-form\""), "put").report(0);
}

#[test]
fn an_upload_that_fails_is_aborted() {
    let is_part = |asked: &Asked| asked.query.starts_with("partNumber=2") && asked.before > 2;
    let target = MemoryS3::with(
        move |asked| {
            if is_part(asked) { Twist::Answer(error(500, "InternalError")) } else { Twist::None }
        },
    );
    let arguments = "--workload multipart --object-size 6MiB --part-size 5MiB --requests 2 --connections 1 --json";
    let report = run(bench_at(&target, arguments)).report(1);
    assert_eq!(errors(&report, "UploadPart"), [("InternalError".to_owned(), 2)]);
    assert_eq!(errors(&report, "whole upload"), [("InternalError".to_owned(), 2)]);
    assert_eq!(target.holds(), (0, 0));
    let aborted = target.asked().iter().filter(|it| it.method == "DELETE" && it.query.starts_with("uploadId=")).count();
    assert_eq!(aborted, 2);
}

#[test]
fn a_completion_that_fails_behind_a_200_is_an_error() {
    let target = MemoryS3::with(|asked| {
        let completes = asked.method == "POST" && asked.query.starts_with("uploadId=") && asked.before > 1;
        if completes { Twist::Answer(error(200, "InternalError")) } else { Twist::None }
    });
    let arguments = "--workload multipart --object-size 1KiB --requests 1 --connections 1 --json";
    let report = run(bench_at(&target, arguments)).report(1);
    assert_eq!(errors(&report, "CompleteMultipartUpload"), [("InternalError".to_owned(), 1)]);
    assert_eq!(target.holds(), (0, 0));
}

#[test]
fn what_cannot_be_deleted_is_told() {
    let target =
        MemoryS3::with(
            |asked| {
                if asked.method == "DELETE" { Twist::Answer(error(403, "AccessDenied")) } else { Twist::None }
            },
        );
    let ended = run(bench_at(&target, "--requests 5 --objects 1 --json"));
    let report = ended.report(1);
    assert_eq!((&report["failed"], &report["cleanUp"]["left"]), (&json!(0), &json!(1)), "{report}");
    assert!(ended.err.contains("left below portcullis-bench/") && ended.err.contains("AccessDenied"), "{ended:?}");
}

#[test]
fn a_request_without_an_answer_in_time_is_an_error_and_the_next_one_goes_on() {
    let target = every_fourth("GET", || Twist::Late);
    let fixed = "--requests 8 --connections 1 --objects 1 --timeout 700ms --prefix x/bench- --json";
    let report = run(bench_at(&target, fixed)).report(1);
    assert_eq!(errors(&report, "GetObject"), [("timeout".to_owned(), 2)]);
    assert_eq!(kind(&report, "GetObject")["good"], json!(6), "{report}");
}

#[test]
fn a_target_that_closes_connections_causes_no_error() {
    let target = MemoryS3::with(|asked| match asked.method.as_str() {
        "DELETE" => {
            let mut answer = answer(204, "");
            answer.headers_mut().insert("connection", "close".parse().expect("a header"));
            Twist::Answer(answer)
        }
        _ => Twist::None,
    });
    let ended = run(bench_at(&target, "--workload put --requests 9 --objects 3 --connections 1"));
    assert_eq!((ended.code, target.count("DELETE")), (Some(0), 3), "{ended:?}");
}

#[test]
fn connections_are_kept_unless_that_is_not_wanted() {
    let connections = |more: &str| {
        let target = MemoryS3::start();
        run(bench_at(&target, &format!("--requests 20 --objects 1 --connections 1 --json {more}"))).report(0);
        let of_the_load = target.asked().into_iter().filter(|asked| asked.method == "GET" && asked.before > 0);
        of_the_load.map(|asked| asked.connection).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((connections(""), connections("--no-keep-alive")), (1, 20));
}
