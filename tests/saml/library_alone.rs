//! The libraries without our check: what each of them accepts of the same attacks. The lists are
//! measured, and the reason for the second check; a change in them is worth reading about.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saml_rs::{
    AcsEndpoint, AssertionSignaturePolicy, AudienceValidationPolicy, BrowserInput, ClockSkew, EntityId, FormField,
    IdpDescriptor, MetadataTrustPolicy, ReplayPolicy, ResponseSignaturePolicy, Saml, SamlValidationContext, SpConfig,
    SpValidationPolicy, SsoResponse, XmlSignatureProfile,
};

use crate::build::{ACS, AUDIENCE, ISSUER, NOW};
use crate::case::{Case, MORE_ALGORITHMS, SIGNED_RESPONSE, time};
use crate::keys::{ECDSA, Signer, TRUSTED};

/// The role that the SAML library reads, if it accepts the response under the same policy as ours.
pub(crate) fn saml_library(case: &Case, xml: &str) -> Option<String> {
    let descriptor = |signer: &Signer| {
        format!(
            r#"<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"#,
            STANDARD.encode(&signer.certificate)
        )
    };
    let certificates = descriptor(&TRUSTED) + &descriptor(&ECDSA);
    let metadata = format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ISSUER}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{certificates}<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/"/></IDPSSODescriptor></EntityDescriptor>"#
    );
    let id = EntityId::try_new(ISSUER).unwrap();
    let unsigned = MetadataTrustPolicy::UnsignedForCompatibility;
    let provider = IdpDescriptor::from_metadata_xml_for(id, &metadata, unsigned).unwrap();
    let whole = std::ptr::eq(case.trust, &raw const *SIGNED_RESPONSE);
    let more = std::ptr::eq(case.trust, &raw const *MORE_ALGORITHMS);
    let policy = SpValidationPolicy {
        assertions: if whole {
            AssertionSignaturePolicy::AllowUnsignedForCompatibility
        } else {
            AssertionSignaturePolicy::RequireSigned
        },
        responses: if whole {
            ResponseSignaturePolicy::RequireSigned
        } else {
            ResponseSignaturePolicy::RequireForEncryptedCbc
        },
        xml_signatures: if more {
            XmlSignatureProfile::AllowProviderSupportedForCompatibility
        } else {
            XmlSignatureProfile::StrictRsaSha2
        },
        audience: AudienceValidationPolicy::Validate,
        ..SpValidationPolicy::recommended()
    };
    let endpoint = AcsEndpoint::post(ACS).unwrap();
    let config = SpConfig::builder(EntityId::try_new(AUDIENCE).unwrap()).acs_endpoint(endpoint).validation(policy);
    let service = Saml::sp(config.build().unwrap()).unwrap();
    let context = SamlValidationContext::new(SystemTime::from(time(NOW)), ReplayPolicy::DisabledForCompatibility)
        .with_clock_skew(ClockSkew::from_millis(-60_000, 60_000));
    let input = BrowserInput::<SsoResponse>::post(vec![FormField::new("SAMLResponse", STANDARD.encode(xml))]);
    let session = service.accept_unsolicited_sso(&provider, input, context).ok()?;
    let role = session.attributes().get("https://coreweave.com/SAML/Attributes/Role");
    Some(
        role.map(|it| it.values().iter().map(saml_rs::AttributeValue::as_str).collect::<Vec<_>>().join("|"))
            .unwrap_or_default(),
    )
}

/// The role that somebody reads who asks the signature library whether a document is signed, and
/// then takes the first role in it.
fn signature_library(xml: &str) -> Option<String> {
    if !bergshamra::verify(&TRUSTED.context().with_insecure(true), xml).is_ok_and(|result| result.is_valid()) {
        return None;
    }
    let document = uppsala::parse(xml).ok()?;
    let attributes = document.get_elements_by_tag_name("Attribute").into_iter();
    let role = attributes
        .into_iter()
        .find(|it| document.get_attribute(*it, "Name").is_some_and(|name| name.ends_with("/Role")))?;
    Some(document.text_content_deep(role))
}

