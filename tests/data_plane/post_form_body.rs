//! The bodies of forms: files within limits, held or streamed, and forms that are none.

use base64::Engine as _;
use serde_json::json;
use sha2::Digest as _;

use crate::support::app::{TestApp, now};
use crate::support::form::{BOUNDARY, Form, part};
use crate::support::http2::Http2;
use crate::support::recording_backend::BodyState;

const MIB: usize = 1 << 20;

fn file(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index % 251).expect("below 251")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_file_outside_its_range_is_refused() {
    let app = TestApp::start().await;
    let form = |length: usize, least: usize, most: usize| {
        let range = json!(["content-length-range", least, most]);
        Form::new("bucket", "a").condition(range).file(file(length)).sign(&app.write, now()).request()
    };
    for length in [0, 9, 6 * MIB - 1] {
        app.rejects_body(&form(length, length + 1, 7 * MIB), 400, "EntityTooSmall").await;
        app.accepts(form(length, length, 7 * MIB)).await;
    }
    for length in [1, 100_000, 5 * MIB, 6 * MIB] {
        let refusal = app.rejects_body(&form(length, 0, length - 1), 400, "EntityTooLarge").await;
        assert_eq!(refusal.element("MaxSizeAllowed"), Some((length - 1).to_string()));
        app.accepts(form(length, length, length)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_nothing_is_read_beyond_the_limit() {
    let app = TestApp::start().await;
    let form = Form::new("bucket", "a").condition(json!(["content-length-range", 0, 1000])).file(file(4 * MIB));
    let form = form.sign(&app.write, now());
    let request = form.request();
    // The answer comes while most of the file has not been sent.
    let mut connection = app.connect().await;
    connection.send(&request.bytes()[..request.head_bytes().len() + form.before_file() + 2000]).await;
    let refusal = connection.response("POST").await;
    app.is_refusal(&request, &refusal, 400, "EntityTooLarge");
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_field_stands_once_and_before_the_file() {
    let app = TestApp::start().await;
    let signed = || Form::new("bucket", "a").allowed("acl", "private").sign(&app.write, now());
    for name in ["key", "policy", "acl", "x-amz-signature", "x-amz-credential"] {
        let value = signed().value(name);
        app.refuses(&signed().field(name, &value).request(), 400, "InvalidArgument").await;
        app.refuses(&signed().field(&name.to_uppercase(), &value).request(), 400, "InvalidArgument").await;
    }
    let closing = format!("\r\n--{BOUNDARY}--\r\n").into_bytes();
    let second = |name: &str| [part(name, "other"), closing.clone()].concat();
    for name in ["file", "FILE"] {
        for length in [10, 6 * MIB] {
            let twice = signed().file(file(length)).with(|form| form.ending = second(name));
            app.rejects_body(&twice.request(), 400, "IncorrectNumberOfFilesInPostRequest").await;
        }
    }
    // Of a held file, what follows counts for nothing; of a streamed one it is refused.
    for name in ["acl", "key", "x-amz-meta-a", "success_action_status", "submit"] {
        let after = signed().with(|form| form.ending = second(name));
        assert_eq!(app.accepts(after.request()).await.status, 204);
        let stored = app.last_accepted();
        assert_eq!((stored.target.as_str(), stored.body.as_slice()), ("/bucket/a", &b"the file"[..]));
        assert!(!stored.mentions("other"), "{stored:?}");
        let large = after.file(file(6 * MIB));
        app.rejects_body(&large.request(), 400, "InvalidArgument").await;
    }
    for missing in ["key"] {
        let request = signed().without(missing).with(|form| form.ending = second(missing)).request();
        app.refuses(&request, 400, "UserKeyMustBeSpecified").await;
    }
    let policy_after = signed().without("policy").with(|form| form.ending = second("policy"));
    app.refuses(&policy_after.request(), 400, "InvalidArgument").await;
    // Case makes no difference to names.
    let upper = signed().with(|form| form.fields.iter_mut().for_each(|(name, _)| *name = name.to_uppercase()));
    app.accepts(upper.request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_the_file_name_is_put_in_before_the_policy_is_asked() {
    let app = TestApp::start().await;
    let form = |filename: &str, condition| {
        let form = Form::new("bucket", "user/${filename}").with(|form| form.conditions = vec![condition]);
        form.filename(filename).sign(&app.write, now()).request()
    };
    let starts = || json!(["starts-with", "$key", "user/"]);
    for traversal in ["../a", "..", ".", "a/../b", "..\\\\..\\\\a", "../../other/a"] {
        app.refuses(&form(traversal, starts()), 400, "InvalidArgument").await;
    }
    for broken in ["a\0b", "a\r\nb", "a\nb", "a\u{7f}b", "a\"; name=\"key"] {
        app.refuses(&form(broken, starts()), 400, "MalformedPOSTRequest").await;
    }
    let literal = json!(["starts-with", "$key", "user/${filename}"]);
    app.refuses(&form("a.txt", literal), 403, "AccessDenied").await;
    app.refuses(&form("a.txt", json!({"key": "user/b.txt"})), 403, "AccessDenied").await;
    for (filename, key) in [
        ("a.txt", "user/a.txt"),
        ("C:\\dir\\b c.txt", "user/b%20c.txt"),
        ("dir/${filename}", "user/%24%7Bfilename%7D"),
        ("q\\\"uote", "user/q%22uote"),
        ("%2e%2e%2f", "user/%252e%252e%252f"),
    ] {
        app.accepts(form(filename, starts())).await;
        assert_eq!(app.last_accepted().target, format!("/bucket/{key}"), "{filename}");
    }
    // The key is held to what holds for every key.
    for (key, code) in
        [("a//b", "InvalidURI"), ("./a", "InvalidURI"), ("a\nb", "InvalidURI"), (&"k".repeat(1025), "KeyTooLongError")]
    {
        app.refuses(&Form::new("bucket", key).sign(&app.write, now()).request(), 400, code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_no_field_breaks_out_of_its_header() {
    let app = TestApp::start().await;
    for name in ["Content-Type", "Content-Disposition", "x-amz-meta-a", "acl"] {
        for value in ["a\r\nx-amz-acl: public-read", "a\nb", "a\0b"] {
            let form =
                Form::new("bucket", "a").condition(json!(["starts-with", format!("${name}"), ""])).field(name, value);
            app.refuses(&form.sign(&app.admin, now()).request(), 400, "InvalidArgument").await;
        }
    }
    for name in
        ["x-amz-copy-source", "x-amz-acl", "x-amz-grant-read", "x-amz-new-feature", "x-amz-bypass-governance-retention"]
    {
        let form = Form::new("bucket", "a").allowed(name, "/bucket/b").sign(&app.admin, now());
        let refusal = app.refuses(&form.request(), 501, "NotImplemented").await;
        assert!(refusal.text().contains(name), "{refusal:?}");
    }
    let form =
        Form::new("bucket", "a").allowed("Content-Type", "text/html; charset=utf-8").allowed("x-amz-meta-a", "b");
    app.accepts(form.sign(&app.write, now()).request()).await;
    let stored = app.last_accepted();
    assert_eq!(stored.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(stored.header("x-amz-meta-a"), Some("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_bombs_are_refused_within_bounds() {
    let app = TestApp::start().await;
    let signed = || Form::new("bucket", "a").sign(&app.write, now());
    let too_much = "MaxPostPreDataLengthExceededError";
    // 100,000 parts; 64 MiB of fields; an endless preamble. Each is refused long before its end.
    let parts = Form::new("bucket", "a").with(|form| form.fields = vec![("a".into(), Vec::new()); 2]);
    let twice =
        parts.clone().with(|form| form.fields = (0..100_000).map(|number| (number.to_string(), vec![])).collect());
    app.rejects_body_as(&twice.request(), 400).await;
    let many = parts.with(|form| form.fields = (0..102).map(|number| (number.to_string(), vec![])).collect());
    app.rejects_body(&many.request(), 400, "MalformedPOSTRequest").await;
    let fields = signed().field("x-ignore-a", vec![b'x'; 64 * MIB]).request();
    app.rejects_body(&fields, 400, too_much).await;
    let endless = signed().with(|form| form.preamble = vec![b'x'; 16 * MIB]).request();
    app.rejects_body(&endless, 400, too_much).await;
    let almost = b"\r\n------WebKitFormBoundary".repeat(10_000);
    app.rejects_body(&signed().with(|form| form.preamble = almost).request(), 400, too_much).await;
    for boundary in ["b".repeat(71), "b".repeat(30_000), String::new(), "a b ".to_owned(), "ä".to_owned()] {
        let request = signed().with(|form| form.boundary = boundary).request();
        let refusal = app.refuses(&request, 400, &app.send(&request).await.code().unwrap_or_default()).await;
        assert!(
            ["MalformedPOSTRequest", "InvalidArgument"].contains(&&*refusal.code().unwrap_or_default()),
            "{refusal:?}"
        );
    }
    let huge = signed().with(|form| form.boundary = "b".repeat(MIB)).request();
    let refusal = app.connect().await.try_exchange(&huge.bytes(), "POST").await;
    assert!(refusal.is_err() || refusal.is_ok_and(|response| response.status == 431), "hyper refuses such a head");
    let long_head = signed().with(|form| form.file_head = format!("; filename=\"{}\"", "n".repeat(5000)));
    app.rejects_body(&long_head.request(), 400, "MalformedPOSTRequest").await;
    // Small as it is sent, and 3 MB with the name of its file put in.
    let any_type = Form::new("bucket", "a").condition(json!(["starts-with", "$content-type", ""]));
    let grows = any_type.field("content-type", "${filename}".repeat(1000)).filename(&"n".repeat(3000));
    app.rejects_body(&grows.sign(&app.write, now()).request(), 400, too_much).await;
    app.accepts(signed().field("x-ignore-a", vec![b'x'; 16 << 10]).request()).await;
    app.accepts(signed().with(|form| form.preamble = b"preamble\r\n".to_vec()).request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_body_that_is_no_form_never_commits() {
    let app = TestApp::start().await;
    let signed = |length: usize| Form::new("bucket", "a").file(file(length)).sign(&app.write, now());
    for length in [100, 6 * MIB] {
        for ending in [
            "",
            "\r\n",
            "\r\n--",
            &format!("\r\n--{BOUNDARY}"),
            &format!("\r\n--{BOUNDARY}-"),
            &format!("\r\n--{BOUNDARY}\r\n"),
            &format!("\n--{BOUNDARY}--\n"),
            &format!("\r\n--{BOUNDARY}--\r\nepilogue"),
            &format!("\r\n--{BOUNDARY}--\r\n\r\n"),
            &format!("\r\n--{BOUNDARY}x--\r\n"),
            &format!("\r\n--{BOUNDARY}--\n\n"),
        ] {
            let broken = signed(length).with(|form| form.ending = ending.as_bytes().to_vec());
            app.rejects_body(&broken.request(), 400, "MalformedPOSTRequest").await;
        }
        app.accepts(signed(length).request()).await;
        assert!(app.last_accepted().body == file(length), "{length} bytes are stored as sent");
    }
    // Some senders leave the last line break out: a held file does not need it.
    let bare = |length: usize| signed(length).with(|form| form.ending.truncate(form.ending.len() - 2)).request();
    app.accepts(bare(100)).await;
    assert_eq!(app.last_accepted().body, file(100));
    let refusal = app.rejects_body(&bare(6 * MIB), 400, "MalformedPOSTRequest").await;
    assert!(refusal.text().contains("line break"), "it says what to do: {refusal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_form_says_how_long_it_is() {
    let app = TestApp::start().await;
    let form = Form::new("bucket", "a").sign(&app.write, now()).request();
    app.refuses(&form.clone().in_http_chunks(100), 411, "MissingContentLength").await;
    app.refuses(&form.clone().without_length(), 411, "MissingContentLength").await;
    app.accepts(form).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_form_that_is_cut_off_never_commits() {
    let app = TestApp::start().await;
    for length in [100, 6 * MIB] {
        let form = Form::new("bucket", "a").file(file(length)).sign(&app.write, now()).request();
        let bytes = form.bytes();
        for missing in [1, 2, 3, 50, 90] {
            let mut connection = app.connect().await;
            connection.send(&bytes[..bytes.len() - missing]).await;
            connection.finish_sending().await;
            if let Ok(response) = connection.try_response("POST").await {
                app.is_refusal(&form, &response, 400, "IncompleteBody");
            }
            app.nothing_could_commit().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_streams_and_a_small_one_is_held() {
    let app = TestApp::start().await;
    let awkward = |length: usize| {
        let lookalikes = [&b"\r\n--"[..], BOUNDARY.as_bytes()].concat();
        let mut file = file(length);
        for at in (0..length - 100).step_by(65_521) {
            file[at..at + lookalikes.len() - 1].copy_from_slice(&lookalikes[..lookalikes.len() - 1]);
        }
        file
    };
    for length in [5 * MIB, 6 * MIB] {
        let form = Form::new("bucket", "a").file(awkward(length)).sign(&app.write, now());
        app.accepts(form.request()).await;
        let stored = app.last_accepted();
        assert!(stored.body == form.file, "{length} bytes are stored as sent");
        assert_eq!(stored.header("content-length"), Some(length.to_string().as_str()));
    }
    let form = Form::new("bucket", "a").file(file(6 * MIB)).sign(&app.write, now()).request();
    let before = app.backend.requests().len();
    let mut connection = app.connect().await;
    let bytes = form.bytes();
    let (most, last) = bytes.split_at(bytes.len() - 1);
    connection.send(most).await;
    app.backend.wait_for_body(before, 5 * MIB).await;
    let request = app.backend.requests().pop().expect("it is there");
    assert_eq!(request.body_state, BodyState::Arriving, "the tail waits for the end of the form");
    connection.send(last).await;
    assert_eq!(connection.response("POST").await.status, 204);
    app.reached_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checksums_in_fields_hold_for_the_file() {
    let app = TestApp::start().await;
    let form = |length: usize, sum: &str| {
        let form = Form::new("bucket", "a").allowed("x-amz-checksum-sha256", sum).file(file(length));
        form.sign(&app.write, now()).request()
    };
    for length in [0, 100, 100_000, 6 * MIB] {
        let sum = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(bytes));
        app.rejects_body(&form(length, &sum(b"other")), 400, "BadDigest").await;
        app.accepts(form(length, &sum(&file(length)))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_go_over_http2_as_well() {
    let app = TestApp::with(|setup| setup.tls = true).await;
    let ca = app.ca.clone().expect("the listener speaks TLS");
    let mut connection = Http2::open(app.address, &ca, "localhost").await;
    for length in [0, 1, 100_000, 6 * MIB] {
        let form = Form::new("bucket", "a").file(file(length)).sign(&app.write, now());
        let broken = form.clone().with(|form| form.ending = format!("\r\n--{BOUNDARY}").into_bytes()).request();
        let refusal = connection.exchange(&broken).await;
        app.is_refusal(&broken, &refusal, 400, "MalformedPOSTRequest");
        app.nothing_could_commit().await;
        assert_eq!(connection.exchange(&form.request()).await.status, 204);
        assert!(app.reached_once().await.body == form.file, "{length}");
    }
}
