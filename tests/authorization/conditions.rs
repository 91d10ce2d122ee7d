//! What a request says of itself, as the conditions of bucket policies see it.

use std::time::Duration;

use portcullis::identity::{Attributes, Groups, Permission};
use portcullis::keys::{Grant, KeyLife, NewToken};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::rules::{add_policy, all_of, allow, app_under, denied, deny, guard, if_so, passes};
use crate::support::app::{TestApp, now};
use crate::support::http2::Http2;
use crate::support::request::Request;
use crate::support::sign::TestKey;

/// An app whose bucket denies `action` under `condition`, and lets all else be.
async fn denying(action: &str, condition: &str) -> TestApp {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    guard(&app, "bucket", &[all_of("bucket"), if_so("Deny", action, "bucket", condition)]).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_a_policy_forbids_unsigned_payloads() {
    let app = denying("s3:PutObject", r#"{"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}"#).await;
    denied(&app, Request::put("/bucket/k").body("x").unsigned_payload()).await;
    let url = Request::put("/bucket/k").presign(&app.admin, now(), Duration::from_mins(1)).body("x");
    app.refuses(&url, 403, "AccessDenied").await;
    passes(&app, Request::put("/bucket/k").body("x")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_writes_can_be_demanded_of_whole_objects_and_not_of_parts() {
    let unconditional = r#"{"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}"#;
    let app = denying("s3:PutObject", unconditional).await;
    denied(&app, Request::put("/bucket/k").body("x")).await;
    denied(&app, Request::put("/bucket/k").header("x-amz-copy-source", "/bucket/other")).await;
    denied(&app, Request::post("/bucket/k?uploadId=u").body("<CompleteMultipartUpload/>")).await;
    passes(&app, Request::put("/bucket/k").header("if-none-match", "*").body("x")).await;
    passes(&app, Request::put("/bucket/k?partNumber=1&uploadId=u").body("x")).await;
    passes(&app, Request::post("/bucket/k?uploads")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_the_address_is_the_sockets_whatever_is_forwarded() {
    let app = denying("s3:*", r#"{"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#).await;
    for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"] {
        denied(&app, Request::get("/bucket/k").header(name, "10.0.0.1")).await;
    }
    guard(
        &app,
        "bucket",
        &[all_of("bucket"), if_so("Deny", "s3:*", "bucket", r#"{"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}"#)],
    )
    .await;
    passes(&app, Request::get("/bucket/k").header("X-Forwarded-For", "192.0.2.1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_forwarding_headers_make_no_connection_secure() {
    let app = denying("s3:*", r#"{"Bool": {"aws:SecureTransport": "false"}}"#).await;
    denied(&app, Request::get("/bucket/k").header("X-Forwarded-Proto", "https").header("Forwarded", "proto=https"))
        .await;
    let app = TestApp::with(|setup| setup.tls = true).await;
    let plain = if_so("Deny", "s3:*", "bucket", r#"{"Bool": {"aws:SecureTransport": "false"}}"#);
    let old = if_so("Deny", "s3:*", "bucket", r#"{"NumericLessThan": {"s3:TlsVersion": "1.3"}}"#);
    guard(&app, "bucket", &[all_of("bucket"), plain, old]).await;
    passes(&app, Request::get("/bucket/k")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e19_no_header_of_a_client_is_a_condition_key() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let as_admin = [
        (r#"{"StringEquals": {"aws:userid": "static/boss"}}"#, ["userid", "aws:userid"], "static/boss"),
        (r#"{"StringEquals": {"aws:username": "boss"}}"#, ["username", "aws-username"], "boss"),
        (r#"{"ForAnyValue:StringEquals": {"iam:ab1cd2:groups": "admins"}}"#, ["groups", "iam-ab1cd2-groups"], "admins"),
        (r#"{"StringEquals": {"aws:PrincipalTag/team": "core"}}"#, ["team", "principaltag"], "core"),
        (r#"{"StringEquals": {"s3:prefix": "open/"}}"#, ["prefix", "s3-prefix"], "open/"),
        (r#"{"StringEquals": {"aws:PrincipalArn": "boss"}}"#, ["principal", "principalarn"], "boss"),
    ];
    for (condition, names, value) in as_admin {
        guard(&app, "bucket", &[if_so("Allow", "s3:*", "bucket", condition)]).await;
        for name in names.iter().filter(|name| !name.contains(':')) {
            denied(&app, Request::get("/bucket/k").header(name, value)).await;
            let query = format!("/bucket?list-type=2&{name}={value}");
            let request = Request::get(&query).sign(&app.admin, now());
            let response = app.send(&request).await;
            let is_parameter = *name == "prefix";
            assert_eq!(response.status, if is_parameter { 200 } else { 501 }, "{query}: {response:?}");
            if is_parameter {
                app.reached_once().await;
            }
        }
    }
    let me =
        format!(r#"{{"StringEquals": {{"aws:userid": "static/{id}", "aws:username": "{id}"}}}}"#, id = app.admin.id);
    guard(&app, "bucket", &[if_so("Allow", "s3:*", "bucket", &me)]).await;
    passes(&app, Request::get("/bucket/k")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e20_what_a_request_says_is_literal_in_a_variable() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let own = r#"{"StringLike": {"s3:prefix": "home/${aws:username}/*"}}"#;
    guard(&app, "bucket", &[if_so("Allow", "s3:ListBucket", "bucket", own)]).await;
    let list = |prefix: &str| Request::get(&format!("/bucket?list-type=2&prefix={prefix}"));
    denied(&app, list("home/somebody/a")).await;
    denied(&app, list("home/%24%7Baws%3Ausername%7D/a")).await;
    denied(&app, list("home/*/a")).await;
    passes(&app, list(&format!("home/{}/a", app.admin.id))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e13_a_listing_stays_in_the_prefix_that_was_allowed() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let within = r#"{"StringLike": {"s3:prefix": ["a/*", "a/"]}, "StringEquals": {"s3:delimiter": "/"}, "NumericLessThanEquals": {"s3:max-keys": "100"}}"#;
    let listing = |action: &str| if_so("Allow", action, "bucket", within);
    guard(&app, "bucket", &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"].map(listing))
        .await;
    for kind in ["list-type=2", "versions", "uploads", "encoding-type=url"] {
        let list = |rest: &str| Request::get(&format!("/bucket?{kind}&{rest}"));
        let keys = if kind == "uploads" { "max-uploads=7&max-keys=7" } else { "max-keys=7" };
        for outside in ["", "prefix=b/", "prefix=", "prefix=a", "prefix=%61", "prefix=A/", "prefix=a%252F"] {
            denied(
                &app,
                list(
                    &format!("{outside}&delimiter=/&{keys}")
                        .replace("&max-keys=7", if kind == "uploads" { "" } else { "&max-keys=7" }),
                ),
            )
            .await;
        }
        if kind == "uploads" {
            continue;
        }
        denied(&app, list("prefix=a/&max-keys=7")).await;
        denied(&app, list("prefix=a/&delimiter=b&max-keys=7")).await;
        denied(&app, list("prefix=a/&delimiter=/&max-keys=101")).await;
        denied(&app, list("prefix=a/&delimiter=/")).await;
        passes(&app, list("prefix=a/&delimiter=/&max-keys=7")).await;
        passes(&app, list("prefix=%61%2Fb&delimiter=%2F&max-keys=100")).await;
        assert!(app.last_accepted().target.contains("prefix=a%2Fb"), "{:?}", app.last_accepted());
    }
    for wrong in ["abc", "1e9", "-1", "%2B7", "99999999999"] {
        let request = Request::get(&format!("/bucket?prefix=a/&delimiter=/&max-keys={wrong}")).sign(&app.admin, now());
        app.refuses(&request, 400, "InvalidArgument").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e13_a_page_begins_anywhere_and_its_prefix_is_judged_each_time() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    guard(&app, "bucket", &[if_so("Allow", "s3:ListBucket", "bucket", r#"{"StringEquals": {"s3:prefix": "a/"}}"#)])
        .await;
    for token in ["continuation-token=b%2Fsecret", "start-after=b%2F", "continuation-token=a%2Fx&start-after=b"] {
        denied(&app, Request::get(&format!("/bucket?list-type=2&{token}"))).await;
        denied(&app, Request::get(&format!("/bucket?list-type=2&prefix=b/&{token}"))).await;
        passes(&app, Request::get(&format!("/bucket?list-type=2&prefix=a/&{token}"))).await;
        let sent = app.last_accepted().target;
        assert!(sent.contains("prefix=a%2F") && sent.contains(token.split('&').next().unwrap()), "{sent}");
    }
    denied(&app, Request::get("/bucket?marker=b%2F&prefix=b%2F")).await;
    passes(&app, Request::get("/bucket?marker=b%2F&prefix=a%2F")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e13_a_prefix_that_a_backend_could_clean_is_refused() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    guard(&app, "bucket", &[if_so("Allow", "s3:ListBucket", "bucket", r#"{"StringLike": {"s3:prefix": "*"}}"#)]).await;
    let list = |bucket: &str, prefix: &str| Request::get(&format!("/{bucket}?list-type=2&prefix={prefix}"));
    for prefix in ["a/../b", "..", "./a", "a/./b", "a%5Cb", "/..", "//../"] {
        app.refuses(&list("bucket", prefix).sign(&app.admin, now()), 400, "InvalidURI").await;
        app.refuses(&list("no-policy", prefix).sign(&app.admin, now()), 400, "InvalidURI").await;
    }
    // These stay in the bucket, and where nothing is judged by prefix they are sent on as they are.
    for prefix in ["/a", "/a/", "a//b", "a//", "/", "//"] {
        app.refuses(&list("bucket", prefix).sign(&app.admin, now()), 400, "InvalidURI").await;
        passes(&app, list("no-policy", prefix)).await;
        let sent = format!("prefix={}", prefix.replace('/', "%2F"));
        assert!(app.last_accepted().target.ends_with(&sent), "{}", app.last_accepted().target);
    }
    for prefix in ["", "a", "a/", "a/b", ".git", "a/.b", "a..b"] {
        passes(&app, list("bucket", prefix)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_judged_in_header_and_body_and_sent_on_as_judged() {
    let only = r#"{"StringEquals": {"s3:RequestObjectTag/class": "open data"}, "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["class"]}}"#;
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    guard(&app, "bucket", &[if_so("Allow", "s3:*", "bucket", only)]).await;
    let put = |tags: &str| Request::put("/bucket/k").header("x-amz-tagging", tags).body("x");
    for wrong in ["class=secret", "other=1", "class=open+data&other=1", "CLASS=open+data"] {
        denied(&app, put(wrong)).await;
    }
    passes(&app, put("%63lass=open+data")).await;
    assert_eq!(app.last_accepted().header("x-amz-tagging"), Some("class=open%20data"));
    app.refuses(&put("class=open+data&class=secret").sign(&app.admin, now()), 400, "InvalidArgument").await;
    let tagging = |value: &str| {
        let tag = format!("<Tag><Key>class</Key><Value>{value}</Value></Tag>");
        Request::put("/bucket/k?tagging").body(format!("<Tagging><TagSet>{tag}</TagSet></Tagging>"))
    };
    denied(&app, tagging("secret")).await;
    denied(&app, Request::put("/bucket/k?tagging").body("no document")).await;
    passes(&app, tagging("open&#32;data")).await;
    assert!(app.last_accepted().mentions("<Value>open data</Value>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn retentions_and_holds_in_a_body_are_judged() {
    let app = denying("s3:PutObjectRetention", r#"{"StringEquals": {"s3:object-lock-mode": "COMPLIANCE"}}"#).await;
    let retention = |mode: &str| {
        let until = "<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>";
        Request::put("/bucket/k?retention").body(format!("<Retention><Mode>{mode}</Mode>{until}</Retention>"))
    };
    denied(&app, retention("COMPLIANCE")).await;
    passes(&app, retention("GOVERNANCE")).await;
    let far = r#"{"DateGreaterThan": {"s3:object-lock-retain-until-date": "2029-01-01T00:00:00Z"}}"#;
    let app = denying("s3:PutObjectRetention", far).await;
    denied(&app, retention("GOVERNANCE")).await;
    let header = |until: &str| {
        let request = Request::put("/bucket/k").header("x-amz-object-lock-mode", "GOVERNANCE").body("x");
        request.header("x-amz-object-lock-retain-until-date", until)
    };
    denied(&app, header("2030-01-01T00:00:00Z")).await;
    passes(&app, header("2028-01-01T00:00:00Z")).await;
    app.refuses(&header("soon").sign(&app.admin, now()), 400, "InvalidArgument").await;
    let app = denying("s3:PutObjectLegalHold", r#"{"StringEquals": {"s3:object-lock-legal-hold": "OFF"}}"#).await;
    let hold = |status: &str| {
        Request::put("/bucket/k?legal-hold").body(format!("<LegalHold><Status>{status}</Status></LegalHold>"))
    };
    denied(&app, hold("OFF")).await;
    passes(&app, hold("ON")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_document_does_not_state_is_not_taken_from_a_header() {
    let app = denying("s3:PutObjectRetention", r#"{"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}}"#).await;
    let put = |document: &str| Request::put("/bucket/k?retention").body(document);
    denied(&app, put("<Retention/>")).await;
    denied(&app, put("<Retention/>").header("x-amz-object-lock-mode", "COMPLIANCE")).await;
    let until = "<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>";
    let stated = put(&format!("<Retention><Mode>COMPLIANCE</Mode>{until}</Retention>"));
    passes(&app, stated.header("x-amz-object-lock-mode", "GOVERNANCE")).await;
    assert_eq!(app.last_accepted().header("x-amz-object-lock-mode"), None, "what was not judged is not sent on");
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    passes(&app, Request::put("/bucket/k?tagging").header("x-amz-tagging", "a=c").body(tags)).await;
    assert_eq!(app.last_accepted().header("x-amz-tagging"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_or_a_hold_that_is_none_is_refused_before_a_lenient_backend_reads_it() {
    let app = denying("s3:*", r#"{"StringEquals": {"s3:object-lock-mode": "COMPLIANCE"}}"#).await;
    let until = "<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>";
    for (target, document) in [
        ("/bucket/k?retention", format!("<Retention><Mode>compliance</Mode>{until}</Retention>")),
        ("/bucket/k?legal-hold", "<LegalHold><Status>off</Status></LegalHold>".to_owned()),
    ] {
        app.refuses(&Request::put(target).body(document).sign(&app.admin, now()), 400, "MalformedXML").await;
    }
    for (name, value) in [
        ("x-amz-object-lock-mode", "compliance"),
        ("x-amz-object-lock-legal-hold", "on"),
        ("x-amz-metadata-directive", "replace"),
    ] {
        let request = Request::put("/bucket/k").header(name, value).body("x").sign(&app.admin, now());
        app.refuses(&request, 400, "InvalidArgument").await;
    }
    passes(&app, Request::put("/bucket/k").header("x-amz-object-lock-mode", "GOVERNANCE").body("x")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn white_space_around_a_header_is_no_part_of_its_value() {
    let public = if_so("Deny", "s3:PutObject", "bucket", r#"{"StringEquals": {"s3:x-amz-acl": "public-read"}}"#);
    let app = TestApp::with(|setup| setup.tls = true).await;
    guard(&app, "bucket", &[all_of("bucket"), public]).await;
    let mut http2 = Http2::open(app.address, app.ca.as_ref().unwrap(), "localhost").await;
    for value in ["public-read", " public-read", "public-read ", "\tpublic-read\t"] {
        // HTTP/1.1 has no such values, HTTP/2 and the query of a URL do.
        let request = Request::put("/bucket/k").header("x-amz-acl", "public-read").sign(&app.admin, now());
        let request = request.replace("x-amz-acl", value);
        let response = http2.exchange(&request).await;
        app.is_refusal(&request, &response, 403, "AccessDenied");
        let encoded = value.replace(' ', "%20").replace('\t', "%09");
        let url = Request::put(&format!("/bucket/k?X-Amz-Acl={encoded}"));
        app.refuses(&url.presign(&app.admin, now(), Duration::from_mins(1)), 403, "AccessDenied").await;
    }
    let request = Request::put("/bucket/k").header("x-amz-acl", " bucket-owner-read ").sign(&app.admin, now());
    assert_eq!(http2.exchange(&request).await.status, 200);
    assert_eq!(app.reached_once().await.header("x-amz-acl"), Some("bucket-owner-read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_and_the_age_of_a_signature_are_judged() {
    let app = denying("s3:GetObject", r#"{"StringNotEquals": {"s3:authType": "REST-HEADER"}}"#).await;
    let url = Request::get("/bucket/k").presign(&app.admin, now(), Duration::from_hours(1));
    let refusal = app.refuses(&url, 403, "AccessDenied").await;
    assert_eq!(refusal.element("Message").as_deref(), Some("Access Denied"));
    passes(&app, Request::get("/bucket/k")).await;
    let app = denying("s3:GetObject", r#"{"NumericGreaterThan": {"s3:signatureAge": "600000"}}"#).await;
    let url = Request::get("/bucket/k").presign(&app.admin, now(), Duration::from_hours(1));
    app.clock.set(now() + jiff::SignedDuration::from_secs(600));
    app.accepts(url.clone()).await;
    app.clock.set(now() + jiff::SignedDuration::from_secs(601));
    app.refuses(&url, 403, "AccessDenied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b16_a_url_may_do_what_its_signer_may_now() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let url = Request::get("/bucket/k").presign(&app.admin, now(), Duration::from_hours(1));
    app.accepts(url.clone()).await;
    add_policy(&app, &[deny(&["s3:GetObject"], &["bucket/*"])]).await;
    let refusal = app.refuses(&url, 403, "AccessDenied").await;
    assert_eq!(refusal.element("Message").as_deref(), Some("Access Denied"), "whoever holds a URL is told no reason");
}

#[tokio::test(flavor = "multi_thread")]
async fn j07_a_connection_that_stays_is_judged_anew_at_each_request() {
    let app = app_under(&[allow(&["s3:*"], &["*"])]).await;
    let request = Request::get("/bucket/k").sign(&app.admin, now());
    let mut connection = app.connect().await;
    assert_eq!(connection.exchange(&request).await.status, 200);
    app.reached_once().await;
    add_policy(&app, &[deny(&["s3:GetObject"], &["bucket/*"])]).await;
    let response = connection.exchange(&request).await;
    app.is_refusal(&request, &response, 403, "AccessDenied");
    assert!(response.text().contains("with an explicit deny in an organization policy"), "{response:?}");
    app.nothing_reached().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e17_a_deny_in_any_layer_stands_against_every_allow() {
    let app = app_under(&[allow(&["s3:*"], &["*"]), deny(&["s3:GetObject"], &["bucket/a"])]).await;
    guard(
        &app,
        "bucket",
        &[all_of("bucket"), if_so("Deny", "s3:GetObject", "bucket", r#"{"Null": {"s3:VersionId": "true"}}"#)],
    )
    .await;
    denied(&app, Request::get("/bucket/a")).await;
    denied(&app, Request::get("/bucket/b")).await;
    passes(&app, Request::get("/bucket/b?versionId=v")).await;
    passes(&app, Request::get("/other/b")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_attributes_of_a_key_open_what_they_are_to_open() {
    let all = allow(&["s3:*"], &["*"]);
    let document = format!(r#"{{"version": "v1alpha1", "name": "rules", "statements": [{all}]}}"#);
    let app = TestApp::with(|setup| {
        setup.identities.push(("coreweave/".into(), "admin".into()));
        setup.policies = vec![("rules.json".into(), document)];
    })
    .await;
    let keys = &app.running().keys;
    let mut random = UnwrapErr(SysRng);
    let groups = Groups::parse(["ops".to_owned(), "dev".to_owned()]).unwrap();
    let new = NewToken { name: "t".into(), permission: Permission::Admin, groups, expires_at: None };
    let (_, token) = keys.create_token(new, &mut random).await.unwrap();
    let holder = keys.login(&token).await.unwrap().unwrap();
    let tags = [("team".to_owned(), "core".to_owned())].into();
    let grant = Grant::from_token(&holder, Permission::Admin, KeyLife::Permanent);
    let issued = keys.issue(grant.with_attributes(Attributes::parse(tags).unwrap()), &mut random).await.unwrap();
    let key = TestKey { id: issued.info.access_key_id.to_string(), secret: issued.secret.expose().to_owned() };
    for (condition, opens) in [
        (r#"{"ForAnyValue:StringEquals": {"iam:ab1cd2:groups": "ops"}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"iam:ab1cd2:groups": "OPS"}}"#, false),
        (r#"{"StringEquals": {"aws:PrincipalTag/team": "core"}}"#, true),
        (r#"{"StringEquals": {"aws:PrincipalTag/team": "other"}}"#, false),
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "ab1cd2", "cw:PrincipalOrgID": "ab1cd2"}}"#, true),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::ab1cd2:coreweave/*"}}"#, true),
    ] {
        guard(&app, "bucket", &[if_so("Allow", "s3:*", "bucket", condition)]).await;
        let request = Request::get("/bucket/k").sign(&key, now());
        if opens {
            app.accepts(request).await;
        } else {
            app.refuses(&request, 403, "AccessDenied").await;
        }
    }
}
