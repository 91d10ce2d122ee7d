//! Logins by SAML: which configuration counts, and what the evidence says. What a response has to be is
//! tested in `tests/saml`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use portcullis::config;
use portcullis::federation::{FederationError, LoginError, NewSamlConfiguration, SamlUpdate, UnverifiedSaml};
use portcullis::identity::{Evidence, Origin};
use zeroize::Zeroizing;

use crate::fixture::{Fixture, eventually, random, refusal, settings};
use crate::keys::{ATTACKER, SECOND, Signer, TRUSTED};
use crate::responses::{
    ACS, AUDIENCE, ISSUER, NOW, RSA_SHA256, SHA256, sign_assertion, sign_assertion_with, template, unsigned,
};

/// A federation with SAML, at the time of the good response.
async fn fixture() -> Fixture {
    let service = config::SamlService { entity_id: AUDIENCE.to_owned(), acs_url: ACS.to_owned() };
    let fixture = Fixture::with(config::Federation { saml: Some(service), ..settings() }).await;
    fixture.clock.set(NOW.parse().unwrap());
    fixture
}

fn new(name: &str) -> NewSamlConfiguration {
    NewSamlConfiguration {
        name: name.to_owned(),
        description: None,
        entity_id: Some(ISSUER.to_owned()),
        certificates: vec![TRUSTED.certificate_pem.clone()],
        metadata: None,
        signs_response: false,
        accepts_ecdsa_and_pss: false,
        groups_attribute: None,
    }
}

async fn create(fixture: &Fixture, new: NewSamlConfiguration) -> String {
    fixture.federation.create_saml(new, &mut random()).await.unwrap().uid.clone()
}

async fn login(fixture: &Fixture, configuration: Option<&str>, xml: &str) -> Result<Evidence, LoginError> {
    let unverified = UnverifiedSaml::new(Zeroizing::new(STANDARD.encode(xml)));
    fixture.federation.verify_saml(configuration, unverified).await
}

fn good() -> String {
    sign_assertion(&unsigned(), &TRUSTED)
}

fn metadata(entity_id: &str, signer: &Signer) -> String {
    let certificate = STANDARD.encode(&signer.certificate);
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:IDPSSODescriptor></md:EntityDescriptor>"#
    )
}

fn signed_with(signers: &[&Signer]) -> SamlUpdate {
    let certificates = signers.iter().map(|signer| signer.certificate_pem.clone()).collect();
    SamlUpdate { certificates: Some(certificates), ..SamlUpdate::default() }
}

#[tokio::test]
async fn a_response_of_a_configured_identity_provider_is_good_for_one_key() {
    let fixture = fixture().await;
    let uid = create(&fixture, new("a")).await;
    let evidence = login(&fixture, Some(&uid), &good()).await.unwrap();
    assert_eq!(evidence.principal().as_str(), "saml/researcher");
    assert_eq!(evidence.session_ends_at(), Some("2026-03-01T20:00:00Z".parse().unwrap()));
    let use_once = evidence.use_once().unwrap();
    assert_eq!(use_once.until, "2026-03-01T12:06:00Z".parse().unwrap());
    let expected = Origin::Saml {
        configuration: uid.clone(),
        issuer: ISSUER.to_owned(),
        role: "researcher".to_owned(),
        principal_name: "alice@example.test".to_owned(),
        assertion_id: "_assertion-1".to_owned(),
    };
    assert_eq!(*evidence.origin(), expected);
    // The same assertion has the same name, by whatever way it comes; another assertion's is another.
    let again = login(&fixture, None, &good()).await.unwrap();
    assert_eq!(again.use_once(), Some(use_once));
    let other = unsigned().replace("_assertion-1", "_assertion-2");
    let other = sign_assertion_with(&other, &template("#_assertion-2", RSA_SHA256, SHA256), &TRUSTED);
    assert_ne!(login(&fixture, None, &other).await.unwrap().use_once(), Some(use_once));
}

