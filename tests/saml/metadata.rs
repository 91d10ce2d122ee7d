//! Metadata files of identity providers, as operators download them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::federation::saml::{SamlTrust, SamlTrustError, SignedPart};

use crate::build::{ISSUER, NOW, once, sign_assertion, unsigned};
use crate::case::verify;
use crate::keys::{ATTACKER, SECOND, Signer, TRUSTED};

fn key(signer: &Signer, usage: &str) -> String {
    // Broken into lines and indented, as in most files.
    let base64 = STANDARD.encode(&signer.certificate);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        r#"<md:KeyDescriptor{usage}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
          {}
        </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"#,
        lines.join("\n          ")
    )
}

fn entity(entity_id: &str, keys: &str) -> String {
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"><!-- made by hand --><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAuthnRequestsSigned="false">{keys}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>"#
    )
}

fn entities(inner: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{inner}</md:EntitiesDescriptor>"#
    )
}

#[test]
fn the_signing_certificates_of_the_entity_are_taken_and_no_others() {
    let signing = key(&TRUSTED, r#" use="signing""#);
    let keys = format!("{signing}{signing}{}{}", key(&ATTACKER, r#" use="encryption""#), key(&SECOND, ""));
    let settings = SamlTrust::from_metadata(&entity(ISSUER, &keys), None).unwrap();
    assert_eq!(settings.entity_id, ISSUER);
    assert_eq!((settings.signed, settings.accept_ecdsa_and_pss), (SignedPart::Assertion, false));
    assert_eq!(settings.certificates_pem.len(), 2, "the repeated one counts once");
    let trust = SamlTrust::new(&settings).unwrap();
    for (signer, fine) in [(&TRUSTED, true), (&SECOND, true), (&ATTACKER, false)] {
        assert_eq!(verify(&trust, &sign_assertion(&unsigned(), signer), NOW).is_ok(), fine);
    }
}

#[test]
fn of_several_entities_the_named_one_is_taken() {
    let other = entity("https://other.example.test/", &key(&ATTACKER, ""));
    let file = entities(&format!("{other}{}", entity(ISSUER, &key(&TRUSTED, ""))));
    let settings = SamlTrust::from_metadata(&file, Some(ISSUER)).unwrap();
    assert_eq!((settings.entity_id.as_str(), settings.certificates_pem.len()), (ISSUER, 1));
    assert_eq!(SamlTrust::from_metadata(&file, None), Err(SamlTrustError::AmbiguousEntity(2)));
    assert_eq!(SamlTrust::from_metadata(&file, Some("urn:nobody")), Err(SamlTrustError::NoSuchEntity { found: 2 }));
    let twice = entities(&entity(ISSUER, &key(&TRUSTED, "")).repeat(2));
    assert_eq!(SamlTrust::from_metadata(&twice, Some(ISSUER)), Err(SamlTrustError::AmbiguousEntity(2)));
}

#[test]
fn files_that_are_no_metadata_of_an_identity_provider_are_refused() {
    let good = entity(ISSUER, &key(&TRUSTED, ""));
    assert!(SamlTrust::from_metadata(&good, None).is_ok());
    let refused = |file: &str| SamlTrust::from_metadata(file, None).unwrap_err();
    assert_eq!(refused("not xml"), SamlTrustError::Metadata);
    assert_eq!(refused(&format!("<!DOCTYPE x>{good}")), SamlTrustError::Metadata);
    assert_eq!(refused(&format!("{good}{}", " ".repeat(4 * 1024 * 1024))), SamlTrustError::Metadata);
    assert_eq!(refused("<a/>"), SamlTrustError::NoSuchEntity { found: 0 });
    assert_eq!(refused(&good.replace("IDPSSO", "SPSSO")), SamlTrustError::NoSuchEntity { found: 0 });
    assert_eq!(
        refused(&once(&good, "SAML:2.0:protocol", "SAML:1.1:protocol")),
        SamlTrustError::NoSuchEntity { found: 0 }
    );
    assert_eq!(refused(&entity(ISSUER, "")), SamlTrustError::NoCertificate);
}