/// The names of the attacks that somebody accepts, with the role that is read then.
fn accepted(corpus: Vec<(&'static str, Case)>, read: impl Fn(&Case) -> Option<String>) -> Vec<(&'static str, String)> {
    corpus.into_iter().filter_map(|(name, case)| Some((name, read(&case)?))).collect()
}

/// Only the names, where the role is the one that was signed.
fn names_with_the_signed_role(accepted: &[(&'static str, String)]) -> Vec<&'static str> {
    assert!(accepted.iter().all(|(_, role)| role == "researcher"), "{accepted:?}");
    accepted.iter().map(|(name, _)| *name).collect()
}

#[test]
fn the_saml_library_alone_never_reads_a_role_of_the_attackers() {
    let files = [
        crate::algorithms::corpus(),
        crate::conditions::corpus(),
        crate::groups::corpus(),
        crate::limits::corpus(),
        crate::markup::corpus(),
        crate::requirement::corpus(),
        crate::role::corpus(),
        crate::signature_form::corpus(),
        crate::wrapping::corpus(),
    ];
    let all: Vec<_> = files.into_iter().flatten().collect();
    assert!(all.len() > 250, "{} attacks", all.len());
    for (name, case) in &all {
        assert_eq!(saml_library(case, &case.control).as_deref(), Some("researcher"), "the control of {name}");
    }
    let roles = accepted(all, |case| saml_library(case, &case.attack));
    assert!(roles.iter().all(|(_, role)| role != "admin"), "{roles:?}");
}

#[test]
fn the_saml_library_alone_is_not_fooled_by_wrapping_and_accepts_odd_forms() {
    let wrapping = accepted(crate::wrapping::corpus(), |case| saml_library(case, &case.attack));
    assert_eq!(
        names_with_the_signed_role(&wrapping),
        [
            "i01_xsw7_an_evil_assertion_in_extensions",
            "i01_an_empty_second_response",
            "i01_the_signature_of_the_assertion_on_the_response",
        ]
    );
    let forms = accepted(crate::signature_form::corpus(), |case| saml_library(case, &case.attack));
    assert_eq!(
        names_with_the_signed_role(&forms),
        [
            "i03_two_signature_values",
            "i03_an_element_in_the_signature_value",
            "i03_an_object_in_the_signature",
            "i05_retrieval_of_the_key_from_an_address",
            "i07_a_relative_namespace",
            "i07_a_relative_namespace_that_was_signed",
            "i07_only_enveloped",
            "i07_enveloped_twice",
        ]
    );
}

#[test]
fn the_saml_library_alone_accepts_sha1_once_more_than_rsa_is_allowed() {
    let algorithms = accepted(crate::algorithms::corpus(), |case| saml_library(case, &case.attack));
    assert_eq!(
        names_with_the_signed_role(&algorithms),
        [
            "i08_a_sha1_signature_before_a_provider_with_more_algorithms",
            "i08_a_sha1_digest_before_a_provider_with_more_algorithms",
            "i08_sha1_for_both_before_a_provider_with_more_algorithms",
        ]
    );
}

#[test]
fn the_saml_library_alone_reads_all_text_around_comments_and_accepts_most_markup() {
    let markup = accepted(crate::markup::corpus(), |case| saml_library(case, &case.attack));
    let whole = ["researcher", "admin.evil"];
    assert!(markup.iter().all(|(_, role)| whole.contains(&role.as_str())), "{markup:?}");
    assert_eq!(markup.len(), 14, "{markup:?}");
    assert!(markup.iter().all(|(name, _)| !name.contains("entity") && !name.contains("doctype")), "{markup:?}");
}

/// Who asks whether a document is signed, and then searches it, reads the attacker's words.
#[test]
fn the_signature_library_alone_leaves_its_naive_user_with_the_attackers_role() {
    let fooled = accepted(crate::wrapping::corpus(), |case| signature_library(&case.attack));
    let fooled: Vec<_> = fooled.iter().filter(|(_, role)| role == "admin").map(|(name, _)| *name).collect();
    assert_eq!(
        fooled,
        [
            "i01_xsw3_an_evil_assertion_before_the_signed_one",
            "i01_xsw4_the_signed_assertion_inside_an_evil_one",
            "i01_xsw7_an_evil_assertion_in_extensions",
            "i01_the_signed_assertion_in_an_attribute_of_an_evil_one",
            "i01_an_assertion_in_another_namespace",
            "i01_the_signed_assertion_under_another_prefix_and_an_evil_one",
            "i01_a_second_response_around_the_assertion",
        ]
    );
}
