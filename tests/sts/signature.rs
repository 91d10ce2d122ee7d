//! Signatures that are refused, with the codes that SDKs know. `a_right_one` is the control of all of them.

use std::time::Duration;

use jiff::SignedDuration;
use portcullis::identity::{AccessKeyId, Permission};

use crate::client::{Session, Signing, Sts, VERSION, action, query};
use crate::support::request::Payload;
use crate::support::sign::TestKey;

async fn refused_as(sts: &Sts, session: &Session, how: Signing, status: u16, code: &str) -> String {
    let request = session.sign_as(action("GetCallerIdentity", &[]), how);
    sts.refuses(&request, status, code).await.element("Message").expect("a refusal has a message")
}

async fn is_accepted(sts: &Sts, session: &Session) {
    let response = sts.send(&session.sign(action("GetCallerIdentity", &[]))).await;
    assert_eq!(response.status, 200, "{response:?}");
}

#[tokio::test]
async fn g01_no_signature_and_an_unknown_key_prove_nothing() {
    let sts = Sts::start().await;
    is_accepted(&sts, &Session::of(&sts.app.read)).await;
    sts.refuses(&action("GetCallerIdentity", &[]), 403, "MissingAuthenticationToken").await;
    sts.refuses(&action("GetAccessKeyInfo", &[]), 403, "MissingAuthenticationToken").await;
    let nobody = Session::of(&TestKey::nobodys());
    refused_as(&sts, &nobody, Signing::default(), 403, "InvalidClientTokenId").await;
    let short = Session::of(&TestKey { id: "CW".into(), ..TestKey::nobodys() });
    refused_as(&sts, &short, Signing::default(), 403, "InvalidClientTokenId").await;
    // An API token is no signature.
    let bearer = action("GetCallerIdentity", &[]).header("Authorization", "Bearer CW-SECRET-x");
    sts.refuses(&bearer, 400, "IncompleteSignature").await;
}

#[tokio::test]
async fn a_wrong_secret_or_a_changed_request_does_not_match() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    let wrong = Session::of(&sts.app.read.with_wrong_secret());
    let message = refused_as(&sts, &wrong, Signing::default(), 403, "SignatureDoesNotMatch").await;
    assert!(message.contains("The Canonical String for this request should have been"), "{message}");
    let other_body = action("GetCallerIdentity", &[("A", "b")]);
    let signed = session.sign(action("GetCallerIdentity", &[]));
    let changed = signed.tamper(|request| {
        request.body = other_body.body;
    });
    sts.refuses(&changed, 403, "SignatureDoesNotMatch").await;
    let parameters = [("Action", "GetCallerIdentity"), ("Version", VERSION)];
    sts.refuses(&session.sign(query(&parameters)).append_query("A=b"), 403, "SignatureDoesNotMatch").await;
    sts.refuses(&session.sign(query(&parameters)).host("elsewhere"), 403, "SignatureDoesNotMatch").await;
}

#[tokio::test]
async fn a_body_never_goes_unsigned() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    let request = action("GetCallerIdentity", &[])
        .payload(Payload::Value("UNSIGNED-PAYLOAD".into()))
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    sts.refuses(&session.sign(request), 403, "SignatureDoesNotMatch").await;
}

#[tokio::test]
async fn a_signature_for_another_service_or_region_is_worthless() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    let s3 = Signing { service: "s3", ..Signing::default() };
    let message = refused_as(&sts, &session, s3, 400, "IncompleteSignature").await;
    assert!(message.contains("&apos;sts&apos;"), "{message}");
    let elsewhere = Signing { region: "eu-west-1", ..Signing::default() };
    let message = refused_as(&sts, &session, elsewhere, 403, "SignatureDoesNotMatch").await;
    assert!(message.contains("us-east-1"), "{message}");
    let any = Sts::with(|setup| setup.any_region = true).await;
    let session = Session::of(&any.app.read);
    let request = session.sign_as(action("GetCallerIdentity", &[]), elsewhere);
    assert_eq!(any.send(&request).await.status, 200);
}

#[tokio::test]
async fn a_signature_for_sts_is_worthless_on_the_data_plane() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    let request = crate::support::request::Request::get("/bucket/key");
    let hash = request.payload_hash();
    let signed = session.sign(request.header("x-amz-content-sha256", hash));
    sts.app.refuses(&signed, 400, "AuthorizationHeaderMalformed").await;
}

#[tokio::test]
async fn an_old_or_an_early_signature_is_refused() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    let at = |minutes| {
        let time = Signing::default().time + SignedDuration::from_mins(minutes);
        Signing { time, ..Signing::default() }
    };
    for minutes in [-16, 16] {
        let message = refused_as(&sts, &session, at(minutes), 403, "SignatureDoesNotMatch").await;
        assert!(message.starts_with("Signature expired or not yet current"), "{message}");
    }
    for minutes in [-14, 14] {
        let request = session.sign_as(action("GetCallerIdentity", &[]), at(minutes));
        assert_eq!(sts.send(&request).await.status, 200, "{minutes}");
    }
}

