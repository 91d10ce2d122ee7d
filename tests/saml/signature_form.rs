//! Signatures in another than the one accepted form (I3, I4, I5, I7).

use portcullis::federation::saml::SamlError;

use crate::build::{ENVELOPED, EXCLUSIVE, element, once, sign_assertion_with, unsigned, usual_template};
use crate::case::Case;
use crate::keys::TRUSTED;

/// The identity provider's own key signs with another template: the strongest attacker there is.
pub(crate) fn signed_with(change: impl Fn(&str) -> String) -> Case {
    Case::made(sign_assertion_with(&unsigned(), &change(&usual_template()), &TRUSTED))
}

fn repeated(name: &'static str) -> Case {
    Case::after_signing(move |signed| {
        let part = element(signed, name);
        once(signed, part, &part.repeat(2))
    })
}

fn reference(uri: &'static str) -> Case {
    Case::after_signing(move |signed| once(signed, r##"URI="#_assertion-1""##, &format!(r#"URI="{uri}""#)))
}

fn identifier(attribute: &'static str) -> Case {
    Case::after_signing(move |signed| once(signed, "<saml:Subject>", &format!("<saml:Subject {attribute}>")))
}

fn shape(what: &'static str) -> SamlError {
    SamlError::SignatureShape(what)
}

const ONE_OF_EACH: &str = "SignedInfo does not have one method of each kind and one reference";
const TWO_OR_THREE: &str = "it does not have its two or three parts";
const IN_ORDER: &str = "a part is missing, repeated or in another order";

attacks! {
    i03_two_signed_infos: repeated("ds:SignedInfo") => shape(IN_ORDER);
    i03_a_signed_info_of_the_attackers_first: Case::after_signing(|signed| {
        let info = element(signed, "ds:SignedInfo");
        once(signed, info, &format!("{}{info}", info.replace("_assertion-1", "_evil-1")))
    }) => shape(IN_ORDER);
    i03_two_signatures: repeated("ds:Signature") => SamlError::MisplacedSignature;
    i03_two_references: repeated("ds:Reference") => shape(ONE_OF_EACH);
    i03_two_digest_values: repeated("ds:DigestValue") => shape("the reference does not have its three parts");
    i03_two_signature_values: repeated("ds:SignatureValue") => shape(IN_ORDER);
    i03_two_signature_methods: Case::after_signing(|signed| {
        once(signed, "<ds:SignatureMethod", r#"<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/><ds:SignatureMethod"#)
    }) => shape(ONE_OF_EACH);
    i03_no_reference: Case::after_signing(|signed| once(signed, element(signed, "ds:Reference"), ""))
        => shape(ONE_OF_EACH);
    i03_no_signed_info: Case::after_signing(|signed| once(signed, element(signed, "ds:SignedInfo"), ""))
        => shape(TWO_OR_THREE);
    i03_an_empty_signature_value: Case::after_signing(|signed| {
        once(signed, element(signed, "ds:SignatureValue"), "<ds:SignatureValue></ds:SignatureValue>")
    }) => shape("SignatureValue is not base64");
    i03_an_element_in_the_signature_value: Case::after_signing(|signed| {
        once(signed, "<ds:SignatureValue>", "<ds:SignatureValue><ds:X/>")
    }) => shape("SignatureValue is not base64");
    i03_an_object_in_the_signature: Case::after_signing(|signed| {
        once(signed, "</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>")
    }) => shape(IN_ORDER);
    i04_an_element_in_the_digest_value: Case::after_signing(|signed| {
        once(signed, "<ds:DigestValue>", "<ds:DigestValue><x/>")
    }) => shape("DigestValue is not base64");
    i05_a_reference_to_the_whole_document: reference("") => SamlError::Reference;
    i05_a_reference_to_an_empty_name: reference("#") => SamlError::Reference;
    i05_a_reference_to_the_response: reference("#_response-1") => SamlError::Reference;
    i05_a_pointer_to_the_whole_document: reference("#xpointer(/)") => SamlError::Reference;
    i05_a_pointer_to_the_assertion: reference("#xpointer(id('_assertion-1'))") => SamlError::Reference;
    i05_an_escaped_reference: reference("#%5Fassertion-1") => SamlError::Reference;
    i05_a_local_file: reference("file:///etc/hostname") => SamlError::Reference;
    i05_a_relative_file: reference("Cargo.toml") => SamlError::Reference;
    i05_an_address: reference("http://127.0.0.1:9/secret") => SamlError::Reference;
    i05_an_attachment: reference("cid:attachment") => SamlError::Reference;
    i05_no_uri: Case::after_signing(|signed| once(signed, r##" URI="#_assertion-1""##, "")) => SamlError::Reference;
    i05_a_prefixed_uri_beside_the_plain_one: Case::after_signing(|signed| {
        once(signed, r##"URI="#_assertion-1""##, r##"xmlns:x="urn:x" x:URI="#_evil" URI="#_assertion-1""##)
    }) => SamlError::Shape("an attribute that is read has a prefix");
    i05_the_identifier_twice: identifier(r#"ID="_assertion-1""#) => SamlError::Identifier;
    i05_an_xml_id_beside_it: identifier(r#"xml:id="_assertion-1""#) => SamlError::Identifier;
    i05_an_id_in_other_letters: identifier(r#"Id="_assertion-1""#) => SamlError::Identifier;
    i05_a_lower_case_id: identifier(r#"id="_other""#) => SamlError::Identifier;
    i05_an_assertion_id_of_saml_1: identifier(r#"AssertionID="_assertion-1""#) => SamlError::Identifier;
    i05_a_prefixed_id: identifier(r#"xmlns:x="urn:x" x:ID="_assertion-1""#) => SamlError::Identifier;
    i05_a_prefixed_id_before_the_plain_one: Case::after_signing(|signed| {
        once(signed, r#" ID="_assertion-1""#, r#" xmlns:x="urn:x" x:ID="_evil-1" ID="_assertion-1""#)
    }) => SamlError::Identifier;
    i05_the_identifier_on_the_signature_too: Case::after_signing(|signed| {
        once(signed, "<ds:Signature ", r#"<ds:Signature Id="_assertion-1" "#)
    }) => SamlError::Identifier;
    i05_one_identifier_for_response_and_assertion: Case::after_signing(|signed| once(signed, "_response-1", "_assertion-1"))
        => SamlError::Identifier;
    i05_no_identifier: Case::after_signing(|signed| once(signed, r#" ID="_assertion-1""#, "")) => SamlError::Identifier;
    i05_an_identifier_that_is_a_pointer: Case::made(sign_assertion_with(
        &once(&unsigned(), "_assertion-1", "xpointer(/)"),
        &once(&usual_template(), "_assertion-1", "xpointer(/)"),
        &TRUSTED,
    )) => SamlError::Identifier;
    i05_retrieval_of_the_key_from_an_address: Case::after_signing(|signed| {
        once(signed, "</ds:Signature>", r#"<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/key"/></ds:KeyInfo></ds:Signature>"#)
    }) => shape("KeyInfo has something else than names, keys and certificates");
    i07_a_relative_namespace: Case::after_signing(|signed| once(signed, "<saml:Subject>", r#"<saml:Subject xmlns:r="relative/one">"#))
        => SamlError::RelativeNamespace;
    i07_a_relative_namespace_that_was_signed: Case::before_signing(|response| {
        once(response, "<saml:Subject>", r#"<saml:Subject xmlns:r="relative/one" r:x="1">"#)
    }) => SamlError::RelativeNamespace;
    i07_the_digest_of_nothing: Case::after_signing(|signed| {
        let nothing = "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ds:DigestValue>";
        once(signed, element(signed, "ds:DigestValue"), nothing)
    }) => shape("DigestValue is that of nothing");
    i07_no_transforms: signed_with(|template| {
        once(template, element(template, "ds:Transforms"), "<ds:Transforms></ds:Transforms>")
    }) => SamlError::Algorithm("list of transforms");
    i07_only_enveloped: signed_with(|template| {
        once(template, &format!(r#"<ds:Transform Algorithm="{EXCLUSIVE}"/>"#), "")
    }) => SamlError::Algorithm("list of transforms");
    i07_enveloped_twice: signed_with(|template| {
        let transform = format!(r#"<ds:Transform Algorithm="{ENVELOPED}"/>"#);
        once(template, &transform, &transform.repeat(2))
    }) => SamlError::Algorithm("list of transforms");
    i07_a_transform_of_another_namespace: signed_with(|template| {
        once(template, "<ds:Transform ", r#"<x:Transform xmlns:x="urn:x" "#)
    }) => SamlError::Algorithm("list of transforms");
}
