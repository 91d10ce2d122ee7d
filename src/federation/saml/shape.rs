//! The shape of the document: one response, one assertion, and nothing in a place where one reader
//! would find it and another would not.
//!
//! Signature wrapping always needs a second assertion, a second identifier or a signature in an odd
//! place. There is room for none of them here, so that "the assertion" means one node for everybody.
//! Web browser SSO profile: <https://docs.oasis-open.org/security/saml/v2.0/saml-profiles-2.0-os.pdf>,
//! section 4.1.4.2.

use std::collections::HashSet;

use uppsala::NodeId;

use super::error::SamlError;
use super::tree::{ASSERTION, PROTOCOL, SIGNATURE, Tree, is_plain};
use crate::fault::check_is_off;

/// Where the parts of the document are.
pub(super) struct Shape {
    pub(super) response: NodeId,
    pub(super) assertion: NodeId,
    /// The signature that stands directly in the response.
    pub(super) response_signature: Option<NodeId>,
    /// The signature that stands directly in the assertion.
    pub(super) assertion_signature: Option<NodeId>,
}

impl Shape {
    /// Finds the parts, or says what is out of place.
    pub(super) fn of(tree: &Tree<'_>) -> Result<Self, SamlError> {
        let response = tree.root().ok_or(SamlError::NotXml)?;
        if tree.is(response, ASSERTION, "Assertion") {
            return Err(SamlError::BareAssertion);
        }
        if !tree.is(response, PROTOCOL, "Response") {
            return Err(SamlError::Shape("the document is no Response"));
        }
        if tree.elements().any(|node| tree.name(node).1.starts_with("Encrypted")) {
            return Err(SamlError::Encrypted);
        }
        let assertions: Vec<_> = tree.elements().filter(|node| tree.name(*node).1 == "Assertion").collect();
        let direct = tree.children_named(response, ASSERTION, "Assertion");
        let [assertion, ..] = direct[..] else { return Err(SamlError::AssertionCount) };
        if assertions.len() != 1 && !check_is_off("saml_one_assertion") {
            return Err(SamlError::AssertionCount);
        }
        let shape = Self {
            response,
            assertion,
            response_signature: signature_in(tree, response)?,
            assertion_signature: signature_in(tree, assertion)?,
        };
        shape.check_places(tree)?;
        check_children(tree)?;
        shape.check_attributes(tree)?;
        for node in [response, assertion] {
            if tree.attribute(node, "Version") != Some("2.0") {
                return Err(SamlError::Shape("Version is not 2.0"));
            }
        }
        Ok(shape)
    }

    /// No signature but the two that were found, and no second response.
    fn check_places(&self, tree: &Tree<'_>) -> Result<(), SamlError> {
        for node in tree.elements() {
            let name = tree.name(node).1;
            let ours = [self.response_signature, self.assertion_signature].contains(&Some(node));
            if name == "Signature" && !ours && !check_is_off("saml_misplaced_signature") {
                return Err(SamlError::MisplacedSignature);
            }
            if name == "Response" && node != self.response {
                return Err(SamlError::Shape("there is a second Response"));
            }
        }
        Ok(())
    }

    /// Identifiers stand on the response and the assertion only, and what is read by name has no
    /// look-alike with a prefix.
    fn check_attributes(&self, tree: &Tree<'_>) -> Result<(), SamlError> {
        let (mut identifiers, mut unique) = (HashSet::new(), true);
        for node in tree.elements() {
            let ours = node == self.response || node == self.assertion;
            let in_signature = tree.name(node).0 == SIGNATURE;
            for attribute in tree.attributes(node) {
                let local = attribute.name.local_name.as_ref();
                let named = IDENTIFIERS.iter().any(|name| local.eq_ignore_ascii_case(name));
                let fine = is_plain(attribute) && ((ours && local == "ID") || (in_signature && local == "Id"));
                if named && !fine && !check_is_off("saml_identifiers") {
                    return Err(SamlError::Identifier);
                }
                if !is_plain(attribute) && (in_signature || READ.contains(&local)) {
                    return Err(SamlError::Shape("an attribute that is read has a prefix"));
                }
                if named {
                    unique &= identifiers.insert(attribute.value.as_ref());
                }
            }
            if tree.declared_namespaces(node).any(is_relative) {
                return Err(SamlError::RelativeNamespace);
            }
        }
        let named = [self.response, self.assertion].iter().all(|it| tree.attribute(*it, "ID").is_some_and(is_name));
        if (unique && named) || check_is_off("saml_identifiers") { Ok(()) } else { Err(SamlError::Identifier) }
    }
}