#[tokio::test]
async fn a_signature_is_not_replayed_after_its_time() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    let in_header = session.sign(action("GetCallerIdentity", &[]));
    let presigned = Signing { presigned_for: Some(Duration::from_mins(1)), ..Signing::default() };
    let in_query = session.sign_as(query(&[("Action", "GetCallerIdentity"), ("Version", VERSION)]), presigned);
    assert_eq!(sts.send(&in_header).await.status, 200);
    assert_eq!(sts.send(&in_query).await.status, 200);
    sts.app.clock.set(Signing::default().time + SignedDuration::from_mins(1));
    assert_eq!(sts.send(&in_header).await.status, 200);
    sts.refuses(&in_query, 403, "SignatureDoesNotMatch").await;
    sts.app.clock.set(Signing::default().time + SignedDuration::from_mins(16));
    sts.refuses(&in_header, 403, "SignatureDoesNotMatch").await;
}

#[tokio::test]
async fn a_session_token_is_the_keys_own_and_signed() {
    let sts = Sts::start().await;
    let holder = sts.holder(Permission::Read).await;
    let session = sts.session(&holder, 900).await;
    is_accepted(&sts, &session).await;
    let now = Signing::default();
    let other = sts.session(&holder, 900).await;
    let wrong = Session { token: other.token.clone(), ..session.clone() };
    refused_as(&sts, &wrong, now, 403, "InvalidClientTokenId").await;
    let missing = Session { token: None, ..session.clone() };
    refused_as(&sts, &missing, now, 403, "InvalidClientTokenId").await;
    let unwanted = Session { token: other.token.clone(), ..Session::of(&sts.app.read) };
    refused_as(&sts, &unwanted, now, 403, "InvalidClientTokenId").await;

    let token = session.token.clone().expect("a session has a token");
    let unsigned = missing.sign(action("GetCallerIdentity", &[])).header("x-amz-security-token", &token);
    let message = sts.refuses(&unsigned, 403, "SignatureDoesNotMatch").await.element("Message").unwrap();
    assert!(message.contains("x-amz-security-token"), "{message}");
    // What the client sent as its token is not printed back.
    let wrong_secret = Session { key: session.key.with_wrong_secret(), ..session.clone() };
    let message = refused_as(&sts, &wrong_secret, now, 403, "SignatureDoesNotMatch").await;
    assert!(!message.contains(&token), "{message}");
}

#[tokio::test]
async fn an_ended_key_is_told_so_once_its_signature_is_right() {
    let sts = Sts::start().await;
    let holder = sts.holder(Permission::Read).await;
    let session = sts.session(&holder, 900).await;
    is_accepted(&sts, &session).await;
    let end = session.expires_at.expect("a session ends");
    sts.app.clock.set(end);
    let then = Signing { time: end, ..Signing::default() };
    refused_as(&sts, &session, then, 403, "ExpiredToken").await;
    let wrong = Session { key: session.key.with_wrong_secret(), ..session.clone() };
    refused_as(&sts, &wrong, then, 403, "SignatureDoesNotMatch").await;
}

#[tokio::test]
async fn a_suspended_or_revoked_key_is_refused() {
    let sts = Sts::start().await;
    let now = Signing::default();
    let session = Session::of(&sts.app.read);
    is_accepted(&sts, &session).await;
    sts.app.suspend(&session.key).await;
    refused_as(&sts, &session, now, 403, "InvalidClientTokenId").await;
    sts.app.resume(&session.key).await;
    is_accepted(&sts, &session).await;
    sts.app.revoke(&session.key).await;
    refused_as(&sts, &session, now, 403, "InvalidClientTokenId").await;

    let holder = sts.holder(Permission::Read).await;
    let session = sts.session(&holder, 900).await;
    is_accepted(&sts, &session).await;
    let keys = &sts.app.running().keys;
    keys.revoke_token(holder.token(), portcullis::keys::KeysOfToken::Revoke).await.expect("the store works");
    refused_as(&sts, &session, now, 403, "InvalidClientTokenId").await;
    let id = AccessKeyId::parse(&session.key.id).expect("issued ids are valid");
    assert!(keys.show(&id).await.expect("the store works").is_some());
}

#[tokio::test]
async fn two_signatures_are_one_too_many() {
    let sts = Sts::start().await;
    let session = Session::of(&sts.app.read);
    let presigned = Signing { presigned_for: Some(Duration::from_mins(1)), ..Signing::default() };
    let request = session.sign_as(action("GetCallerIdentity", &[]), presigned);
    assert_eq!(sts.send(&request).await.status, 200);
    let authorization = session.sign(action("GetCallerIdentity", &[])).value("authorization").expect("it is signed");
    sts.refuses(&request.header("Authorization", authorization), 400, "IncompleteSignature").await;
}