#[tokio::test]
async fn i12_an_assertion_is_the_same_by_whichever_configuration_of_its_identity_provider() {
    let fixture = fixture().await;
    let first = create(&fixture, new("a")).await;
    let evidence = login(&fixture, Some(&first), &good()).await.unwrap();
    let second = create(&fixture, new("b")).await;
    let again = login(&fixture, Some(&second), &good()).await.unwrap();
    assert_eq!(again.use_once(), evidence.use_once());
    // Nor is one that was used made new by configuring its identity provider anew.
    assert!(fixture.federation.delete_saml(&first).await.unwrap());
    let third = create(&fixture, new("a")).await;
    let again = login(&fixture, Some(&third), &good()).await.unwrap();
    assert_eq!(again.use_once(), evidence.use_once());
    // Ids are chosen by each identity provider for itself.
    let issuer = "https://other.example.test/idp";
    let elsewhere = NewSamlConfiguration { entity_id: Some(issuer.to_owned()), ..new("c") };
    let elsewhere = create(&fixture, elsewhere).await;
    let response = sign_assertion(&unsigned().replace(ISSUER, issuer), &TRUSTED);
    let theirs = login(&fixture, Some(&elsewhere), &response).await.unwrap();
    assert_ne!(theirs.use_once(), evidence.use_once());
}

#[tokio::test]
async fn a_response_that_is_not_good_proves_nothing() {
    let fixture = fixture().await;
    let uid = create(&fixture, new("a")).await;
    for bad in
        [sign_assertion(&unsigned(), &ATTACKER), unsigned(), good().replace("researcher", "admin"), String::new()]
    {
        refusal(login(&fixture, Some(&uid), &bad).await);
    }
    refusal(fixture.federation.verify_saml(Some(&uid), UnverifiedSaml::new(Zeroizing::new("!".to_owned()))).await);
    fixture.clock.advance(SignedDuration::from_hours(1));
    assert!(matches!(login(&fixture, Some(&uid), &good()).await, Err(LoginError::Expired)));
    fixture.clock.set(NOW.parse().unwrap());
    assert!(login(&fixture, Some(&uid), &good()).await.is_ok());
}

#[tokio::test]
async fn which_configuration_is_meant_has_to_be_said_unless_there_is_only_one() {
    let fixture = fixture().await;
    assert!(matches!(login(&fixture, None, &good()).await, Err(LoginError::ConfigurationNeeded(0))));
    let first = create(&fixture, new("a")).await;
    assert!(login(&fixture, None, &good()).await.is_ok());
    let second = create(&fixture, new("b")).await;
    assert!(matches!(login(&fixture, None, &good()).await, Err(LoginError::ConfigurationNeeded(2))));
    for unknown in ["", "a", "00000000-0000-4000-8000-000000000000", &first.to_uppercase()] {
        assert_eq!(refusal(login(&fixture, Some(unknown), &good()).await), "there is no such SAML configuration");
    }
    // H19: at once.
    assert!(fixture.federation.delete_saml(&second).await.unwrap());
    refusal(login(&fixture, Some(&second), &good()).await);
    assert!(login(&fixture, None, &good()).await.is_ok());
    assert!(!fixture.federation.delete_saml(&second).await.unwrap());
    assert!(!fixture.federation.delete_oidc(&first).await.unwrap(), "it is of another kind");
}

#[tokio::test]
async fn a_response_for_another_identity_provider_is_refused() {
    let fixture = fixture().await;
    let elsewhere = NewSamlConfiguration { entity_id: Some("https://other.example.test/".to_owned()), ..new("a") };
    let uid = create(&fixture, elsewhere).await;
    refusal(login(&fixture, Some(&uid), &good()).await);
}

#[tokio::test]
async fn configurations_of_the_wrong_form_are_refused_with_what_to_change() {
    let fixture = fixture().await;
    let wrong = [
        ("name", NewSamlConfiguration { name: "a b".to_owned(), ..new("a") }),
        ("description", NewSamlConfiguration { description: Some("a".repeat(1025)), ..new("a") }),
        ("entity_id", NewSamlConfiguration { entity_id: None, ..new("a") }),
        ("the entity id", NewSamlConfiguration { entity_id: Some(String::new()), ..new("a") }),
        ("there is no certificate", NewSamlConfiguration { certificates: Vec::new(), ..new("a") }),
        ("certificate 1", NewSamlConfiguration { certificates: vec!["no certificate".to_owned()], ..new("a") }),
        ("certificates", NewSamlConfiguration { metadata: Some("<a/>".to_owned()), ..new("a") }),
        ("metadata", NewSamlConfiguration { metadata: Some("<a/>".to_owned()), certificates: Vec::new(), ..new("a") }),
    ];
    for (start, new) in wrong {
        match fixture.federation.create_saml(new, &mut random()).await {
            Err(FederationError::Invalid(what)) => assert!(what.starts_with(start), "{start}: {what}"),
            other => panic!("{start}: {other:?}"),
        }
    }
    create(&fixture, new("a")).await;
    let taken = fixture.federation.create_saml(new("a"), &mut random()).await;
    assert!(matches!(taken, Err(FederationError::AlreadyExists(_))), "{taken:?}");
    assert_eq!(fixture.federation.saml_configurations().len(), 1);
}

