//! Documents made to be slow, deep or large: refused quickly, before anything is built (I14).

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::federation::saml::{SamlError, UnverifiedSamlResponse};

use crate::build::{once, sign_assertion, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, verify};
use crate::keys::{ATTACKER, TRUSTED};

fn in_the_response(what: &str) -> Case {
    Case::after_signing(|signed| {
        once(signed, "<samlp:Status>", &format!("<samlp:Extensions>{what}</samlp:Extensions><samlp:Status>"))
    })
}

fn many(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).map(one).collect()
}

attacks! {
    i14_a_billion_laughs: Case::after_signing(|signed| {
        let lines = many(9, |at| format!(r#"<!ENTITY l{} "{}">"#, at + 1, format!("&l{at};").repeat(10)));
        format!(r#"<!DOCTYPE r [<!ENTITY l0 "ha">{lines}]>{}"#, once(signed, "physics", "&l9;"))
    }) => SamlError::DocumentType;
    i14_one_large_entity_used_often: Case::after_signing(|signed| {
        format!(r#"<!DOCTYPE r [<!ENTITY e "{}">]>{}"#, "x".repeat(50_000), once(signed, "physics", &"&e;".repeat(10_000)))
    }) => SamlError::DocumentType;
    i14_thirty_thousand_deep: in_the_response(&format!("{}{}", "<a>".repeat(30_000), "</a>".repeat(30_000))) => SamlError::Limit("nested elements");
    i14_sixty_five_deep: in_the_response(&format!("{}{}", "<a>".repeat(63), "</a>".repeat(63))) => SamlError::Limit("nested elements");
    i14_many_attributes: in_the_response(&format!("<a {}/>", many(15_000, |at| format!(r#"a{at}="" "#)))) => SamlError::Limit("attributes");
    i14_a_few_attributes_too_many: in_the_response(&format!("<a {}/>", many(33, |at| format!(r#"a{at}="" "#)))) => SamlError::Limit("attributes");
    i14_many_namespaces: in_the_response(&format!("<a {}/>", many(8_000, |at| format!(r#"xmlns:n{at}="urn:n" "#)))) => SamlError::Limit("attributes");
    i14_many_namespaces_on_many_elements: in_the_response(&many(300, |_| format!("<a {}/>", many(20, |at| format!(r#"xmlns:n{at}="urn:n" "#)))))
        => SamlError::Limit("namespace declarations");
    i14_many_elements: in_the_response(&"<a/>".repeat(50_000)) => SamlError::Limit("elements");
    i14_a_long_attribute: in_the_response(&format!(r#"<a b="{}"/>"#, "x".repeat(5_000))) => SamlError::Limit("attributes");
    i14_three_hundred_kibibytes: Case::after_signing(|signed| once(signed, "physics", &"x".repeat(300 * 1024))) => SamlError::TooLarge;
}

/// The limit, and a document of that size that is fine.
#[test]
fn i14_a_quarter_of_a_mebibyte_passes_and_a_byte_more_does_not() {
    let padded = |padding: usize| sign_assertion(&once(&unsigned(), "physics", &"x".repeat(padding)), &TRUSTED);
    let rest = padded(1).len() - 1;
    assert!(verify(&SIGNED_ASSERTION, &padded(256 * 1024 - rest), crate::build::NOW).is_ok());
    let over = verify(&SIGNED_ASSERTION, &padded(256 * 1024 - rest + 1), crate::build::NOW);
    assert_eq!(over, Err(SamlError::TooLarge));
}

#[test]
fn i14_a_hundred_mebibytes_are_refused_by_their_length() {
    let text = "QUFB".repeat(25 * 1024 * 1024);
    let start = Instant::now();
    assert_eq!(UnverifiedSamlResponse::from_base64(&text).unwrap_err(), SamlError::TooLarge);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn i14_what_is_not_base64_or_not_text_is_refused() {
    let signed = sign_assertion(&unsigned(), &TRUSTED);
    let base64 = STANDARD.encode(&signed);
    assert!(UnverifiedSamlResponse::from_base64(&base64).is_ok());
    let url_safe = base64.replace('+', "-").replace('/', "_");
    for text in [
        "",
        "   ",
        "%",
        &base64[1..],
        &format!("{base64}="),
        &format!("{base64}\u{e9}"),
        &format!("={base64}"),
        &signed,
    ] {
        let refused = UnverifiedSamlResponse::from_base64(text).unwrap_err();
        assert!(matches!(refused, SamlError::NotBase64 | SamlError::NotXml), "{refused:?} for {text:.40}");
    }
    if url_safe != base64 {
        assert_eq!(UnverifiedSamlResponse::from_base64(&url_safe).unwrap_err(), SamlError::NotBase64);
    }
    for bytes in [&b"\xff\xfe<\0a\0/\0>\0"[..], b"\xc3\x28", b"hello", b"{}"] {
        assert_eq!(UnverifiedSamlResponse::from_base64(&STANDARD.encode(bytes)).unwrap_err(), SamlError::NotXml);
    }
}

/// Deflated and gzipped responses belong to other bindings; they are never inflated.
#[test]
fn i14_a_compressed_response_is_not_inflated() {
    // raw deflate (stored block), zlib and gzip headers before whatever length they may promise
    for start in [&b"\x01\x05\x00\xfa\xff<a/> "[..], b"\x78\x9c\xed\xc1\x01\x01", b"\x1f\x8b\x08\x00\x00\x00"] {
        let refused = UnverifiedSamlResponse::from_base64(&STANDARD.encode(start)).unwrap_err();
        assert_eq!(refused, SamlError::NotXml);
    }
}

/// Documents as bad as the limits allow, in good form and signed by a stranger, so that they get as
/// far as the signature.
#[test]
fn i14_the_most_that_the_limits_allow_takes_little_time() {
    let chain = |inner: &str| format!("{}{inner}{}", "<a xmlns:b=\"urn:b\" b:c=\"\">".repeat(50), "</a>".repeat(50));
    for worst in [
        "<a/>".repeat(4_900),
        many(1_900, |at| format!(r#"<a xmlns:n{at}="urn:n{at}" n{at}:b=""/>"#)),
        many(700, |at| format!("<a {}/>", many(32, |number| format!(r#"a{number}="{at}" "#)))),
        many(38, |_| chain("<a/>")),
        chain(&many(1_900, |at| format!(r#"<a xmlns:n{at}="urn:n{at}" n{at}:b=""/>"#))),
        "&amp;".repeat(50_000),
    ] {
        let response = once(&unsigned(), "physics", &worst);
        let (good, bad) = (sign_assertion(&response, &TRUSTED), sign_assertion(&response, &ATTACKER));
        for (signed, fine) in [(&good, true), (&bad, false)] {
            let start = Instant::now();
            let verdict = verify(&SIGNED_ASSERTION, signed, crate::build::NOW);
            assert_eq!(verdict.is_ok(), fine, "{verdict:?}");
            println!("{} bytes, {fine}: {:?}", signed.len(), start.elapsed());
            assert!(start.elapsed() < Duration::from_secs(5), "{:?} for {worst:.60}", start.elapsed());
        }
    }
}

/// The slowest of the corpus, in a debug build on a busy machine, has this much time and needs little of it.
#[test]
fn i14_no_attack_takes_long() {
    for (name, case) in corpus() {
        let start = Instant::now();
        assert!(verify(case.trust, &case.attack, crate::build::NOW).is_err());
        assert!(start.elapsed() < Duration::from_secs(2), "{name}: {:?}", start.elapsed());
    }
}
