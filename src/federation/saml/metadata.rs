//! An identity provider's metadata file, as an operator downloaded it: its name and its certificates.
//!
//! The file is trusted because the operator put it there; its own signature is not looked at.
//! SAML metadata: <https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf>, section 2.4.

use uppsala::NodeId;

use super::error::SamlTrustError;
use super::tree::{METADATA, PROTOCOL, SIGNATURE, Tree};
use super::trust::{SamlTrust, SamlTrustSettings};

impl SamlTrust {
    /// Settings from metadata: the identity provider with this entity id, or the only one there is.
    ///
    /// They are a start: what it signs is not in there, so that [`signed`](SamlTrustSettings::signed)
    /// is the default, the assertion.
    pub fn from_metadata(xml: &str, entity_id: Option<&str>) -> Result<SamlTrustSettings, SamlTrustError> {
        if xml.len() > LONGEST_METADATA {
            return Err(SamlTrustError::Metadata);
        }
        let tree = Tree::parse(xml).map_err(|_| SamlTrustError::Metadata)?;
        let providers: Vec<(NodeId, &str)> =
            tree.elements().filter_map(|node| identity_provider(&tree, node)).collect();
        let (descriptor, entity_id) = match entity_id {
            Some(wanted) => {
                let named: Vec<_> = providers.iter().filter(|(_, name)| *name == wanted).collect();
                match named[..] {
                    [only] => *only,
                    [] => return Err(SamlTrustError::NoSuchEntity { found: providers.len() }),
                    _ => return Err(SamlTrustError::AmbiguousEntity(named.len())),
                }
            }
            None => match providers[..] {
                [only] => only,
                [] => return Err(SamlTrustError::NoSuchEntity { found: 0 }),
                _ => return Err(SamlTrustError::AmbiguousEntity(providers.len())),
            },
        };
        let mut certificates_pem = Vec::new();
        for certificate in signing_certificates(&tree, descriptor) {
            let number = certificates_pem.len() + 1;
            let text = tree.text(certificate).ok_or(SamlTrustError::NotACertificate(number))?;
            let pem = pem(&text);
            // Several descriptors often repeat one certificate.
            if !certificates_pem.contains(&pem) {
                certificates_pem.push(pem);
            }
        }
        if certificates_pem.is_empty() {
            return Err(SamlTrustError::NoCertificate);
        }
        Ok(SamlTrustSettings { entity_id: entity_id.to_owned(), certificates_pem, ..SamlTrustSettings::default() })
    }
}

/// The descriptor of a SAML 2.0 identity provider's role, if this element is an entity that has one.
fn identity_provider<'t>(tree: &'t Tree<'_>, node: NodeId) -> Option<(NodeId, &'t str)> {
    if !tree.is(node, METADATA, "EntityDescriptor") {
        return None;
    }
    let speaks = |role: &NodeId| {
        let protocols = tree.attribute(*role, "protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    };
    let role = tree.children_named(node, METADATA, "IDPSSODescriptor").into_iter().find(speaks)?;
    Some((role, tree.attribute(node, "entityID")?))
}

/// The certificates for signing: those of descriptors for that use, or for any.
fn signing_certificates(tree: &Tree<'_>, role: NodeId) -> Vec<NodeId> {
    let descriptors = tree.children_named(role, METADATA, "KeyDescriptor").into_iter();
    let signing = descriptors.filter(|it| matches!(tree.attribute(*it, "use"), None | Some("signing")));
    let infos = signing.flat_map(|it| tree.children_named(it, SIGNATURE, "KeyInfo"));
    let data = infos.flat_map(|it| tree.children_named(it, SIGNATURE, "X509Data"));
    data.flat_map(|it| tree.children_named(it, SIGNATURE, "X509Certificate")).collect()
}

/// Base64 in lines of 64 characters, between the marks of a certificate.
fn pem(base64: &str) -> String {
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, character) in base64.chars().filter(|it| !it.is_ascii_whitespace()).enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// Federations publish larger files; an operator takes the part that is needed.
const LONGEST_METADATA: usize = 4 * 1024 * 1024;
