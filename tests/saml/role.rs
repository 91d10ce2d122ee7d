//! Roles and names that are missing, several, or not what they look like (I13).

use portcullis::federation::saml::SamlError;

use crate::build::{attribute, once, role, sign_assertion, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, verify};
use crate::keys::TRUSTED;

/// The identity provider signs another role attribute.
fn instead_of_the_role(instead: &str) -> Case {
    Case::before_signing(|response| once(response, &role(), instead))
}

/// The same attribute with another value.
fn valued(value: &str) -> Case {
    instead_of_the_role(&role().replace("researcher", value))
}

/// The same value under another name.
fn named(name: &str) -> Case {
    instead_of_the_role(&role().replace("https://coreweave.com/SAML/Attributes/Role", name))
}

fn principal(instead: &str) -> Case {
    let name = attribute("https://coreweave.com/SAML/Attributes/PrincipalName", "alice@example.test");
    Case::before_signing(|response| once(response, &name, instead))
}

fn principal_valued(value: &str) -> Case {
    principal(&attribute("https://coreweave.com/SAML/Attributes/PrincipalName", value))
}

const MISSING: SamlError = SamlError::Role("is missing");
const TWICE: SamlError = SamlError::Role("stands there more than once");
const SEVERAL: SamlError = SamlError::Role("has more than one value");
const NO_VALUE: SamlError = SamlError::Role("has no value");
const FORM: SamlError = SamlError::Role("is not 1 to 64 characters of letters, digits and _+=,.@-");
const TEXT: SamlError = SamlError::Role("has a value that is not plain text");
const NAME_FORM: SamlError = SamlError::PrincipalName("is not 1 to 256 printable characters");

attacks! {
    i13_no_role: instead_of_the_role("") => MISSING;
    i13_no_attributes: Case::before_signing(|response| once(response, crate::build::element(response, "saml:AttributeStatement"), "")) => MISSING;
    i13_two_values: instead_of_the_role(&role().replace("</saml:Attribute>", "<saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>")) => SEVERAL;
    i13_the_same_value_twice: instead_of_the_role(&role().replace("</saml:Attribute>", "<saml:AttributeValue>researcher</saml:AttributeValue></saml:Attribute>")) => SEVERAL;
    i13_the_attribute_twice: instead_of_the_role(&format!("{}{}", role(), role().replace("researcher", "admin"))) => TWICE;
    i13_the_attribute_twice_in_two_statements: Case::before_signing(|response| {
        let second = format!("</saml:AttributeStatement><saml:AttributeStatement>{}</saml:AttributeStatement>", role().replace("researcher", "admin"));
        once(response, "</saml:AttributeStatement>", &second)
    }) => TWICE;
    i13_the_attribute_twice_in_two_formats: instead_of_the_role(&format!("{}{}", role(), role().replace("<saml:Attribute ", r#"<saml:Attribute NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" "#))) => TWICE;
    i13_a_name_with_a_space: named("https://coreweave.com/SAML/Attributes/Role ") => MISSING;
    i13_a_name_in_other_letters: named("https://coreweave.com/SAML/Attributes/role") => MISSING;
    i13_a_name_over_http: named("http://coreweave.com/SAML/Attributes/Role") => MISSING;
    i13_a_name_that_goes_on: named("https://coreweave.com/SAML/Attributes/Roles") => MISSING;
    i13_a_name_with_a_letter_that_looks_alike: named("https://coreweave.com/SAML/Attributes/R\u{43e}le") => MISSING;
    i13_only_a_friendly_name: instead_of_the_role(&role().replace("Name=", r#"Name="x" FriendlyName="#)) => MISSING;
    i13_a_name_with_a_prefix: instead_of_the_role(&role().replace("Name=", r#"xmlns:x="urn:x" x:Name="#))
        => SamlError::Shape("an attribute that is read has a prefix");
    i13_an_attribute_of_another_namespace: instead_of_the_role(&role().replace("saml:", "x:").replace("<x:Attribute ", r#"<x:Attribute xmlns:x="urn:x" "#))
        => SamlError::Shape("there is an element where the profile has no place for it");
    i13_a_value_of_another_namespace: instead_of_the_role(&role().replace("saml:AttributeValue", "x:AttributeValue").replace("<x:AttributeValue", r#"<x:AttributeValue xmlns:x="urn:x""#))
        => SamlError::Shape("there is an element where the profile has no place for it");
    i13_an_attribute_without_value: instead_of_the_role(&role().replace("<saml:AttributeValue>researcher</saml:AttributeValue>", "")) => NO_VALUE;
    i13_an_empty_value: valued("") => FORM;
    i13_a_value_of_a_space: valued(" ") => FORM;
    i13_a_value_with_a_space_after_it: valued("researcher ") => FORM;
    i13_a_value_on_a_line_of_its_own: valued("\nresearcher\n") => FORM;
    i13_a_slash: valued("research/admin") => FORM;
    i13_a_star: valued("*") => FORM;
    i13_a_question_mark: valued("research?r") => FORM;
    i13_a_colon: valued("saml:admin") => FORM;
    i13_a_variable: valued("${aws:username}") => FORM;
    i13_letters_beyond_ascii: valued("forsch\u{fc}ng") => FORM;
    i13_a_letter_that_looks_alike: valued("r\u{435}searcher") => FORM;
    i13_a_line_break_by_number: valued("researcher&#10;admin") => FORM;
    i13_a_list: valued("researcher;admin") => FORM;
    i13_one_character_too_many: valued(&"r".repeat(65)) => FORM;
    i13_ten_kibibytes: valued(&"r".repeat(10 * 1024)) => FORM;
    i13_an_element_in_the_value: valued("<x>researcher</x>") => TEXT;
    i13_an_element_beside_the_value: valued("researcher<x/>") => TEXT;
    i13_no_principal_name: principal("") => SamlError::PrincipalName("is missing");
    i13_two_principal_names: principal(&attribute("https://coreweave.com/SAML/Attributes/PrincipalName", "alice").repeat(2))
        => SamlError::PrincipalName("stands there more than once");
    i13_an_empty_principal_name: principal_valued("") => NAME_FORM;
    i13_a_long_principal_name: principal_valued(&"a".repeat(257)) => NAME_FORM;
    i13_a_principal_name_of_two_lines: principal_valued("alice&#10;level=info msg=forged") => NAME_FORM;
    i13_a_principal_name_that_turns_direction: principal_valued("alice\u{202e}nimda") => NAME_FORM;
}

#[test]
fn i13_every_character_that_a_role_may_have_is_taken_literally() {
    for role in ["a", &"Z".repeat(64), "A-Z_a+z=0,9.role@example.test", "&#114;esearcher", "Researcher", "admin"] {
        let signed = sign_assertion(&once(&unsigned(), "researcher", role), &TRUSTED);
        let verified = verify(&SIGNED_ASSERTION, &signed, crate::build::NOW).unwrap();
        assert_eq!(verified.role(), role.replace("&#114;", "r"));
    }
}

#[test]
fn i13_look_alikes_beside_the_genuine_attribute_change_nothing() {
    let others = format!(
        "{}{}{}",
        attribute("https://coreweave.com/SAML/Attributes/role", "admin"),
        role(),
        attribute("https://coreweave.com/SAML/Attributes/Role ", "admin"),
    );
    let signed = sign_assertion(&once(&unsigned(), &role(), &others), &TRUSTED);
    assert_eq!(verify(&SIGNED_ASSERTION, &signed, crate::build::NOW).unwrap().role(), "researcher");
}
