//! Logins by SAML: which configuration counts, and what the evidence says. What a response has to be is
//! tested in `tests/saml`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use portcullis::config;
use portcullis::federation::{FederationError, LoginError, NewSamlConfiguration, UnverifiedSaml};
use portcullis::identity::{Evidence, Origin};
use zeroize::Zeroizing;

use crate::fixture::{Fixture, eventually, random, refusal, settings};
use crate::keys::{ATTACKER, TRUSTED};
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
    let certificate = STANDARD.encode(&TRUSTED.certificate);
    let metadata = format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ISSUER}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:IDPSSODescriptor></md:EntityDescriptor>"#
    );
    let given =
        NewSamlConfiguration { entity_id: None, certificates: Vec::new(), metadata: Some(metadata), ..new("a") };
    let made = fixture.federation.create_saml(given, &mut random()).await.unwrap();
    assert_eq!((made.entity_id.as_str(), made.certificates.len()), (ISSUER, 1));
    assert!(login(&fixture, None, &good()).await.is_ok());
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
