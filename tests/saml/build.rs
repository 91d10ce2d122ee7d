//! Responses as identity providers make them, and the words to change them with.

use bergshamra::dsig::sign::sign;

use crate::keys::Signer;

pub(crate) const ISSUER: &str = "https://idp.example.test/metadata";
pub(crate) const AUDIENCE: &str = "urn:example:portcullis";
pub(crate) const ACS: &str = "https://keys.example.test/v1/saml";
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A good response, not signed yet.
pub(crate) fn unsigned() -> String {
    format!(
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response-1" Version="2.0" IssueInstant="2026-03-01T11:59:30Z" Destination="{ACS}"><saml:Issuer>{ISSUER}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{}</samlp:Response>"#,
        assertion()
    )
}

fn assertion() -> String {
    let attributes: String = [
        ("https://coreweave.com/SAML/Attributes/Role", "researcher"),
        ("https://coreweave.com/SAML/Attributes/PrincipalName", "alice@example.test"),
        ("groups", "physics"),
    ]
    .iter()
    .map(|(name, value)| attribute(name, value))
    .collect();
    format!(
        r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion-1" Version="2.0" IssueInstant="2026-03-01T11:59:30Z"><saml:Issuer>{ISSUER}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">alice@example.test</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-03-01T12:05:00Z" Recipient="{ACS}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-03-01T11:59:00Z" NotOnOrAfter="2026-03-01T12:10:00Z"><saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-03-01T11:59:30Z" SessionIndex="_session-1" SessionNotOnOrAfter="2026-03-01T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"#
    )
}

/// One attribute with one value.
pub(crate) fn attribute(name: &str, value: &str) -> String {
    format!(r#"<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"#)
}

/// The attribute with the role of the good response.
pub(crate) fn role() -> String {
    attribute("https://coreweave.com/SAML/Attributes/Role", "researcher")
}

/// A signature that is not filled in yet.
pub(crate) fn template(reference: &str, method: &str, digest: &str) -> String {
    format!(
        r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="{reference}"><ds:Transforms><ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>"#
    )
}

/// The template that the good response uses, over the assertion.
pub(crate) fn usual_template() -> String {
    template("#_assertion-1", RSA_SHA256, SHA256)
}

/// Signs the assertion with this template.
pub(crate) fn sign_assertion_with(response: &str, template: &str, signer: &Signer) -> String {
    let (before, assertion) = response.split_at(response.find("<saml:Assertion ").unwrap());
    let assertion = once(assertion, "</saml:Issuer>", &format!("</saml:Issuer>{template}"));
    sign(&signer.context(), &format!("{before}{assertion}")).unwrap()
}

/// Signs the assertion as identity providers do.
pub(crate) fn sign_assertion(response: &str, signer: &Signer) -> String {
    sign_assertion_with(response, &usual_template(), signer)
}

/// Signs the whole response as identity providers do; its assertion may be signed already.
pub(crate) fn sign_response(response: &str, signer: &Signer) -> String {
    let template = template("#_response-1", RSA_SHA256, SHA256);
    let (response, assertion) = response.split_at(response.find("<saml:Assertion ").unwrap());
    let response = once(response, "</saml:Issuer>", &format!("</saml:Issuer>{template}"));
    sign(&signer.context(), &format!("{response}{assertion}")).unwrap()
}

/// Replaces the first place where `from` stands, and insists that it stands there.
pub(crate) fn once(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no {from:?} to change in {text}");
    text.replacen(from, to, 1)
}

/// The first element with this name and prefix, as text.
pub(crate) fn element<'t>(text: &'t str, name: &str) -> &'t str {
    let start = text.find(&format!("<{name} ")).or_else(|| text.find(&format!("<{name}>"))).unwrap();
    let end = format!("</{name}>");
    let length = text[start..].rfind(&end).map(|at| at + end.len()).unwrap();
    // The last end, as the element may hold others of its name; the first if there are siblings.
    let first = text[start..].find(&end).map(|at| at + end.len()).unwrap();
    let inner = text[start + 1..start + first].matches(&format!("<{name}")).count();
    &text[start..start + if inner == 0 { first } else { length }]
}
