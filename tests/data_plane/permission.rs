//! What a key may do: its own permission, the ceiling of its identity, and whether it is alive.

use jiff::SignedDuration;
use portcullis::identity::Permission;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

const READS: [(&str, &str); 8] = [
    ("GET", "/bucket/key"),
    ("HEAD", "/bucket/key"),
    ("GET", "/bucket"),
    ("GET", "/bucket?list-type=2"),
    ("HEAD", "/bucket"),
    ("GET", "/bucket/key?tagging"),
    ("GET", "/bucket?versioning"),
    ("GET", "/bucket/key?uploadId=u"),
];

const WRITES: [(&str, &str); 8] = [
    ("PUT", "/bucket/key"),
    ("DELETE", "/bucket/key"),
    ("PUT", "/bucket/key?partNumber=1&uploadId=u"),
    ("POST", "/bucket/key?uploads"),
    ("DELETE", "/bucket/key?uploadId=u"),
    ("PUT", "/bucket/key?tagging"),
    ("DELETE", "/bucket/key?tagging"),
    ("DELETE", "/bucket/key?versionId=v"),
];

const ADMINISTRATION: [(&str, &str); 11] = [
    ("PUT", "/bucket"),
    ("DELETE", "/bucket"),
    ("PUT", "/bucket?acl"),
    ("PUT", "/bucket/key?acl"),
    ("PUT", "/bucket?versioning"),
    ("PUT", "/bucket?lifecycle"),
    ("PUT", "/bucket?cors"),
    ("PUT", "/bucket?tagging"),
    ("DELETE", "/bucket?lifecycle"),
    ("PUT", "/bucket?replication"),
    ("PUT", "/bucket?notification"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_read_key_reads_and_does_nothing_else() {
    let app = TestApp::start().await;
    for (method, target) in WRITES.iter().chain(&ADMINISTRATION) {
        let refusal = app.refuses(&Request::new(method, target).sign(&app.read, now()), 403, "AccessDenied").await;
        assert!(refusal.text().contains("is not authorized to perform: s3:"), "the action is named: {refusal:?}");
    }
    let delete = Request::post("/bucket?delete").body("<Delete><Object><Key>a</Key></Object></Delete>");
    let response = app.send(&delete.sign(&app.read, now())).await;
    assert!(response.status == 403 || response.text().contains("AccessDenied"), "{response:?}");
    app.nothing_reached().await;
    for (method, target) in READS {
        let response = app.send(&Request::new(method, target).sign(&app.read, now())).await;
        assert_ne!(response.status, 403, "{method} {target}: {response:?}");
        app.reached_once().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_key_does_not_administer() {
    let app = TestApp::start().await;
    for (method, target) in ADMINISTRATION {
        let request = Request::new(method, target).sign(&app.write, now());
        app.refuses(&request, 403, "AccessDenied").await;
    }
    for (method, target) in
        [("PUT", "/bucket?policy"), ("DELETE", "/bucket?policy"), ("PUT", "/bucket?publicAccessBlock")]
    {
        let response = app.send(&Request::new(method, target).sign(&app.write, now())).await;
        assert!(matches!(response.status, 403 | 501), "{response:?}");
        app.nothing_reached().await;
    }
    // Headers add actions: an ACL on an upload is an ACL.
    let acl = Request::put("/bucket/key").header("x-amz-acl", "public-read").body("x").sign(&app.write, now());
    app.refuses(&acl, 403, "AccessDenied").await;
    // Except the one that grants nothing, which is dropped.
    for harmless in ["private", "bucket-owner-full-control"] {
        let acl = Request::put("/bucket/key").header("x-amz-acl", harmless).body("x").sign(&app.write, now());
        app.accepts(acl).await;
        assert_eq!(app.last_accepted().header("x-amz-acl"), None);
    }
    for (method, target) in READS.iter().chain(&WRITES) {
        let mut request = Request::new(method, target);
        if (*method, *target) == ("PUT", "/bucket/key?tagging") {
            request = request.body("<Tagging><TagSet/></Tagging>");
        }
        let response = app.send(&request.sign(&app.write, now())).await;
        assert_ne!(response.status, 403, "{method} {target}: {response:?}");
        app.reached_once().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_key_administers() {
    let app = TestApp::start().await;
    for (method, target) in [("PUT", "/bucket?versioning"), ("PUT", "/bucket?acl"), ("DELETE", "/bucket?lifecycle")] {
        app.accepts(Request::new(method, target).sign(&app.admin, now())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceiling_of_an_identity_narrows_its_keys() {
    let with = async |permission: &str| {
        let identities = vec![("static/".to_owned(), permission.to_owned())];
        TestApp::with(|setup| setup.identities = identities).await
    };
    let put = |key| Request::put("/bucket/key").body("x").sign(key, now());
    let get = |key| Request::get("/bucket/key").sign(key, now());

    let app = with("read").await;
    for key in [&app.admin, &app.write, &app.read] {
        app.refuses(&put(key), 403, "AccessDenied").await;
    }
    app.accepts(get(&app.admin)).await;

    let app = with("write").await;
    app.refuses(&Request::put("/bucket?acl").sign(&app.admin, now()), 403, "AccessDenied").await;
    app.refuses(&put(&app.read), 403, "AccessDenied").await;
    app.accepts(put(&app.admin)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_without_an_entry_may_do_nothing() {
    let identities = vec![("saml/".to_owned(), "admin".to_owned())];
    let app = TestApp::with(|setup| setup.identities = identities).await;
    for key in [&app.admin, &app.write, &app.read] {
        app.refuses(&Request::get("/bucket/key").sign(key, now()), 403, "AccessDenied").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_prefix_decides() {
    let app = TestApp::with(|setup| {
        setup.identities = vec![("static/".into(), "admin".into()), ("static/CW".into(), "read".into())];
    })
    .await;
    // Every issued key begins with CW.
    app.refuses(&Request::put("/bucket/key").body("x").sign(&app.admin, now()), 403, "AccessDenied").await;
    app.accepts(Request::get("/bucket/key").sign(&app.admin, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_at_its_expiry_and_only_its_holder_is_told() {
    let app = TestApp::start().await;
    let end = now() + SignedDuration::from_mins(5);
    let key = app.new_key(Permission::Write, Some(end)).await;
    let at = |time| Request::get("/bucket/key").sign(&key, time);
    app.accepts(at(now())).await;
    let just_before = end - SignedDuration::from_secs(1);
    app.clock.set(just_before);
    app.accepts(at(just_before)).await;
    for later in [end, end + SignedDuration::from_secs(1), end + SignedDuration::from_hours(1)] {
        app.clock.set(later);
        app.refuses(&at(later), 400, "ExpiredToken").await;
        let forged = Request::get("/bucket/key").sign(&key.with_wrong_secret(), later);
        app.refuses(&forged, 403, "SignatureDoesNotMatch").await;
    }
    app.accepts(Request::get("/bucket/key").sign(&app.read, end + SignedDuration::from_hours(1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_key_rests_and_a_revoked_key_never_was() {
    let app = TestApp::start().await;
    let key = app.new_key(Permission::Write, None).await;
    let get = || Request::get("/bucket/key").sign(&key, now());
    let forged = || Request::get("/bucket/key").sign(&key.with_wrong_secret(), now());
    app.accepts(get()).await;
    app.suspend(&key).await;
    app.refuses(&get(), 403, "InvalidAccessKeyId").await;
    app.refuses(&forged(), 403, "SignatureDoesNotMatch").await;
    app.resume(&key).await;
    app.accepts(get()).await;
    app.revoke(&key).await;
    // A revoked key answers exactly like one that never was, whoever asks.
    let of_revoked = app.refuses(&get(), 403, "InvalidAccessKeyId").await;
    let of_forged = app.refuses(&forged(), 403, "InvalidAccessKeyId").await;
    let nobody = crate::support::sign::TestKey::nobodys();
    let of_unknown = app.refuses(&Request::get("/bucket/key").sign(&nobody, now()), 403, "InvalidAccessKeyId").await;
    assert_eq!(of_revoked.element("Message"), of_unknown.element("Message"));
    assert_eq!(of_forged.element("Message"), of_unknown.element("Message"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_at_once_even_if_its_id_was_tried_before() {
    let app = TestApp::start().await;
    let nobody = crate::support::sign::TestKey::nobodys();
    for _ in 0..3 {
        app.refuses(&Request::get("/bucket/key").sign(&nobody, now()), 403, "InvalidAccessKeyId").await;
    }
    app.import(&nobody, Permission::Read).await;
    app.accepts(Request::get("/bucket/key").sign(&nobody, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backends_own_key_opens_no_door() {
    let app = TestApp::start().await;
    let backends = crate::support::sign::TestKey {
        id: crate::support::app::BACKEND_KEY_ID.into(),
        secret: crate::support::app::BACKEND_SECRET.into(),
    };
    let response = app.send(&Request::get("/bucket/key").sign(&backends, now())).await;
    assert_eq!((response.status, response.code().as_deref()), (403, Some("InvalidAccessKeyId")));
    app.nothing_reached().await;
    app.accepts(Request::get("/bucket/key").sign(&app.read, now())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denials_say_why_to_headers_and_little_to_urls() {
    let app = TestApp::start().await;
    let put = || Request::put("/bucket/key").body("x");
    let by_header = app.refuses(&put().sign(&app.read, now()), 403, "AccessDenied").await;
    let message = by_header.element("Message").expect("a refusal has a message");
    assert!(message.contains("s3:PutObject") && message.contains("bucket/key"), "{message}");
    let by_url = put().presign(&app.read, now(), std::time::Duration::from_mins(1)).body("x");
    let by_url = app.refuses(&by_url, 403, "AccessDenied").await;
    assert_eq!(by_url.element("Message").as_deref(), Some("Access Denied"));
    app.accepts(put().sign(&app.write, now())).await;
}