#[tokio::test]
async fn metadata_gives_entity_id_and_certificates() {
    let fixture = fixture().await;
    let metadata = metadata(ISSUER, &TRUSTED);
    let given =
        NewSamlConfiguration { entity_id: None, certificates: Vec::new(), metadata: Some(metadata), ..new("a") };
    let made = fixture.federation.create_saml(given, &mut random()).await.unwrap();
    assert_eq!((made.entity_id.as_str(), made.certificates.len()), (ISSUER, 1));
    assert!(login(&fixture, None, &good()).await.is_ok());
}

#[tokio::test]
async fn i15_certificates_are_rotated_by_two_updates_while_everybody_can_log_in() {
    let fixture = fixture().await;
    let other = fixture.another_node().await;
    let made = fixture.federation.create_saml(new("a"), &mut random()).await.unwrap();
    let by_new = sign_assertion(&unsigned(), &SECOND);
    // Requests need no configId throughout: there is one configuration.
    assert!(login(&fixture, None, &good()).await.is_ok());
    refusal(login(&fixture, None, &by_new).await);

    let both = fixture.federation.update_saml(&made.uid, signed_with(&[&TRUSTED, &SECOND])).await.unwrap().unwrap();
    assert_eq!((both.uid.as_str(), both.certificates.len()), (made.uid.as_str(), 2));
    assert!(login(&fixture, None, &good()).await.is_ok());
    assert!(login(&fixture, None, &by_new).await.is_ok());

    fixture.federation.update_saml(&made.uid, signed_with(&[&SECOND])).await.unwrap().unwrap();
    refusal(login(&fixture, None, &good()).await);
    assert!(login(&fixture, None, &by_new).await.is_ok());
    let on_the_other = async |xml: &str| {
        let unverified = UnverifiedSaml::new(Zeroizing::new(STANDARD.encode(xml)));
        other.verify_saml(None, unverified).await
    };
    eventually("the other node takes the new one", async || on_the_other(&by_new).await.is_ok()).await;
    eventually("the other node refuses the old one", async || on_the_other(&good()).await.is_err()).await;

    // Metadata says the same, as long as it is that of the same identity provider.
    let of = |metadata| SamlUpdate { metadata: Some(metadata), ..SamlUpdate::default() };
    let elsewhere = of(metadata("https://other.example.test/", &TRUSTED));
    match fixture.federation.update_saml(&made.uid, elsewhere).await {
        Err(FederationError::Invalid(what)) => assert!(what.starts_with("metadata"), "{what}"),
        other => panic!("{other:?}"),
    }
    refusal(login(&fixture, None, &good()).await);
    fixture.federation.update_saml(&made.uid, of(metadata(ISSUER, &TRUSTED))).await.unwrap().unwrap();
    assert!(login(&fixture, None, &good()).await.is_ok());
    refusal(login(&fixture, None, &by_new).await);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let fixture = fixture().await;
    let given = NewSamlConfiguration { description: Some("people".to_owned()), ..new("a") };
    let made = fixture.federation.create_saml(given, &mut random()).await.unwrap();
    fixture.clock.advance(SignedDuration::from_mins(1));
    let mut expected = (*made).clone();
    let update = async |update| fixture.federation.update_saml(&made.uid, update).await.unwrap().unwrap();
    assert_eq!(*update(SamlUpdate::default()).await, expected);

    expected.certificates = vec![SECOND.certificate_pem.clone()];
    assert_eq!(*update(signed_with(&[&SECOND])).await, expected);
    expected.name = "b".to_owned();
    assert_eq!(*update(SamlUpdate { name: Some("b".to_owned()), ..SamlUpdate::default() }).await, expected);
    expected.description = None;
    assert_eq!(*update(SamlUpdate { description: Some(None), ..SamlUpdate::default() }).await, expected);
    expected.accepts_ecdsa_and_pss = true;
    assert_eq!(*update(SamlUpdate { accepts_ecdsa_and_pss: Some(true), ..SamlUpdate::default() }).await, expected);
    let by_new = sign_assertion(&unsigned(), &SECOND);
    assert!(login(&fixture, None, &by_new).await.is_ok());
    expected.signs_response = true;
    assert_eq!(*update(SamlUpdate { signs_response: Some(true), ..SamlUpdate::default() }).await, expected);
    refusal(login(&fixture, None, &by_new).await);
    assert_eq!(*fixture.federation.saml_configurations()[0], expected);
}

