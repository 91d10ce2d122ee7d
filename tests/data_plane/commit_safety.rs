//! No wrong body ever becomes an object: every way to declare a body, and every way in which what comes
//! is not what was declared, for whole objects and for parts, over HTTP/1.1 and HTTP/2. What the backend
//! has of such an upload can never be complete. After each wrong body stands the right one.

use crate::support::app::TestApp;
use crate::support::declared::{self, Declared};
use crate::support::http2::{Http2, Then};
use crate::support::request::Request;
use crate::support::wire::Response;

/// An object, and a part of one.
const TARGETS: [&str; 2] = ["/bucket/key", "/bucket/key?partNumber=1&uploadId=u"];
/// One that is proved before anything leaves, and one that streams.
const SIZES: [usize; 2] = [1000, 150_000];

#[tokio::test(flavor = "multi_thread")]
async fn c01_no_wrong_body_with_a_sha256_can_commit() {
    nothing_wrong_commits(&declared::BY_SHA256).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_with_a_content_md5_can_commit() {
    nothing_wrong_commits(&declared::BY_MD5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_with_a_checksum_header_can_commit() {
    nothing_wrong_commits(&declared::BY_CHECKSUM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_of_a_presigned_url_can_commit() {
    nothing_wrong_commits(&declared::BY_PRESIGNED_MD5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_with_an_unsigned_trailer_can_commit() {
    nothing_wrong_commits(&declared::BY_UNSIGNED_TRAILER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_in_signed_chunks_can_commit() {
    nothing_wrong_commits(&declared::BY_SIGNED_CHUNKS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_body_with_a_signed_trailer_can_commit() {
    nothing_wrong_commits(&declared::BY_SIGNED_TRAILER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_half_body_can_commit_where_only_its_length_is_declared() {
    for kind in [&declared::BY_LENGTH, &declared::BY_PRESIGNED_LENGTH] {
        nothing_wrong_commits(kind).await;
    }
}

/// Some backends take an upload that is cut off before its first byte for an empty object.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_never_begins_is_never_begun_upstream() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let app = TestApp::with(|setup| {
            setup.tls = protocol == Protocol::Http2;
            setup.limits = vec!["body_idle_timeout = \"300ms\"".into()];
        })
        .await;
        let right = body_of(150_000);
        for kind in [&declared::BY_SHA256, &declared::BY_LENGTH, &declared::BY_UNSIGNED_TRAILER] {
            let request = (kind.request)(&app, "/bucket/key", &right, &right);
            for then in [Then::Disconnect, Then::Finish, Then::Stall] {
                breaks_off(&app, protocol, &request, 0, then).await;
                assert_eq!(app.backend.requests().len(), 0, "{}, then {then:?}", kind.name);
            }
        }
        // With a byte it begins, and its end is a reset: no backend can take that for the end of a body.
        let request = (declared::BY_LENGTH.request)(&app, "/bucket/key", &right, &right);
        breaks_off(&app, protocol, &request, 100_000, Then::Stall).await;
        let begun = app.backend.only_request();
        assert!(!begun.body.is_empty() && begun.was_reset, "{begun:?}");
    }
}

async fn nothing_wrong_commits(kind: &Declared) {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let app = TestApp::with(|setup| {
            setup.tls = protocol == Protocol::Http2;
            setup.limits = vec!["body_idle_timeout = \"300ms\"".into()];
        })
        .await;
        for size in SIZES {
            let right = body_of(size);
            for target in TARGETS {
                for (what, wrong, refusal) in wrong_bodies(kind, &right) {
                    let request = (kind.request)(&app, target, &right, &wrong);
                    let answer = exchange(&app, protocol, &request).await;
                    refused(&app, &request, &answer, refusal, what);
                    app.nothing_could_commit().await;
                }
                let request = (kind.request)(&app, target, &right, &right);
                for cut in cuts(kind, &request) {
                    for then in [Then::Disconnect, Then::Finish] {
                        breaks_off(&app, protocol, &request, cut, then).await;
                    }
                }
                breaks_off(&app, protocol, &request, request.body.len() - 1, Then::Stall).await;
                let answer = exchange(&app, protocol, &request).await;
                assert_eq!(answer.status, 200, "{} {protocol:?}: {answer:?}", kind.name);
                let stored = app.reached_once().await;
                assert!(stored.stored_bytes() == right, "{} {protocol:?}: the bytes are as sent", kind.name);
            }
        }
    }
}

/// Bodies that are not the one declared, and how each is refused.
fn wrong_bodies(kind: &Declared, right: &[u8]) -> Vec<(&'static str, Vec<u8>, (u16, &'static str))> {
    let change = |position: usize| {
        let mut body = right.to_vec();
        body[position] ^= 1;
        body
    };
    let half = right.len() / 2;
    let mut other_order = right.to_vec();
    other_order.rotate_left(half);
    let last = right.len() - 1;
    let altered = [
        ("the first byte is another", change(0)),
        ("a byte in the middle is another", change(half)),
        ("the last byte is another", change(last)),
        ("the halves changed places", other_order),
        ("nothing of it is right", vec![0; right.len()]),
    ];
    let of_another_length = [
        ("it is empty", Vec::new()),
        ("it is one byte short", right[..last].to_vec()),
        ("it is half as long", right[..half].to_vec()),
        ("it is one byte longer", [right, b"x"].concat()),
        ("it comes twice", [right, right].concat()),
    ];
    let altered = altered.into_iter().filter_map(|(what, body)| Some((what, body, kind.altered?)));
    let of_another_length = of_another_length.into_iter().filter_map(|(what, body)| Some((what, body, kind.resized?)));
    altered.chain(of_another_length).collect()
}

/// After how many bytes of the body, framing included, the client breaks off.
fn cuts(kind: &Declared, request: &Request) -> Vec<usize> {
    let length = request.body.len();
    let end = (kind.end)(request);
    let mut cuts = vec![0, 1, length / 2, end.saturating_sub(1), end, end + 1, length - 3, length - 2, length - 1];
    cuts.retain(|cut| *cut < length);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Sends the first `bytes` of the body, and then no more.
async fn breaks_off(app: &TestApp, protocol: Protocol, request: &Request, bytes: usize, then: Then) {
    let answer = match protocol {
        Protocol::Http1 => {
            let mut connection = app.connect().await;
            connection.send(request.head_bytes()).await;
            connection.send(&request.body[..bytes]).await;
            match then {
                Then::Disconnect => None,
                Then::Finish => {
                    connection.finish_sending().await;
                    connection.try_response("PUT").await.ok()
                }
                Then::Stall => Some(connection.response("PUT").await),
            }
        }
        Protocol::Http2 => http2(app).await.begin(request, bytes, then).await,
    };
    let what = format!("{bytes} of {} bytes over {protocol:?}, then {then:?}", request.body.len());
    if let Some(answer) = answer {
        let refusal = if then == Then::Stall { (400, "RequestTimeout") } else { (400, "IncompleteBody") };
        refused(app, request, &answer, refusal, &what);
    } else {
        assert_ne!((then, protocol), (Then::Stall, Protocol::Http1), "{what} gets an answer");
    }
    app.nothing_could_commit().await;
}

fn refused(app: &TestApp, request: &Request, answer: &Response, (status, code): (u16, &str), what: &str) {
    assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)), "{what}: {request:?}: {answer:?}");
    app.is_refusal(request, answer, status, code);
}

async fn exchange(app: &TestApp, protocol: Protocol, request: &Request) -> Response {
    match protocol {
        Protocol::Http1 => app.send(request).await,
        Protocol::Http2 => {
            let ended = http2(app).await.begin(request, request.body.len(), Then::Finish).await;
            ended.expect("a whole request is answered")
        }
    }
}

async fn http2(app: &TestApp) -> Http2 {
    let ca = app.ca.as_ref().expect("the listener speaks TLS");
    Http2::open(app.address, ca, "localhost").await
}

/// Bytes of which no two neighbourhoods are alike.
fn body_of(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from((index * 7 + index / 251) % 251).expect("below 251")).collect()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protocol {
    Http1,
    Http2,
}
