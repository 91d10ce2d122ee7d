//! The one tree that is checked, verified and read: small words for looking at it by namespace.

use uppsala::parser::Parser;
use uppsala::{Attribute, Document, NodeId, NodeKind};

/// SAML assertions (SAML core, section 1.1).
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML protocol messages.
pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML metadata.
pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML signatures.
pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A parsed document.
pub(super) struct Tree<'a> {
    document: Document<'a>,
    source: &'a str,
}

impl<'a> Tree<'a> {
    /// Parses text without document type, entities or deep nesting.
    pub(super) fn parse(source: &'a str) -> Result<Self, uppsala::XmlError> {
        let parser = Parser::new().with_forbid_dtd(true).with_forbid_entities(true).with_max_depth(64);
        Ok(Self { document: parser.parse(source)?, source })
    }

    /// The document, for verification.
    pub(super) fn document(&self) -> &Document<'a> {
        &self.document
    }

    /// The text that the document was parsed from.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// The document element.
    pub(super) fn root(&self) -> Option<NodeId> {
        self.document.document_element()
    }

    /// Every element, in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = NodeId> {
        let all = self.document.descendants(self.document.root());
        all.into_iter().filter(|node| self.document.element(*node).is_some())
    }

    /// The elements directly in an element.
    pub(super) fn children(&self, node: NodeId) -> Vec<NodeId> {
        self.document.children_iter(node).filter(|child| self.document.element(*child).is_some()).collect()
    }

    /// Those of them with this name.
    pub(super) fn children_named(&self, node: NodeId, namespace: &str, local: &str) -> Vec<NodeId> {
        self.children(node).into_iter().filter(|child| self.is(*child, namespace, local)).collect()
    }

    /// The only child with this name; none if there are more.
    pub(super) fn only_child(&self, node: NodeId, namespace: &str, local: &str) -> Option<NodeId> {
        match self.children_named(node, namespace, local)[..] {
            [child] => Some(child),
            _ => None,
        }
    }

    /// Whether an element has this name.
    pub(super) fn is(&self, node: NodeId, namespace: &str, local: &str) -> bool {
        self.document.element(node).is_some_and(|element| element.matches_name_ns(namespace, local))
    }

    /// The name of an element: namespace (empty if it has none) and local name.
    pub(super) fn name(&self, node: NodeId) -> (&str, &str) {
        self.document.element(node).map_or(("", ""), |element| {
            (element.name.namespace_uri.as_deref().unwrap_or_default(), element.name.local_name.as_ref())
        })
    }

    /// The attributes of an element.
    pub(super) fn attributes(&self, node: NodeId) -> &[Attribute<'a>] {
        self.document.element(node).map_or(&[], |element| &element.attributes)
    }

    /// The value of the attribute of this name without a prefix. The parser's own look-up takes the
    /// first of that local name in any namespace.
    pub(super) fn attribute(&self, node: NodeId, name: &str) -> Option<&str> {
        let found = self.attributes(node).iter().find(|it| is_plain(it) && it.name.local_name == name)?;
        Some(&found.value)
    }

    /// The namespaces that an element declares.
    pub(super) fn declared_namespaces(&self, node: NodeId) -> impl Iterator<Item = &str> {
        let declared = self.document.element(node).map_or(&[][..], |element| &element.namespace_declarations);
        declared.iter().map(|(_, uri)| uri.as_ref())
    }

    /// The text of an element that has nothing but text.
    pub(super) fn text(&self, node: NodeId) -> Option<String> {
        let mut text = String::new();
        for child in self.document.children_iter(node) {
            let Some(NodeKind::Text(part)) = self.document.node_kind(child) else { return None };
            text.push_str(part);
        }
        Some(text)
    }

    /// Whether an element has no text of its own but white space.
    pub(super) fn has_only_elements(&self, node: NodeId) -> bool {
        self.document.children_iter(node).all(|child| match self.document.node_kind(child) {
            Some(NodeKind::Element(_)) => true,
            Some(NodeKind::Text(text)) => text.bytes().all(|byte| byte.is_ascii_whitespace()),
            _ => false,
        })
    }
}

/// Whether an attribute has neither prefix nor namespace.
pub(super) fn is_plain(attribute: &Attribute<'_>) -> bool {
    attribute.name.prefix.is_none() && attribute.name.namespace_uri.is_none()
}
