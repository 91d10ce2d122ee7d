//! Signature wrapping: a genuine signature, and an assertion of the attacker's beside it (I1, I2).

use portcullis::federation::saml::SamlError;

use crate::build::{element, once};
use crate::case::Case;

/// The pieces of a signed response.
struct Pieces {
    signed: String,
    assertion: String,
    signature: String,
    /// The assertion without its signature.
    bare: String,
    /// An assertion of the attacker's: another role and another identifier, no signature.
    evil: String,
}

impl Pieces {
    fn of(signed: &str) -> Self {
        let assertion = element(signed, "saml:Assertion").to_owned();
        let signature = element(signed, "ds:Signature").to_owned();
        let bare = assertion.replace(&signature, "");
        let evil = once(&once(&bare, "_assertion-1", "_evil-1"), "researcher", "admin");
        Self { signed: signed.to_owned(), assertion, signature, bare, evil }
    }

    /// The response with this in the place of its assertion.
    fn with(&self, instead: &str) -> String {
        once(&self.signed, &self.assertion, instead)
    }

    /// The attacker's assertion with something put in after its issuer.
    fn evil_holding(&self, what: &str) -> String {
        once(&self.evil, "</saml:Issuer>", &format!("</saml:Issuer>{what}"))
    }

    /// The attacker's assertion with something put in at its end.
    fn evil_ending_in(&self, what: &str) -> String {
        once(&self.evil, "</saml:Assertion>", &format!("{what}</saml:Assertion>"))
    }
}

fn wrapped(wrap: impl Fn(&Pieces) -> String) -> Case {
    Case::after_signing(|signed| wrap(&Pieces::of(signed)))
}

/// Wrapping of a signed response: `wrap` gets the signed response, its signature and an evil copy.
fn wrapped_response(wrap: impl Fn(&str, &str, &str) -> String) -> Case {
    Case::after_signing_the_response(|signed| {
        let signature = element(signed, "ds:Signature");
        let evil = once(&once(&signed.replace(signature, ""), "_response-1", "_evil-1"), "researcher", "admin");
        let evil = once(&evil, "_assertion-1", "_evil-2");
        wrap(signed, signature, &evil)
    })
}

fn in_signature(signature: &str, object: &str) -> String {
    once(signature, "</ds:Signature>", &format!("<ds:Object>{object}</ds:Object></ds:Signature>"))
}