#[tokio::test]
async fn an_update_that_is_refused_changes_nothing() {
    let fixture = fixture().await;
    let made = fixture.federation.create_saml(new("a"), &mut random()).await.unwrap();
    let rename = |name: &str| SamlUpdate { name: Some(name.to_owned()), ..SamlUpdate::default() };
    let pem = |pems: &[&str]| {
        let certificates = Some(pems.iter().map(|&pem| pem.to_owned()).collect());
        SamlUpdate { certificates, ..rename("b") }
    };
    let wrong = [
        ("name", rename("a b")),
        ("description", SamlUpdate { description: Some(Some("a".repeat(1025))), ..rename("b") }),
        ("there is no certificate", pem(&[])),
        ("certificate 2", pem(&[&SECOND.certificate_pem, "no certificate"])),
        ("certificates", SamlUpdate { metadata: Some(metadata(ISSUER, &SECOND)), ..signed_with(&[&SECOND]) }),
        ("metadata", SamlUpdate { metadata: Some("<a/>".to_owned()), ..rename("b") }),
    ];
    for (start, update) in wrong {
        match fixture.federation.update_saml(&made.uid, update).await {
            Err(FederationError::Invalid(what)) => assert!(what.starts_with(start), "{start}: {what}"),
            other => panic!("{start}: {other:?}"),
        }
    }
    for unknown in ["", "a", "00000000-0000-4000-8000-000000000000", &made.uid.to_uppercase()] {
        assert!(fixture.federation.update_saml(unknown, rename("b")).await.unwrap().is_none(), "{unknown}");
    }
    assert_eq!(fixture.federation.saml_configurations(), std::slice::from_ref(&made));
    assert!(login(&fixture, None, &good()).await.is_ok());
    create(&fixture, new("taken")).await;
    let taken = fixture.federation.update_saml(&made.uid, rename("taken")).await;
    assert!(matches!(taken, Err(FederationError::AlreadyExists(_))), "{taken:?}");
    assert!(fixture.federation.update_saml(&made.uid, rename("a")).await.unwrap().is_some(), "its own name");
}

#[tokio::test]
async fn without_its_section_saml_is_off_and_says_so() {
    let fixture = Fixture::new().await;
    let refused = fixture.federation.create_saml(new("a"), &mut random()).await;
    assert!(matches!(refused, Err(FederationError::Invalid(what)) if what.contains("[federation.saml]")));
    for configuration in [None, Some("a")] {
        assert!(refusal(login(&fixture, configuration, &good()).await).contains("[federation.saml]"));
    }
}

#[tokio::test]
async fn other_nodes_follow() {
    let fixture = fixture().await;
    let other = fixture.another_node().await;
    let uid = create(&fixture, new("a")).await;
    let known = async || other.saml_configurations().iter().any(|configuration| configuration.uid == uid);
    eventually("the other node knows it", known).await;
    let verified = Arc::clone(&other);
    let unverified = UnverifiedSaml::new(Zeroizing::new(STANDARD.encode(good())));
    assert!(verified.verify_saml(None, unverified).await.is_ok());
    fixture.federation.delete_saml(&uid).await.unwrap();
    eventually("the other node forgets it", async || other.saml_configurations().is_empty()).await;
}
