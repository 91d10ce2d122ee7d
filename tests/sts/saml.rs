//! `AssumeRoleWithSAML`: from a response of an identity provider to an object in a bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use portcullis::federation::NewSamlConfiguration;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::client::{Session, Signing, Sts, action, has_the_form_of_aws};
use crate::keys::{ATTACKER, TRUSTED};
use crate::responses::{ACS, AUDIENCE, ISSUER, NOW, once, sign_assertion, unsigned};
use crate::support::request::Request;
use crate::support::wire::Response;

const ROLE: &str = "arn:aws:iam::000000000000:role/any";
const PROVIDER: &str = "arn:aws:iam::ab1cd2:saml-provider/one";

/// An app with SAML, at the time of the good response.
async fn start() -> Sts {
    let service = format!("saml = {{ entity_id = {AUDIENCE:?}, acs_url = {ACS:?} }}");
    let sts = Sts::with(|setup| setup.federation.push(service)).await;
    sts.app.clock.set(now());
    sts
}

fn now() -> Timestamp {
    NOW.parse().expect("the constant is a time")
}

/// Trusts the identity provider under `name`; returns the configuration's id.
async fn trust(sts: &Sts, name: &str) -> String {
    let new = NewSamlConfiguration {
        name: name.to_owned(),
        description: None,
        entity_id: Some(ISSUER.to_owned()),
        certificates: vec![TRUSTED.certificate_pem.clone()],
        metadata: None,
        signs_response: false,
        accepts_ecdsa_and_pss: false,
        groups_attribute: None,
    };
    let created = sts.app.running().federation.create_saml(new, &mut UnwrapErr(SysRng)).await;
    created.expect("a right configuration").uid.clone()
}

/// A good response, each time with an assertion of its own.
fn response(number: u32) -> String {
    // The signature refers to the assertion by its id, which is therefore changed before and after.
    let ours = unsigned().replace("_assertion-1", &format!("_assertion-{number}"));
    let template = crate::responses::usual_template().replace("_assertion-1", &format!("_assertion-{number}"));
    crate::responses::sign_assertion_with(&ours, &template, &TRUSTED)
}

fn assume(provider: &str, xml: &str, more: &[(&str, &str)]) -> Request {
    let assertion = STANDARD.encode(xml);
    let mut parameters = vec![("RoleArn", ROLE), ("PrincipalArn", provider), ("SAMLAssertion", assertion.as_str())];
    parameters.extend_from_slice(more);
    action("AssumeRoleWithSAML", &parameters)
}

fn session(answer: &Response) -> Session {
    assert_eq!(answer.status, 200, "{answer:?}");
    Session::from_answer(answer)
}

#[tokio::test]
async fn a_response_becomes_a_session_that_works_on_both_planes() {
    let sts = start().await;
    trust(&sts, "one").await;
    let answer = sts.send(&assume(PROVIDER, &response(1), &[("DurationSeconds", "900")])).await;
    let session = session(&answer);
    has_the_form_of_aws(&answer, "AssumeRoleWithSAMLResponse");
    for (name, expected) in [
        ("AssumedRoleId", "saml/researcher"),
        ("Arn", "arn:aws:iam::ab1cd2:saml/researcher"),
        ("Subject", "alice@example.test"),
        ("Issuer", ISSUER),
        ("Expiration", "2026-03-01T12:15:00Z"),
    ] {
        assert_eq!(answer.element(name).as_deref(), Some(expected), "{name} in {answer:?}");
    }
    assert_eq!(answer.element("NameQualifier").map(|text| text.len()), Some(28), "{answer:?}");

    let how = Signing { time: now(), ..Signing::default() };
    let whoami = sts.send(&session.sign_as(action("GetCallerIdentity", &[]), how)).await;
    assert_eq!(whoami.element("Arn"), answer.element("Arn"), "{whoami:?}");
    let token = session.token.as_deref().expect("a session has a token");
    let upload = Request::put("/bucket/key").body("hello").header("x-amz-security-token", token);
    sts.app.accepts(upload.sign(&session.key, now())).await;
}

#[tokio::test]
async fn i12_a_response_is_good_for_one_session() {
    let sts = start().await;
    trust(&sts, "one").await;
    assert_eq!(sts.send(&assume(PROVIDER, &response(1), &[])).await.status, 200);
    let refusal = sts.refuses(&assume(PROVIDER, &response(1), &[]), 403, "AccessDenied").await;
    assert!(refusal.element("Message").expect("a message").contains("used before"), "{refusal:?}");
    assert_eq!(sts.send(&assume(PROVIDER, &response(2), &[])).await.status, 200);
}

#[tokio::test]
async fn the_provider_is_chosen_by_name_or_id_and_needed_where_there_are_several() {
    let sts = start().await;
    trust(&sts, "one").await;
    // The only one needs no right name.
    let any = "arn:aws:iam::000000000000:saml-provider/any";
    assert_eq!(sts.send(&assume(any, &response(1), &[])).await.status, 200);
    let second = trust(&sts, "two").await;
    let refusal = sts.refuses(&assume(any, &response(2), &[]), 400, "ValidationError").await;
    assert!(refusal.element("Message").expect("a message").contains("PrincipalArn"), "{refusal:?}");
    assert_eq!(sts.send(&assume(PROVIDER, &response(2), &[])).await.status, 200);
    let by_id = format!("arn:aws:iam::ab1cd2:saml-provider/{second}");
    assert_eq!(sts.send(&assume(&by_id, &response(3), &[])).await.status, 200);
}

#[tokio::test]
async fn h20_all_refusals_of_a_response_read_the_same() {
    let sts = start().await;
    trust(&sts, "one").await;
    let bad = [
        sign_assertion(&unsigned(), &ATTACKER),
        unsigned(),
        once(&response(1), "researcher", "admin"),
        "no response".to_owned(),
    ];
    let mut messages = Vec::new();
    for xml in &bad {
        let refusal = sts.refuses(&assume(PROVIDER, xml, &[]), 400, "InvalidIdentityToken").await;
        messages.push(refusal.element("Message").expect("a refusal has a message"));
    }
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{messages:?}");
    assert_eq!(sts.send(&assume(PROVIDER, &response(1), &[])).await.status, 200);
}

#[tokio::test]
async fn i11_a_response_that_has_expired_is_told_so() {
    let sts = start().await;
    trust(&sts, "one").await;
    sts.app.clock.set(now() + jiff::SignedDuration::from_hours(1));
    sts.refuses(&assume(PROVIDER, &response(1), &[]), 400, "ExpiredTokenException").await;
}
