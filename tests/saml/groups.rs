//! Groups in the configured attribute: none, one or several values, or a refusal.

use std::sync::LazyLock;

use portcullis::federation::saml::{SamlError, SamlTrust, SamlTrustSettings};

use crate::build::{NOW, attribute, once, sign_assertion, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, settings, verify};
use crate::keys::TRUSTED;

/// An identity provider whose attribute `groups` counts.
static WITH_GROUPS: LazyLock<SamlTrust> = LazyLock::new(|| {
    let groups_attribute = Some("groups".to_owned());
    SamlTrust::new(&SamlTrustSettings { groups_attribute, ..settings(&[&TRUSTED]) }).unwrap()
});

/// The good response has one group.
fn usual() -> String {
    attribute("groups", "physics")
}

fn valued(values: &[&str]) -> String {
    let values: Vec<_> =
        values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>")).collect();
    format!(r#"<saml:Attribute Name="groups">{}</saml:Attribute>"#, values.concat())
}

fn response(instead: &str) -> String {
    sign_assertion(&once(&unsigned(), &usual(), instead), &TRUSTED)
}

fn groups(instead: &str) -> Result<Vec<String>, SamlError> {
    verify(&WITH_GROUPS, &response(instead), NOW).map(|assertion| assertion.groups().as_slice().to_vec())
}

fn refused(instead: &str) -> Case {
    Case { trust: &WITH_GROUPS, ..Case::before_signing(|response| once(response, &usual(), instead)) }
}

const NAME: SamlError = SamlError::Groups(
    "holds a name that has not 1 to 256 characters, or control characters, invisible ones or spaces around it",
);
const TEXT: SamlError = SamlError::Groups("has a value that is not plain text");
const TWICE: SamlError = SamlError::Groups("stands there more than once");

attacks! {
    i13_an_empty_group: refused(&valued(&["physics", ""])) => NAME;
    i13_a_group_of_two_lines: refused(&valued(&["physics&#10;level=info"])) => NAME;
    i13_a_group_with_a_space_after_it: refused(&valued(&["physics "])) => NAME;
    i13_a_group_that_turns_direction: refused(&valued(&["a\u{202e}b"])) => NAME;
    i13_a_long_group: refused(&valued(&[&"a".repeat(257)])) => NAME;
    i13_too_many_groups: refused(&valued(&NAMES[..101])) => SamlError::Groups("holds more than 100 groups");
    i13_an_element_in_a_group: refused(&valued(&["<x>physics</x>"])) => TEXT;
    i13_the_groups_twice: refused(&format!("{}{}", usual(), attribute("groups", "admins"))) => TWICE;
    i13_the_groups_twice_in_two_statements: refused(&format!("{}</saml:AttributeStatement><saml:AttributeStatement>{}", usual(), attribute("groups", "admins"))) => TWICE;
    i02_a_group_added_after_signing: Case { trust: &WITH_GROUPS, ..Case::after_signing(|response| once(response, &usual(), &valued(&["physics", "admins"]))) } => SamlError::BadSignature;
}

/// More names than anybody may have.
const NAMES: [&str; 101] = {
    let all = "000102030405060708091011121314151617181920212223242526272829303132333435363738394041424344454647484950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798990a";
    let mut names = [""; 101];
    let mut number = 0;
    while number < 101 {
        names[number] = all.split_at(2 * number).1.split_at(2).0;
        number += 1;
    }
    names
};

#[test]
fn groups_are_the_values_of_the_configured_attribute_and_of_no_other() {
    assert_eq!(groups(&usual()).unwrap(), ["physics"]);
    let several = valued(&["physics", "Domain Admins", "physics", "a&amp;b", "f\u{fc}r"]);
    assert_eq!(groups(&several).unwrap(), ["Domain Admins", "a&b", "f\u{fc}r", "physics"]);
    assert_eq!(groups(&valued(&NAMES[..100])).unwrap().len(), 100);
    for none in [String::new(), valued(&[]), attribute("Groups", "physics"), attribute("groups ", "physics")] {
        assert!(groups(&none).unwrap().is_empty(), "{none}");
    }
    let assertion = verify(&SIGNED_ASSERTION, &response(&several), NOW).unwrap();
    assert!(assertion.groups().is_empty(), "without a configured attribute, nothing counts");
    assert!(verify(&SIGNED_ASSERTION, &response(&valued(&[""])), NOW).is_ok(), "or is even looked at");
}
