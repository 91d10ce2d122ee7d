//! Algorithms that are not accepted, even if the trusted key was used with them, and keys that are
//! not trusted (I8, I9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::keys::loader::load_hmac_key;
use bergshamra::xml::NodeSet;
use bergshamra::{DsigContext, KeysManager};
use md5::Md5;
use portcullis::federation::saml::SamlError;
use sha1::{Digest as _, Sha1};

use crate::build::{
    EXCLUSIVE, RSA_SHA256, SHA256, element, once, sign_assertion, sign_assertion_with, template, unsigned,
    usual_template,
};
use crate::case::Case;
use crate::keys::{ATTACKER, ECDSA, TRUSTED};
use crate::rsa::sign_digest_info;
use crate::signature_form::signed_with;

const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const RSA_MD5: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5";
const HMAC_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// A response that the trusted key signed with SHA-1 or MD5, which takes a signer of our own.
fn signed_with_old_digest(method: &str, digest: &str) -> String {
    let template = template("#_assertion-1", RSA_SHA256, digest);
    let signed = sign_assertion_with(&unsigned(), &template, &TRUSTED);
    let signed = once(&signed, RSA_SHA256, method);
    let document = uppsala::parse(&signed).unwrap();
    let info = document.get_elements_by_tag_name("SignedInfo")[0];
    let nodes = NodeSet::tree_without_comments(info, &document);
    let bytes = canonicalize_doc::<&str>(&document, C14nMode::Exclusive, Some(&nodes), &[]).unwrap();
    // DigestInfo (RFC 8017, section 9.2, note 1)
    let digest_info = if method == RSA_MD5 {
        let prefix = [0x30, 0x20, 0x30, 0x0c, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5, 5, 0, 4, 16];
        [&prefix[..], &Md5::digest(&bytes)].concat()
    } else {
        let prefix = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 20];
        [&prefix[..], &Sha1::digest(&bytes)].concat()
    };
    let value = STANDARD.encode(sign_digest_info(&TRUSTED, &digest_info));
    let value = format!("<ds:SignatureValue>{value}</ds:SignatureValue>");
    once(&signed, element(&signed, "ds:SignatureValue"), &value)
}

/// A "signature" with the public certificate as the secret of an HMAC.
fn hmac(key: &[u8]) -> Case {
    let mut keys = KeysManager::new();
    keys.add_key(load_hmac_key(key).unwrap());
    let response = once(&unsigned(), "researcher", "admin");
    let template = template("#_assertion-1", HMAC_SHA256, SHA256);
    let (before, assertion) = response.split_at(response.find("<saml:Assertion ").unwrap());
    let assertion = once(assertion, "</saml:Issuer>", &format!("</saml:Issuer>{template}"));
    Case::made(bergshamra::sign(&DsigContext::new(keys), &format!("{before}{assertion}")).unwrap())
}

/// Signed by the attacker, with this as `KeyInfo`.
fn by_the_attacker(key_info: &str) -> Case {
    let template = once(&usual_template(), "</ds:Signature>", &format!("{key_info}</ds:Signature>"));
    Case::made(sign_assertion_with(&once(&unsigned(), "researcher", "admin"), &template, &ATTACKER))
}

fn x509(certificate: &[u8]) -> String {
    let certificate = STANDARD.encode(certificate);
    format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
}

fn key_value() -> String {
    let value = ATTACKER.key.to_key_value_xml("ds").unwrap();
    format!("<ds:KeyInfo><ds:KeyValue>{value}</ds:KeyValue></ds:KeyInfo>")
}

fn extra_transform(transform: &'static str) -> Case {
    Case::after_signing(move |signed| once(signed, "</ds:Transforms>", &format!("{transform}</ds:Transforms>")))
}

fn canonicalization(from: &'static str, to: &'static str) -> Case {
    signed_with(move |template| once(template, from, to))
}

const SIGNATURE: SamlError = SamlError::Algorithm("signature algorithm");
const DIGEST: SamlError = SamlError::Algorithm("digest algorithm");
const TRANSFORMS: SamlError = SamlError::Algorithm("list of transforms");
const CANONICALIZATION: SamlError = SamlError::Algorithm("canonicalisation");

