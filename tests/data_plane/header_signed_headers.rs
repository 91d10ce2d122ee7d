//! The Authorization header: which headers are signed, and what becomes of those that are not.

use crate::support::app::{TestApp, now};
use crate::support::hand_signer::Recipe;
use crate::support::request::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a08_host_has_to_be_signed() {
    let app = TestApp::start().await;
    let without_host = |request: Request| {
        request.sign_by_hand(&app.write, now(), |recipe| recipe.signed_headers.retain(|name| name != "host"))
    };
    let refusal = app.refuses(&without_host(Request::get("/bucket/key")), 403, "AccessDenied").await;
    assert!(refusal.text().contains("host"), "the header is named: {refusal:?}");
    app.refuses(&without_host(Request::put("/bucket/key").body("body")), 403, "AccessDenied").await;
    app.accepts(Request::get("/bucket/key").sign_by_hand(&app.write, now(), |_| {})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a09_an_unsigned_copy_source_makes_no_copy() {
    let app = TestApp::start().await;
    let put = || Request::put("/bucket/key").body("body").sign(&app.write, now());
    for name in ["x-amz-copy-source", "X-Amz-Copy-Source", "X-AMZ-COPY-SOURCE"] {
        let refusal = app.refuses(&put().header(name, "/secrets/key"), 403, "AccessDenied").await;
        assert!(refusal.text().contains("x-amz-copy-source"), "the header is named: {refusal:?}");
    }
    // A part upload must not become UploadPartCopy either.
    let part = Request::put("/bucket/key?partNumber=1&uploadId=u").body("body").sign(&app.write, now());
    app.refuses(&part.header("x-amz-copy-source", "/secrets/key"), 403, "AccessDenied").await;
    app.accepts(put()).await;
    let stored = app.last_accepted();
    assert_eq!(stored.header("x-amz-copy-source"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_every_unsigned_amz_header_is_refused() {
    let app = TestApp::start().await;
    for (name, value) in UNSIGNED {
        for spelling in [name.to_string(), name.to_ascii_uppercase(), title_case(name)] {
            let request = Request::put("/bucket/key").body("body").sign(&app.admin, now()).header(&spelling, value);
            let refusal = app.refuses(&request, 403, "AccessDenied").await;
            assert!(refusal.text().contains(name), "{spelling} is named: {refusal:?}");
        }
        let get = Request::get("/bucket/key").sign(&app.admin, now()).header(name, value);
        app.refuses(&get, 403, "AccessDenied").await;
    }
    // What a CDN adds is dropped without effect, and x-amzn-* is another prefix.
    for name in ["x-amz-cf-id", "x-amzn-trace-id"] {
        app.accepts(Request::put("/bucket/key").body("body").sign(&app.admin, now()).header(name, "1-2")).await;
        let request = app.last_accepted();
        assert_eq!(request.header(name), None, "{request:?}");
    }
    // The same headers, signed, do act.
    let signed = Request::put("/bucket/key").header("x-amz-meta-a", "1").header("x-amz-storage-class", "STANDARD_IA");
    app.accepts(signed.body("body").sign(&app.admin, now())).await;
    let request = app.last_accepted();
    assert_eq!(
        (request.header("x-amz-meta-a"), request.header("x-amz-storage-class")),
        (Some("1"), Some("STANDARD_IA"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a11_the_list_of_signed_headers_is_exact() {
    let app = TestApp::start().await;
    let with = |change: fn(&mut Recipe)| {
        Request::get("/bucket/key").header("x-amz-meta-b", "2").sign_by_hand(&app.read, now(), change)
    };
    // A name that the request does not have counts as no signature, not as an empty value.
    let absent = with(|recipe| recipe.signed_headers.push("x-amz-meta-c".into()));
    app.refuses(&absent, 403, "SignatureDoesNotMatch").await;
    let wrong: [fn(&mut Recipe); 6] = [
        |recipe| recipe.signed_headers.insert(0, "host".into()),
        |recipe| recipe.signed_headers.reverse(),
        |recipe| recipe.signed_headers[0] = "Host".into(),
        |recipe| recipe.signed_headers.push(String::new()),
        |recipe| recipe.signed_headers.insert(0, String::new()),
        |recipe| recipe.signed_headers.push("x y".into()),
    ];
    for change in wrong {
        app.refuses(&with(change), 400, "AuthorizationHeaderMalformed").await;
    }
    app.refuses(&with(|recipe| recipe.signed_headers.clear()), 400, "AuthorizationHeaderMalformed").await;
    app.accepts(with(|_| {})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_header_that_stands_twice_is_refused_or_acts_as_it_was_signed() {
    let app = TestApp::start().await;
    let signed = Request::put("/bucket/key").body("body").sign(&app.write, now());
    let hash = signed.value("x-amz-content-sha256").expect("it is signed");
    let twice = [
        ("host", "localhost"),
        ("host", "victim.s3.example.com"),
        ("x-amz-date", "20261120T100000Z"),
        ("x-amz-date", "20261120T100001Z"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-content-sha256", hash.as_str()),
    ];
    for (name, value) in twice {
        app.refuses(&signed.clone().header(name, value), 400, "InvalidArgument").await;
        let first = signed.clone().tamper(|request| request.headers.insert(0, (name.to_owned(), value.into())));
        app.refuses(&first, 400, "InvalidArgument").await;
    }
    // Two lengths that differ end in the HTTP parser.
    let mut connection = app.connect().await;
    let two_lengths = signed.clone().header("Content-Length", "9");
    if let Ok(response) = connection.try_exchange(&two_lengths.bytes(), "PUT").await {
        assert_eq!(response.status, 400, "{response:?}");
    }
    app.nothing_reached().await;
    // Other signed headers are one comma-joined value: in the signature, and where it acts.
    let joined = Request::put("/bucket/key")
        .header("x-amz-meta-a", "1")
        .header("x-amz-meta-a", " 2 ")
        .body("body")
        .sign_by_hand(&app.write, now(), |_| {});
    let first_only = joined.clone().tamper(|request| {
        let position = request.headers.iter().rposition(|(name, _)| name == "x-amz-meta-a").expect("it is there");
        request.headers.remove(position);
    });
    app.refuses(&first_only, 403, "SignatureDoesNotMatch").await;
    let swapped = joined.clone().tamper(|request| request.headers.swap(1, 2));
    app.refuses(&swapped, 403, "SignatureDoesNotMatch").await;
    app.accepts(joined).await;
    assert_eq!(app.backend.only_request().header("x-amz-meta-a"), Some("1,2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_copy_source_that_stands_twice_is_never_one_of_the_two() {
    let app = TestApp::start().await;
    let copy = Request::put("/bucket/key")
        .header("x-amz-copy-source", "/bucket/mine")
        .header("x-amz-copy-source", "/bucket/other")
        .sign_by_hand(&app.write, now(), |_| {});
    let response = app.send(&copy).await;
    let requests = app.backend.settle().await;
    let acted_on: Vec<_> = requests.iter().filter_map(|request| request.header("x-amz-copy-source")).collect();
    assert!(
        (400..500).contains(&response.status) && requests.is_empty()
            || acted_on.iter().all(|source| source.contains("mine") && source.contains("other")),
        "{response:?} {requests:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a22_headers_are_verified_as_received_and_connection_may_not_name_them() {
    let app = TestApp::start().await;
    let signed = || Request::put("/bucket/key").body("body").sign(&app.write, now());
    for named in ["x-amz-date", "X-Amz-Content-Sha256", "authorization", "keep-alive, x-amz-meta-a", "host"] {
        app.refuses(&signed().header("Connection", named), 400, "InvalidRequest").await;
    }
    app.accepts(signed().header("Connection", "keep-alive")).await;
    // Expect is hop-by-hop and may be signed all the same.
    let expecting = Request::put("/bucket/key").header("Expect", "100-continue").body("body").sign(&app.write, now());
    assert!(expecting.value("authorization").is_some_and(|value| value.contains("expect;host")));
    let response = app.accepts(expecting.clone()).await;
    assert_eq!(response.informational, [100]);
    app.refuses(&expecting.without("Expect"), 403, "SignatureDoesNotMatch").await;
}

const UNSIGNED: [(&str, &str); 22] = [
    ("x-amz-acl", "public-read"),
    ("x-amz-bypass-governance-retention", "true"),
    ("x-amz-checksum-crc32", "y/Q5Jg=="),
    ("x-amz-copy-source-range", "bytes=0-1"),
    ("x-amz-decoded-content-length", "4"),
    ("x-amz-expected-bucket-owner", "111122223333"),
    ("x-amz-grant-full-control", "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""),
    ("x-amz-grant-read", "id=1"),
    ("x-amz-meta-a", "1"),
    ("x-amz-metadata-directive", "REPLACE"),
    ("x-amz-mfa", "1 2"),
    ("x-amz-object-lock-legal-hold", "ON"),
    ("x-amz-object-lock-mode", "COMPLIANCE"),
    ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"),
    ("x-amz-request-payer", "requester"),
    ("x-amz-security-token", "token"),
    ("x-amz-server-side-encryption", "aws:kms"),
    ("x-amz-server-side-encryption-customer-key", "a2V5"),
    ("x-amz-storage-class", "GLACIER"),
    ("x-amz-tagging", "public=yes"),
    ("x-amz-unheard-of", "1"),
    ("x-amz-website-redirect-location", "https://evil.example/"),
];

/// `x-amz-acl` as `X-Amz-Acl`.
fn title_case(name: &str) -> String {
    let part = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}
