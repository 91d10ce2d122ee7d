//! SAML responses and metadata. The kept inputs were signed once, with a key that is gone: whatever is made
//! of them, what passes says what was signed.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use portcullis::config::SamlService;
use portcullis::federation::saml::{SamlTrust, SamlTrustSettings, SignedPart, UnverifiedSamlResponse};

#[test]
fn saml_response() {
    crate::engine::run("saml_response", |input| {
        let base64 = STANDARD.encode(input);
        let Ok(response) = UnverifiedSamlResponse::from_base64(&base64) else { return };
        let issuer = response.unverified_issuer();
        assert!(issuer.is_none_or(|issuer| (1..=1024).contains(&issuer.len())));
        for trust in [&PARTIES.0, &PARTIES.1] {
            let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
            let Ok(verified) = trust.verify(&response, &SERVICE, now) else { continue };
            assert_eq!(verified.role(), "researcher");
            assert_eq!(verified.principal_name(), "alice@example.test");
            assert_eq!(verified.name_id(), "alice@example.test");
            assert_eq!(verified.issuer(), ISSUER);
            assert_eq!(verified.assertion_id(), "_assertion-1");
            assert_eq!(verified.groups().as_slice(), ["physics"]);
            assert_eq!(verified.not_on_or_after().to_string(), "2026-03-01T12:06:00Z");
        }
    });
}

#[test]
fn saml_metadata() {
    crate::engine::run("saml_metadata", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        for wanted in [None, Some(ISSUER)] {
            let Ok(settings) = SamlTrust::from_metadata(text, wanted) else { continue };
            assert!(!settings.certificates_pem.is_empty());
            assert!(settings.certificates_pem.iter().map(String::len).sum::<usize>() <= 2 * text.len() + 100);
            assert!(wanted.is_none_or(|wanted| settings.entity_id == wanted));
            assert_eq!(SamlTrust::from_metadata(text, wanted).unwrap(), settings);
            if let Ok(trust) = SamlTrust::new(&settings) {
                assert_eq!(trust.certificates().count(), settings.certificates_pem.len());
            }
        }
    });
}

const ISSUER: &str = "https://idp.example.test/metadata";

static SERVICE: LazyLock<SamlService> = LazyLock::new(|| SamlService {
    entity_id: "urn:example:portcullis".into(),
    acs_url: "https://keys.example.test/v1/saml".into(),
});

/// Who has the assertion signed, and who the response.
static PARTIES: LazyLock<(SamlTrust, SamlTrust)> = LazyLock::new(|| {
    let trust = |signed| {
        SamlTrust::new(&SamlTrustSettings {
            entity_id: ISSUER.into(),
            certificates_pem: vec![include_str!("saml_certificate.pem").into()],
            signed,
            groups_attribute: Some("groups".into()),
            ..SamlTrustSettings::default()
        })
        .unwrap()
    };
    (trust(SignedPart::Assertion), trust(SignedPart::Response))
});
