//! What the configuration wants signed, and encrypted parts (I10).

use portcullis::federation::saml::SamlError;

use crate::build::{element, once, sign_assertion, sign_response, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, SIGNED_RESPONSE, verify};
use crate::keys::{ATTACKER, TRUSTED};

/// The assertion in an encrypted element, which is not even decrypted to be refused.
fn encrypted(name: &str) -> String {
    format!(
        r#"<saml:{name}><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:{name}>"#
    )
}

attacks! {
    i10_a_signed_response_with_another_assertion: Case::after_signing_the_response(|signed| once(signed, "researcher", "admin"))
        => SamlError::BadSignature;
    i10_a_signed_response_with_a_second_assertion: Case::after_signing_the_response(|signed| {
        let assertion = element(signed, "saml:Assertion");
        once(signed, assertion, &format!("{assertion}{}", assertion.replace("_assertion-1", "_assertion-2")))
    }) => SamlError::AssertionCount;
    i10_only_the_assertion_where_the_response_has_to_be_signed:
        Case::after_signing_the_response(|_| sign_assertion(&unsigned(), &TRUSTED)) => SamlError::Unsigned("response");
    i10_only_the_response_where_the_assertion_has_to_be_signed:
        Case::after_signing(|_| sign_response(&unsigned(), &TRUSTED)) => SamlError::Unsigned("assertion");
    i10_nothing_signed: Case::after_signing(|_| unsigned()) => SamlError::Unsigned("assertion");
    i10_the_signature_taken_out: Case::after_signing(|signed| once(signed, element(signed, "ds:Signature"), ""))
        => SamlError::Unsigned("assertion");
    i10_a_good_assertion_in_a_response_that_somebody_else_signed:
        Case::after_signing(|signed| sign_response(signed, &ATTACKER)) => SamlError::BadSignature;
    i10_a_good_response_around_an_assertion_that_somebody_else_signed:
        Case::after_signing_the_response(|_| sign_response(&sign_assertion(&unsigned(), &ATTACKER), &TRUSTED)) => SamlError::BadSignature;
    i10_an_encrypted_assertion: Case::after_signing(|signed| once(signed, element(signed, "saml:Assertion"), &encrypted("EncryptedAssertion")))
        => SamlError::Encrypted;
    i10_an_encrypted_assertion_beside_a_good_one: Case::after_signing(|signed| once(signed, "</samlp:Status>", &format!("</samlp:Status>{}", encrypted("EncryptedAssertion"))))
        => SamlError::Encrypted;
    i10_an_encrypted_name: Case::before_signing(|response| once(response, element(response, "saml:NameID"), &encrypted("EncryptedID")))
        => SamlError::Encrypted;
    i10_an_encrypted_attribute: Case::before_signing(|response| once(response, "</saml:AttributeStatement>", &format!("{}</saml:AttributeStatement>", encrypted("EncryptedAttribute"))))
        => SamlError::Encrypted;
}

#[test]
fn i10_a_response_that_is_signed_twice_satisfies_both_requirements() {
    let both = sign_response(&sign_assertion(&unsigned(), &TRUSTED), &TRUSTED);
    for trust in [&SIGNED_ASSERTION, &SIGNED_RESPONSE] {
        assert_eq!(verify(trust, &both, crate::build::NOW).unwrap().role(), "researcher");
    }
}