attacks! {
    i08_a_sha1_signature_by_the_trusted_key: Case::made(signed_with_old_digest(RSA_SHA1, SHA256)) => SIGNATURE;
    i08_a_sha1_signature_before_a_provider_with_more_algorithms:
        Case::made(signed_with_old_digest(RSA_SHA1, SHA256)).with_more_algorithms() => SIGNATURE;
    i08_a_sha1_digest_under_the_trusted_key: signed_with(|template| once(template, SHA256, SHA1)) => DIGEST;
    i08_a_sha1_digest_before_a_provider_with_more_algorithms:
        signed_with(|template| once(template, SHA256, SHA1)).with_more_algorithms() => DIGEST;
    i08_sha1_for_both: Case::made(signed_with_old_digest(RSA_SHA1, SHA1)) => SIGNATURE;
    i08_sha1_for_both_before_a_provider_with_more_algorithms:
        Case::made(signed_with_old_digest(RSA_SHA1, SHA1)).with_more_algorithms() => SIGNATURE;
    i08_an_md5_signature_by_the_trusted_key: Case::made(signed_with_old_digest(RSA_MD5, SHA256)) => SIGNATURE;
    i08_the_signature_method_changed_after_signing: Case::after_signing(|signed| once(signed, RSA_SHA256, RSA_SHA1)) => SIGNATURE;
    i08_no_signature_method: Case::after_signing(|signed| once(signed, &format!(r#"Algorithm="{RSA_SHA256}""#), "")) => SIGNATURE;
    i08_a_prefixed_algorithm_beside_the_plain_one: Case::after_signing(|signed| {
        let plain = format!(r#"Algorithm="{RSA_SHA256}""#);
        once(signed, &plain, &format!(r#"xmlns:x="urn:x" x:Algorithm="{RSA_SHA1}" {plain}"#))
    }) => SamlError::Shape("an attribute that is read has a prefix");
    i08_hmac_with_the_certificate_as_secret: hmac(TRUSTED.certificate_pem.as_bytes()) => SIGNATURE;
    i08_hmac_with_the_certificates_bytes_as_secret: hmac(&TRUSTED.certificate).with_more_algorithms() => SIGNATURE;
    i08_hmac_with_the_public_key_as_secret: hmac(&TRUSTED.key.to_spki_der().unwrap()) => SIGNATURE;
    i08_a_truncated_hmac: Case::after_signing(|signed| {
        let method = format!(r#"<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>"#);
        let hmac = format!(r#"<ds:SignatureMethod Algorithm="{HMAC_SHA256}"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"#);
        once(signed, &method, &hmac)
    }) => SIGNATURE;
    i08_parameters_of_the_signature_method: Case::after_signing(|signed| {
        let method = format!(r#"<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>"#);
        once(signed, &method, &method.replace("/>", "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>"))
    }) => SIGNATURE;
    i08_ecdsa_where_it_is_not_configured: Case::made(sign_assertion_with(
        &unsigned(),
        &once(&usual_template(), "rsa-sha256", "ecdsa-sha256"),
        &ECDSA,
    )) => SIGNATURE;
    i08_pss_where_it_is_not_configured: signed_with(|template| {
        once(template, RSA_SHA256, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1")
    }) => SIGNATURE;
    i08_an_xslt_transform: extra_transform(r#"<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/></ds:Transform>"#) => TRANSFORMS;
    i08_an_xpath_transform: extra_transform(r#"<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::saml:AttributeStatement)</ds:XPath></ds:Transform>"#) => TRANSFORMS;
    i08_an_xpath_filter: extra_transform(r#"<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>"#) => TRANSFORMS;
    i08_a_base64_transform: extra_transform(r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>"#) => TRANSFORMS;
    i08_an_xpath_transform_in_the_place_of_exclusive: signed_with(|template| {
        once(template, &format!(r#"<ds:Transform Algorithm="{EXCLUSIVE}"/>"#),
            r#"<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::saml:AttributeStatement)</ds:XPath></ds:Transform>"#)
    }) => TRANSFORMS;
    i08_canonicalization_with_comments: canonicalization("xml-exc-c14n#\"/><ds:SignatureMethod", "xml-exc-c14n#WithComments\"/><ds:SignatureMethod") => CANONICALIZATION;
    i08_a_transform_with_comments: canonicalization("xml-exc-c14n#\"/></ds:Transforms>", "xml-exc-c14n#WithComments\"/></ds:Transforms>") => TRANSFORMS;
    i08_inclusive_canonicalization: signed_with(|template| template.replace(EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")) => CANONICALIZATION;
    i08_an_unknown_canonicalization: Case::after_signing(|signed| signed.replace(EXCLUSIVE, "urn:example:nothing")) => CANONICALIZATION;
    i09_the_attackers_key_without_a_word: by_the_attacker("") => SamlError::BadSignature;
    i09_the_attackers_certificate_in_the_document: by_the_attacker(&x509(&ATTACKER.certificate)) => SamlError::BadSignature;
    i09_the_attackers_key_value_in_the_document: by_the_attacker(&key_value()) => SamlError::BadSignature;
    i09_the_trusted_certificate_beside_the_attackers_signature: by_the_attacker(&x509(&TRUSTED.certificate)) => SamlError::BadSignature;
    i09_both_certificates: by_the_attacker(&format!("{}{}", x509(&ATTACKER.certificate).replace("</ds:KeyInfo>", ""), x509(&TRUSTED.certificate).replace("<ds:KeyInfo>", "")))
        => SamlError::BadSignature;
    i09_another_certificate_beside_a_good_signature: Case::made(sign_assertion_with(
        &unsigned(),
        &once(&usual_template(), "</ds:Signature>", &format!("{}</ds:Signature>", x509(&ATTACKER.certificate))),
        &TRUSTED,
    )) => SamlError::Library("the certificate in the document is not a configured one");
    i09_a_response_of_another_identity_provider: Case::made(sign_assertion(&unsigned(), &ATTACKER)) => SamlError::BadSignature;
}
