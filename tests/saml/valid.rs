//! Responses that have to pass: the forms that identity providers really send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::federation::saml::{SamlError, SamlTrust, UnverifiedSamlResponse};

use crate::build::{
    EXCLUSIVE, ISSUER, NOW, RSA_SHA256, SHA256, once, sign_assertion, sign_assertion_with, sign_response, template,
    unsigned, usual_template,
};
use crate::case::{MORE_ALGORITHMS, SIGNED_ASSERTION, SIGNED_RESPONSE, service, time, verify};
use crate::keys::{ECDSA, Signer, TRUSTED};

fn accepted(trust: &SamlTrust, xml: &str) {
    let verified = verify(trust, xml, NOW).unwrap();
    assert_eq!(verified.role(), "researcher");
    assert_eq!(verified.principal_name(), "alice@example.test");
}

fn accepted_with(signer: &Signer, method: &str, digest: &str) {
    let template = template("#_assertion-1", method, digest);
    accepted(&MORE_ALGORITHMS, &sign_assertion_with(&unsigned(), &template, signer));
}

#[test]
fn a_signed_assertion_says_who_and_until_when() {
    let verified = verify(&SIGNED_ASSERTION, &sign_assertion(&unsigned(), &TRUSTED), NOW).unwrap();
    assert_eq!(verified.role(), "researcher");
    assert_eq!(verified.principal_name(), "alice@example.test");
    assert_eq!(verified.name_id(), "alice@example.test");
    assert_eq!(verified.issuer(), ISSUER);
    assert_eq!(verified.assertion_id(), "_assertion-1");
    assert_eq!(verified.not_on_or_after(), time("2026-03-01T12:06:00Z"));
    assert_eq!(verified.session_not_on_or_after(), Some(time("2026-03-01T20:00:00Z")));
}

#[test]
fn a_signed_response_passes_where_that_is_configured() {
    accepted(&SIGNED_RESPONSE, &sign_response(&unsigned(), &TRUSTED));
}

#[test]
fn longer_digests_pass() {
    for (bits, digest) in
        [("384", "http://www.w3.org/2001/04/xmldsig-more#sha384"), ("512", "http://www.w3.org/2001/04/xmlenc#sha512")]
    {
        let method = format!("http://www.w3.org/2001/04/xmldsig-more#rsa-sha{bits}");
        let signed = sign_assertion_with(&unsigned(), &template("#_assertion-1", &method, digest), &TRUSTED);
        accepted(&SIGNED_ASSERTION, &signed);
    }
}

