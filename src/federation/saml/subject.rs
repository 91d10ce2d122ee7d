//! What a signed assertion says of somebody: the subject's name and the attributes that count.

use uppsala::NodeId;

use super::error::SamlError;
use super::shape::Shape;
use super::tree::{ASSERTION, Tree};
use crate::fault::check_is_off;
use crate::identity::Groups;

/// The attribute with the role: exactly one value.
pub const ROLE_ATTRIBUTE: &str = "https://coreweave.com/SAML/Attributes/Role";
/// The attribute with the name of the person or workload: exactly one value.
pub const PRINCIPAL_NAME_ATTRIBUTE: &str = "https://coreweave.com/SAML/Attributes/PrincipalName";

/// What is read from an assertion.
#[derive(PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) name_id: String,
    pub(super) role: String,
    pub(super) principal_name: String,
    pub(super) groups: Groups,
}

impl Claims {
    /// Reads them from the assertion, groups from the attribute of that name if there is one. Names and
    /// values are compared byte by byte: no trimming, no other case, no look-alike.
    pub(super) fn read(tree: &Tree<'_>, shape: &Shape, groups_attribute: Option<&str>) -> Result<Self, SamlError> {
        let subject = tree.only_child(shape.assertion, ASSERTION, "Subject").ok_or(SamlError::NameId)?;
        let name_id = tree.only_child(subject, ASSERTION, "NameID").and_then(|name| tree.text(name));
        let name_id = name_id.filter(|name| is_printable(name, 1024)).ok_or(SamlError::NameId)?;
        let role = only_value(tree, shape, ROLE_ATTRIBUTE).map_err(SamlError::Role)?;
        if !is_role(&role) && !check_is_off("saml_role") {
            return Err(SamlError::Role("is not 1 to 64 characters of letters, digits and _+=,.@-"));
        }
        let principal_name = only_value(tree, shape, PRINCIPAL_NAME_ATTRIBUTE).map_err(SamlError::PrincipalName)?;
        if !is_printable(&principal_name, 256) {
            return Err(SamlError::PrincipalName("is not 1 to 256 printable characters"));
        }
        let groups = match groups_attribute {
            Some(name) => {
                let values = all_values(tree, shape, name)?;
                Groups::parse(values).map_err(|error| SamlError::Groups(error.without_name()))?
            }
            None => Groups::default(),
        };
        Ok(Self { name_id, role, principal_name, groups })
    }
}

/// The value of an attribute that stands once in the assertion, with one value that is only text.
fn only_value(tree: &Tree<'_>, shape: &Shape, name: &str) -> Result<String, &'static str> {
    let named = attributes_named(tree, shape, name);
    let several = !check_is_off("saml_one_value");
    let attribute = match named[..] {
        [] => return Err("is missing"),
        [attribute] => attribute,
        [_, ..] if several => return Err("stands there more than once"),
        [first, ..] => first,
    };
    let value = match tree.children_named(attribute, ASSERTION, "AttributeValue")[..] {
        [] => return Err("has no value"),
        [value] => value,
        [_, ..] if several => return Err("has more than one value"),
        [first, ..] => first,
    };
    tree.text(value).ok_or("has a value that is not plain text")
}

/// The values of an attribute that stands at most once in the assertion, each only text; none if it does not.
fn all_values(tree: &Tree<'_>, shape: &Shape, name: &str) -> Result<Vec<String>, SamlError> {
    let attribute = match attributes_named(tree, shape, name)[..] {
        [] => return Ok(Vec::new()),
        [attribute] => attribute,
        _ => return Err(SamlError::Groups("stands there more than once")),
    };
    let values = tree.children_named(attribute, ASSERTION, "AttributeValue").into_iter();
    let texts: Option<Vec<String>> = values.map(|value| tree.text(value)).collect();
    texts.ok_or(SamlError::Groups("has a value that is not plain text"))
}

fn attributes_named(tree: &Tree<'_>, shape: &Shape, name: &str) -> Vec<NodeId> {
    let statements = tree.children_named(shape.assertion, ASSERTION, "AttributeStatement");
    let attributes =
        statements.into_iter().flat_map(|statement| tree.children_named(statement, ASSERTION, "Attribute"));
    attributes.filter(|it| tree.attribute(*it, "Name") == Some(name)).collect()
}

/// The names that policies can speak of.
fn is_role(role: &str) -> bool {
    (1..=64).contains(&role.len())
        && role.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

fn is_printable(text: &str, longest: usize) -> bool {
    let shown = text.chars().all(|it| !it.is_control() && !is_invisible(it));
    !text.trim().is_empty() && text.len() <= longest && shown
}

/// Characters that change how a log line looks without being seen: marks of direction, joiners, separators.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