attacks! {
    i01_xsw1_the_signed_response_inside_the_signature_of_an_evil_one: wrapped_response(|signed, signature, evil| {
        once(evil, "</saml:Issuer>", &format!("</saml:Issuer>{}", in_signature(signature, &signed.replace(signature, ""))))
    }) => SamlError::AssertionCount;
    i01_xsw2_the_signed_response_beside_its_detached_signature: wrapped_response(|signed, signature, evil| {
        once(evil, "</saml:Issuer>", &format!("</saml:Issuer>{}{signature}", signed.replace(signature, "")))
    }) => SamlError::AssertionCount;
    i01_xsw3_an_evil_assertion_before_the_signed_one: wrapped(|it| it.with(&format!("{}{}", it.evil, it.assertion)))
        => SamlError::AssertionCount;
    i01_xsw4_the_signed_assertion_inside_an_evil_one: wrapped(|it| it.with(&it.evil_ending_in(&it.assertion)))
        => SamlError::AssertionCount;
    i01_xsw5_the_signature_moved_to_an_evil_assertion: wrapped(|it| {
        it.with(&format!("{}{}", it.evil_holding(&it.signature), it.bare))
    }) => SamlError::AssertionCount;
    i01_xsw6_the_signed_assertion_inside_the_moved_signature: wrapped(|it| {
        it.with(&it.evil_holding(&once(&it.signature, "</ds:Signature>", &format!("{}</ds:Signature>", it.bare))))
    }) => SamlError::AssertionCount;
    i01_xsw7_an_evil_assertion_in_extensions: wrapped(|it| {
        it.with(&format!("<samlp:Extensions>{}</samlp:Extensions>{}", it.evil, it.assertion))
    }) => SamlError::AssertionCount;
    i01_xsw8_the_signed_assertion_in_an_object_of_the_moved_signature: wrapped(|it| {
        it.with(&it.evil_holding(&in_signature(&it.signature, &it.bare)))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_in_extensions_and_an_evil_one_in_its_place: wrapped(|it| {
        it.with(&format!("<samlp:Extensions>{}</samlp:Extensions>{}", it.assertion, it.evil))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_in_the_advice_of_an_evil_one: wrapped(|it| {
        it.with(&once(&it.evil, "</saml:Conditions>", &format!("</saml:Conditions><saml:Advice>{}</saml:Advice>", it.assertion)))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_in_the_confirmation_data_of_an_evil_one: wrapped(|it| {
        let empty = r#"Recipient="https://keys.example.test/v1/saml"/>"#;
        let full = format!(r#"Recipient="https://keys.example.test/v1/saml">{}</saml:SubjectConfirmationData>"#, it.assertion);
        it.with(&once(&it.evil, empty, &full))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_in_an_attribute_of_an_evil_one: wrapped(|it| {
        it.with(&once(&it.evil, "physics", &it.assertion))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_in_the_status_detail: wrapped(|it| {
        let detail = format!("<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>", it.assertion);
        once(&it.with(&it.evil), "</samlp:Status>", &detail)
    }) => SamlError::AssertionCount;
    i01_an_evil_assertion_that_refers_to_the_signed_one_beside_it: wrapped(|it| {
        // The signed content moves into an element that is no assertion; the signature stays with the evil one.
        let moved = it.bare.replace("saml:Assertion", "saml:Statement");
        it.with(&format!("{}{moved}", it.evil_holding(&it.signature)))
    }) => SamlError::Shape("there is an element where the profile has no place for it");
    i01_an_evil_assertion_with_the_identifier_of_the_signed_one: wrapped(|it| {
        it.with(&format!("{}{}", it.assertion, it.evil.replace("_evil-1", "_assertion-1")))
    }) => SamlError::AssertionCount;
    i01_an_assertion_in_another_namespace: wrapped(|it| {
        let foreign = it.evil.replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:example:other");
        it.with(&format!("{foreign}{}", it.assertion))
    }) => SamlError::AssertionCount;
    i01_the_signed_assertion_under_another_prefix_and_an_evil_one: wrapped(|it| {
        let evil = it.evil.replace("saml:", "evil:").replace("xmlns:saml", "xmlns:evil");
        it.with(&format!("{evil}{}", it.assertion))
    }) => SamlError::AssertionCount;
    i01_a_second_response_around_the_assertion: wrapped(|it| {
        it.with(&format!("{}<samlp:Response>{}</samlp:Response>", it.evil, it.assertion))
    }) => SamlError::AssertionCount;
    i01_an_empty_second_response: wrapped(|it| {
        it.with(&format!("<samlp:Extensions><samlp:Response/></samlp:Extensions>{}", it.assertion))
    }) => SamlError::Shape("there is a second Response");
    i01_the_assertion_deeper_than_in_its_place: wrapped(|it| {
        it.with(&format!("<samlp:Extensions>{}</samlp:Extensions>", it.assertion))
    }) => SamlError::AssertionCount;
    i01_an_assertion_of_the_attackers_own_making: wrapped(|it| it.with(&it.evil)) => SamlError::Unsigned("assertion");
    i01_another_signature_before_the_genuine_one: wrapped(|it| {
        once(&it.signed, "<samlp:Status>", &format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", it.signature))
    }) => SamlError::MisplacedSignature;
    i01_a_signature_in_an_attribute_value: wrapped(|it| once(&it.signed, "physics", &it.signature))
        => SamlError::MisplacedSignature;
    i01_a_signature_of_another_namespace_in_the_assertion: wrapped(|it| {
        let foreign = it.signature.replace("http://www.w3.org/2000/09/xmldsig#", "urn:example:other");
        once(&it.signed, "<saml:Subject>", &format!("{foreign}<saml:Subject>"))
    }) => SamlError::MisplacedSignature;
    i01_the_signature_of_the_assertion_on_the_response: wrapped(|it| {
        let without = it.with(&it.bare);
        once(&without, "</saml:Issuer>", &format!("</saml:Issuer>{}", it.signature))
    }) => SamlError::Unsigned("assertion");
    i02_an_unsigned_assertion_after_the_signed_one: wrapped(|it| it.with(&format!("{}{}", it.assertion, it.evil)))
        => SamlError::AssertionCount;
    i02_no_assertion_at_all: wrapped(|it| it.with("")) => SamlError::AssertionCount;
    i02_the_bare_assertion_without_its_response: wrapped(|it| it.assertion.clone()) => SamlError::BareAssertion;
    i02_the_role_changed_after_signing: wrapped(|it| once(&it.signed, "researcher", "admin")) => SamlError::BadSignature;
    i02_the_name_changed_after_signing: wrapped(|it| once(&it.signed, "alice@", "mallory@")) => SamlError::BadSignature;
    i02_another_document_element: wrapped(|it| it.signed.replace("samlp:Response", "samlp:LogoutResponse"))
        => SamlError::Shape("the document is no Response");
    i02_a_response_of_another_namespace: wrapped(|it| {
        once(&it.signed, "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol")
    }) => SamlError::Shape("the document is no Response");
}