/// Only known elements in the elements that are read.
fn check_children(tree: &Tree<'_>) -> Result<(), SamlError> {
    for node in tree.elements() {
        let (namespace, local) = tree.name(node);
        let Some((_, allowed)) = CHILDREN.iter().find(|(name, _)| *name == (namespace, local)) else { continue };
        if !tree.has_only_elements(node) {
            return Err(SamlError::Shape("there is text where only elements belong"));
        }
        for child in tree.children(node) {
            if !allowed.contains(&tree.name(child)) && !check_is_off("saml_children") {
                return Err(SamlError::Shape("there is an element where the profile has no place for it"));
            }
        }
    }
    Ok(())
}

/// The signature directly in an element, which must not be there twice.
fn signature_in(tree: &Tree<'_>, node: NodeId) -> Result<Option<NodeId>, SamlError> {
    match tree.children_named(node, SIGNATURE, "Signature")[..] {
        [] => Ok(None),
        [signature] => Ok(Some(signature)),
        _ => Err(SamlError::MisplacedSignature),
    }
}

/// An XML name of ASCII letters, digits, `_`, `-` and `.`, which is what every identity provider
/// makes. In a reference, it can be nothing but itself: no pointer expression, no escape.
fn is_name(id: &str) -> bool {
    id.len() <= 256
        && id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Whether a namespace is neither taken back (empty) nor an absolute address.
fn is_relative(namespace: &str) -> bool {
    let scheme = namespace.split_once(':').map_or("", |(scheme, _)| scheme);
    let absolute = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    !absolute && !namespace.is_empty()
}

/// Names, in any letters, by which one reader or another looks elements up.
const IDENTIFIERS: [&str; 2] = ["ID", "AssertionID"];

/// Attributes that are read here or by the second check, which goes by local names.
const READ: [&str; 16] = [
    "Algorithm",
    "Destination",
    "Format",
    "InResponseTo",
    "IssueInstant",
    "Method",
    "Name",
    "NotBefore",
    "NotOnOrAfter",
    "PrefixList",
    "Recipient",
    "SessionNotOnOrAfter",
    "URI",
    "Value",
    "Version",
    "AuthnInstant",
];

type Name = (&'static str, &'static str);

/// What may stand in the elements that are read. In all others, anything may.
const CHILDREN: [(Name, &[Name]); 9] = [
    (
        (PROTOCOL, "Response"),
        &[
            (ASSERTION, "Issuer"),
            (SIGNATURE, "Signature"),
            (PROTOCOL, "Extensions"),
            (PROTOCOL, "Status"),
            (ASSERTION, "Assertion"),
        ],
    ),
    ((PROTOCOL, "Status"), &[(PROTOCOL, "StatusCode"), (PROTOCOL, "StatusMessage"), (PROTOCOL, "StatusDetail")]),
    (
        (ASSERTION, "Assertion"),
        &[
            (ASSERTION, "Issuer"),
            (SIGNATURE, "Signature"),
            (ASSERTION, "Subject"),
            (ASSERTION, "Conditions"),
            (ASSERTION, "Advice"),
            (ASSERTION, "AuthnStatement"),
            (ASSERTION, "AttributeStatement"),
            (ASSERTION, "AuthzDecisionStatement"),
        ],
    ),
    ((ASSERTION, "Subject"), &[(ASSERTION, "NameID"), (ASSERTION, "SubjectConfirmation")]),
    ((ASSERTION, "SubjectConfirmation"), &[(ASSERTION, "NameID"), (ASSERTION, "SubjectConfirmationData")]),
    (
        (ASSERTION, "Conditions"),
        &[(ASSERTION, "AudienceRestriction"), (ASSERTION, "OneTimeUse"), (ASSERTION, "ProxyRestriction")],
    ),
    ((ASSERTION, "AudienceRestriction"), &[(ASSERTION, "Audience")]),
    ((ASSERTION, "AttributeStatement"), &[(ASSERTION, "Attribute")]),
    ((ASSERTION, "Attribute"), &[(ASSERTION, "AttributeValue")]),
];