#[test]
fn ecdsa_and_pss_pass_where_they_are_configured() {
    accepted_with(&ECDSA, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", SHA256);
    accepted_with(&TRUSTED, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", SHA256);
    accepted_with(&TRUSTED, RSA_SHA256, SHA256);
}

#[test]
fn line_breaks_and_spaces_in_the_base64_are_fine() {
    let base64 = STANDARD.encode(sign_assertion(&unsigned(), &TRUSTED));
    for separator in ["\n", "\r\n", " "] {
        let lines: Vec<_> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let text = format!("\n{}\n", lines.join(separator));
        let unverified = UnverifiedSamlResponse::from_base64(&text).unwrap();
        assert!(SIGNED_ASSERTION.verify(&unverified, &service(), time(NOW)).is_ok());
    }
}

#[test]
fn a_declaration_and_indentation_are_fine() {
    let indented = unsigned()
        .replace("><saml:Subject>", ">\n  <saml:Subject>")
        .replace("><saml:Conditions", ">\r\n\t<saml:Conditions")
        .replace("></saml:Assertion>", ">\n</saml:Assertion>");
    accepted(&SIGNED_ASSERTION, &sign_assertion(&indented, &TRUSTED));
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", sign_assertion(&unsigned(), &TRUSTED));
    accepted(&SIGNED_ASSERTION, &declared);
}

#[test]
fn the_default_namespace_is_as_good_as_a_prefix() {
    let response = unsigned()
        .replace("xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_response-1\"", "ID=\"_response-1\"")
        .replace("<saml:Issuer>", "<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">")
        .replace("</saml:Issuer>", "</Issuer>");
    let response = response.replace("saml:", "").replace("xmlns:saml=", "xmlns=");
    let template = usual_template();
    let (before, assertion) = response.split_at(response.find("<Assertion ").unwrap());
    let assertion = once(assertion, "</Issuer>", &format!("</Issuer>{template}"));
    accepted(&SIGNED_ASSERTION, &bergshamra::sign(&TRUSTED.context(), &format!("{before}{assertion}")).unwrap());
}

#[test]
fn key_info_of_the_pinned_certificate_and_a_list_of_prefixes_are_fine() {
    let certificate = STANDARD.encode(&TRUSTED.certificate);
    let key_info = format!(
        "<ds:KeyInfo><ds:KeyName>signing</ds:KeyName><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    );
    let with_key = once(&usual_template(), "</ds:Signature>", &key_info);
    let listed = format!(
        r#"<ds:Transform Algorithm="{EXCLUSIVE}"><ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="xs"/></ds:Transform>"#
    );
    let with_list = once(&with_key, &format!(r#"<ds:Transform Algorithm="{EXCLUSIVE}"/>"#), &listed);
    accepted(&SIGNED_ASSERTION, &sign_assertion_with(&unsigned(), &with_key, &TRUSTED));
    accepted(&SIGNED_ASSERTION, &sign_assertion_with(&unsigned(), &with_list, &TRUSTED));
}

#[test]
fn what_an_identity_provider_may_leave_out_or_add_is_fine() {
    let schema = r#"<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">"#;
    for (from, to) in [
        // no destination, as the response is not signed; no issuer of the response; no end of the session
        (" Destination=\"https://keys.example.test/v1/saml\"", ""),
        ("<saml:Issuer>https://idp.example.test/metadata</saml:Issuer><samlp:Status>", "<samlp:Status>"),
        (" SessionNotOnOrAfter=\"2026-03-01T20:00:00Z\"", ""),
        (" NotBefore=\"2026-03-01T11:59:00Z\"", ""),
        // types of values, formats of names, more audiences, fractions of seconds, one-time use
        ("<saml:AttributeValue>researcher", &format!("{schema}researcher")),
        (
            "Name=\"groups\"",
            "Name=\"groups\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\" FriendlyName=\"g\"",
        ),
        ("<saml:Audience>", "<saml:Audience>urn:example:other</saml:Audience><saml:Audience>"),
        ("2026-03-01T12:10:00Z", "2026-03-01T12:10:00.123Z"),
        ("</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:OneTimeUse/>"),
        ("physics", "a &amp; b &lt;c&gt;"),
        ("<saml:Subject>", "<saml:Subject xml:lang=\"en\">"),
    ] {
        accepted(&SIGNED_ASSERTION, &sign_assertion(&once(&unsigned(), from, to), &TRUSTED));
    }
}

#[test]
fn the_claimed_issuer_can_be_read_first_and_proves_nothing() {
    let claimed = |xml: &str| UnverifiedSamlResponse::from_base64(&STANDARD.encode(xml)).unwrap().unverified_issuer();
    assert_eq!(claimed(&unsigned()).as_deref(), Some(ISSUER));
    assert_eq!(claimed(&unsigned().replace(ISSUER, "urn:other")).as_deref(), Some("urn:other"));
    assert_eq!(verify(&SIGNED_ASSERTION, &unsigned(), NOW), Err(SamlError::Unsigned("assertion")));
    for unreadable in [
        "<a/>".to_owned(),
        "<a>".to_owned(),
        once(&unsigned(), "physics", "<!---->"),
        format!("<!DOCTYPE r>{}", unsigned()),
        unsigned().replace(ISSUER, ""),
        unsigned().replace("samlp:Response", "samlp:Other"),
    ] {
        assert_eq!(claimed(&unreadable), None, "{unreadable:.200}");
    }
}

#[test]
fn nothing_of_a_response_is_printed() {
    let unverified = UnverifiedSamlResponse::from_base64(&STANDARD.encode(unsigned())).unwrap();
    let printed = format!("{unverified:?}");
    assert!(printed.starts_with("UnverifiedSamlResponse(") && printed.len() < 50, "{printed}");
}
