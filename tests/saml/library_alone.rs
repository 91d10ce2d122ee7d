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
use crate::keys::{ECDSA, TRUSTED};

/// The role that the SAML library reads, if it accepts the response under the same policy as ours.
fn saml_library(case: &Case, xml: &str) -> Option<String> {
    let certificates: String = [&TRUSTED, &ECDSA]
        .iter()
        .map(|signer| {
            format!(
                r#"<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"#,
                STANDARD.encode(&signer.certificate)
            )
        })
        .collect();
    let metadata = format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ISSUER}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{certificates}<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/"/></IDPSSODescriptor></EntityDescriptor>"#
    );
    let id = EntityId::try_new(ISSUER).unwrap();
    let unsigned = MetadataTrustPolicy::UnsignedForCompatibility;
    let provider = IdpDescriptor::from_metadata_xml_for(id, &metadata, unsigned).unwrap();
    let whole = std::ptr::eq(case.trust, &*SIGNED_RESPONSE);
    let more = std::ptr::eq(case.trust, &*MORE_ALGORITHMS);
    let policy = SpValidationPolicy {
        assertions: if whole { AssertionSignaturePolicy::AllowUnsignedForCompatibility } else { AssertionSignaturePolicy::RequireSigned },
        responses: if whole { ResponseSignaturePolicy::RequireSigned } else { ResponseSignaturePolicy::RequireForEncryptedCbc },
        xml_signatures: if more { XmlSignatureProfile::AllowProviderSupportedForCompatibility } else { XmlSignatureProfile::StrictRsaSha2 },
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
    Some(role.map(|it| it.values().iter().map(saml_rs::AttributeValue::as_str).collect::<Vec<_>>().join("|")).unwrap_or_default())
}

/// The role that somebody reads who asks the signature library whether a document is signed, and
/// then takes the first role in it.
fn signature_library(xml: &str) -> Option<String> {
    if !bergshamra::verify(&TRUSTED.context().with_insecure(true), xml).is_ok_and(|result| result.is_valid()) {
        return None;
    }
    let document = uppsala::parse(xml).ok()?;
    let attributes = document.get_elements_by_tag_name("Attribute").into_iter();
    let role = attributes.into_iter().find(|it| document.get_attribute(*it, "Name").is_some_and(|name| name.ends_with("/Role")))?;
    Some(document.text_content_deep(role))
}

fn corpus() -> Vec<(&'static str, Case)> {
    let files = [
        crate::algorithms::corpus(),
        crate::conditions::corpus(),
        crate::limits::corpus(),
        crate::markup::corpus(),
        crate::requirement::corpus(),
        crate::role::corpus(),
        crate::signature_form::corpus(),
        crate::wrapping::corpus(),
    ];
    files.into_iter().flatten().collect()
}

#[test]
fn print_what_each_accepts() {
    for (name, case) in corpus() {
        assert_eq!(saml_library(&case, &case.control).as_deref(), Some("researcher"), "{name}");
        if let Some(role) = saml_library(&case, &case.attack) { println!("SAML {name} {role:.60}"); }
        if name.starts_with("i14") { continue; }
        if let Some(role) = signature_library(&case.attack) { println!("DSIG {name} {role:.60}"); }
    }
}
