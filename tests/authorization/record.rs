//! What is written down of a decision: which layer and statement made it, and all that it was made from.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::anonymous;
use crate::rules::{all_of, allow, app_under, guard, if_so};
use crate::support::app::now;
use crate::support::recording_backend::Answer;
use crate::support::request::Request;

/// The records of every request in this process, as lines of JSON.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// The record of the request with this id, and what was judged in it. It is written when the answer has
    /// left, which its reader may notice earlier.
    async fn record(&self, id: &str) -> (Value, Value) {
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(record) = self.find(id) {
                    return record;
                }
                tokio::task::yield_now().await;
            }
        });
        let record = found.await.unwrap_or_else(|_| panic!("no record of {id}"));
        let judged = serde_json::from_str(record["judged"].as_str().unwrap()).unwrap();
        (record, judged)
    }

    fn find(&self, id: &str) -> Option<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines =
            text.lines().filter(|line| line.contains(id)).map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut found = lines.filter(|line| line["target"] == "portcullis::audit" && line["request_id"] == id);
        let record = found.next();
        assert!(found.next().is_none(), "one record of {id}");
        record
    }
}

/// What the record says of a request that nobody signed, let in or not.
async fn nobody_is_recorded_as_anonymous(log: &Log) {
    let app = anonymous::app().await;
    let mut connection = app.connect().await;
    for (target, status, verdict) in [("/open/k", 200, "allowed"), ("/other/k", 403, "denied")] {
        let response = connection.exchange(&Request::get(target)).await;
        assert_eq!(response.status, status, "{response:?}");
        let (record, judged) = log.record(response.header("x-amz-request-id").unwrap()).await;
        assert_eq!((&record["principal"], &record["verdict"]), (&json!("anonymous"), &json!(verdict)), "{record}");
        assert_eq!((&record["access_key_id"], &judged["principal"]), (&json!("-"), &Value::Null));
        assert_eq!(judged["permission"], "read");
        for absent in ["aws:PrincipalArn", "aws:userid", "s3:authType", "s3:x-amz-content-sha256"] {
            assert_eq!(judged["context"][absent], Value::Null, "{judged}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_tells_who_decided_and_from_what() {
    let log = Log::default();
    let ours = tracing_subscriber::filter::filter_fn(|event| event.target() == "portcullis::audit");
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(log.clone());
    // For the whole process: the server has threads of its own, and no other test here listens.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(ours).with(lines)).unwrap();

    nobody_is_recorded_as_anonymous(&log).await;

    let app = app_under(&[allow(&["s3:*"], &["bucket", "bucket/*"])]).await;
    let no = if_so("Deny", "s3:GetObject", "bucket", r#"{"StringLike": {"aws:UserAgent": "evil*"}}"#);
    let no = no.replacen('{', r#"{"Sid": "NoEvil", "#, 1);
    guard(&app, "bucket", &[all_of("bucket"), no]).await;
    let mut connection = app.connect().await;
    let mut ask = async |request: Request| {
        let response = connection.exchange(&request.sign(&app.admin, now())).await;
        (response.status, response.header("x-amz-request-id").unwrap().to_owned())
    };

    let (status, denied) = ask(Request::get("/bucket/a%22b?versionId=v")
        .header("User-Agent", "nice \"quoted\"\\")
        .header("Referer", "https://a.example/page?X-Amz-Signature=canary"))
    .await;
    assert_eq!(status, 200);
    let (record, judged) = log.record(&denied).await;
    let of = |record: &Value| {
        ["verdict", "layer", "policy", "statement"].map(|field| record[field].as_str().unwrap().to_owned())
    };
    assert_eq!(of(&record), ["allowed", "bucket policy", "bucket", "#1"]);
    assert_eq!(judged["principal"], format!("static/{}", app.admin.id));
    assert_eq!(judged["demands"][0]["action"], "s3:GetObjectVersion");
    assert_eq!(judged["demands"][0]["resource"], "bucket/a\"b");
    assert_eq!(judged["demands"][0]["versionId"], "v");
    assert_eq!(judged["context"]["aws:UserAgent"][0], "nice \"quoted\"\\");
    assert_eq!(judged["context"]["aws:SourceIp"][0], "127.0.0.1");
    assert_eq!(judged["context"]["aws:Referer"][0], "https://a.example/page");

    let (status, denied) = ask(Request::get("/bucket/a").header("User-Agent", "evil/1")).await;
    assert_eq!(status, 403);
    let (record, judged) = log.record(&denied).await;
    assert_eq!(of(&record), ["denied", "bucket policy", "bucket", "NoEvil"]);
    assert!(record["reason"].as_str().unwrap().contains("bucket/NoEvil"), "{record}");
    assert_eq!(judged["demands"][0]["allowed"], false);

    let (status, denied) = ask(Request::get("/other/a")).await;
    assert_eq!(status, 403);
    assert_eq!(of(&log.record(&denied).await.0), ["denied", "organization policy", "-", "-"]);

    let batch = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>v</VersionId></Object></Delete>";
    let (_, deleted) = ask(Request::post("/other?delete").body(batch)).await;
    let (record, judged) = log.record(&deleted).await;
    assert_eq!(record["verdict"], "denied");
    let demands: Vec<_> = judged["demands"].as_array().unwrap().iter().map(|demand| &demand["resource"]).collect();
    assert_eq!(demands, ["other/a", "other/b"]);
    assert_eq!(judged["demands"][1]["versionId"], "v");

    let elsewhere = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>victim</TargetBucket><TargetPrefix/>\
        </LoggingEnabled></BucketLoggingStatus>";
    let (status, named) = ask(Request::put("/bucket?logging").body(elsewhere)).await;
    assert_eq!(status, 403);
    let (record, judged) = log.record(&named).await;
    assert_eq!(of(&record), ["denied", "organization policy", "-", "-"]);
    let demands = judged["demands"].as_array().unwrap();
    assert_eq!((&demands[0]["action"], &demands[0]["allowed"]), (&json!("s3:PutBucketLogging"), &json!(true)));
    assert_eq!((&demands[1]["resource"], &demands[1]["allowed"]), (&json!("victim/*"), &json!(false)));
    let (status, named) = ask(Request::put("/bucket?logging").body(elsewhere.replace("victim", "bucket"))).await;
    assert_eq!(status, 200);
    let (record, judged) = log.record(&named).await;
    assert_eq!(record["verdict"], "allowed");
    assert_eq!(judged["demands"][1]["resource"], "bucket/*");

    // A missing object that its reader may not know of: why it is forbidden.
    let app = app_under(&[allow(&["s3:GetObject"], &["bucket/*"])]).await;
    app.backend.answer_next(Answer::error(404, "NoSuchKey", "not here"));
    let response = app.send(&Request::get("/bucket/k").sign(&app.admin, now())).await;
    assert_eq!(response.status, 403);
    let (record, judged) = log.record(response.header("x-amz-request-id").unwrap()).await;
    assert_eq!(of(&record), ["denied", "organization policy", "-", "-"]);
    assert_eq!(
        (&judged["demands"][1]["action"], &judged["demands"][1]["allowed"]),
        (&json!("s3:ListBucket"), &json!(false))
    );
}
