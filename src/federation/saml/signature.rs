//! The signatures: the one form that is accepted, and the cryptographic check of each of them.
//!
//! The form leaves nothing to interpretation. One reference, to the identifier of the element that
//! the signature stands in; enveloped-signature and exclusive canonicalisation without comments,
//! nothing else; algorithms from a list. So the bytes that were digested are the element that is read.
//! XML signature syntax: <https://www.w3.org/TR/xmldsig-core1/>, section 4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::core::algorithm;
use bergshamra::dsig::verify::verify_all_document_with_source;
use bergshamra::{DsigContext, Key, KeysManager, VerifyResult};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use uppsala::NodeId;

use super::error::SamlError;
use super::shape::Shape;
use super::tree::{SIGNATURE, Tree};
use crate::fault::check_is_off;

/// Checks form and value of every signature in the document.
pub(super) fn check_signatures<'k>(
    tree: &Tree<'_>,
    shape: &Shape,
    keys: impl Iterator<Item = &'k Key>,
    accept_ecdsa_and_pss: bool,
) -> Result<(), SamlError> {
    let signed = [(shape.response_signature, shape.response), (shape.assertion_signature, shape.assertion)];
    let signed: Vec<_> = signed.into_iter().filter_map(|(signature, parent)| Some((signature?, parent))).collect();
    // The form comes first: the library would look a reference up, even as a file, before it checks
    // who made the signature.
    for (signature, parent) in &signed {
        check_form(tree, *signature, *parent, accept_ecdsa_and_pss)?;
    }
    let mut missing = signed;
    for key in keys {
        let proven = valid_under(tree, key);
        missing.retain(|pair| !proven.contains(pair));
    }
    if missing.is_empty() || check_is_off("saml_signature") { Ok(()) } else { Err(SamlError::BadSignature) }
}

/// Which signatures this key made, each with the one element that it covers.
fn valid_under(tree: &Tree<'_>, key: &Key) -> Vec<(NodeId, NodeId)> {
    // With several keys, the library would take the first or go by the name in the document.
    let mut keys = KeysManager::new();
    keys.add_key(key.clone());
    // "Insecure" skips the certificate's chain and dates only: the key is pinned.
    let context = DsigContext::new(keys)
        .with_trusted_keys_only(true)
        .with_strict_verification(true)
        .with_require_reference_digests(true)
        .with_insecure(true);
    let results = verify_all_document_with_source(&context, tree.document(), Some(tree.source())).unwrap_or_default();
    let proven = results.into_iter().filter_map(|result| match result {
        VerifyResult::Valid { signature_node, references, .. } => match &references[..] {
            [only] if only.digest_verified => Some((signature_node, only.resolved_node?)),
            _ => None,
        },
        VerifyResult::Invalid { .. } => None,
    });
    proven.collect()
}

/// The one accepted form of a signature over the element `parent`.
fn check_form(tree: &Tree<'_>, signature: NodeId, parent: NodeId, more: bool) -> Result<(), SamlError> {
    let children = tree.children(signature);
    let (info, value, key_info) = match children[..] {
        [info, value] => (info, value, None),
        [info, value, key_info] => (info, value, Some(key_info)),
        _ => return Err(SamlError::SignatureShape("it does not have its two or three parts")),
    };
    let parts = [(info, "SignedInfo"), (value, "SignatureValue")];
    expect_parts(tree, &parts)?;
    if let Some(key_info) = key_info {
        // Never used: the keys are pinned. Only what identity providers put there, nothing that points elsewhere.
        let kinds = ["KeyName", "KeyValue", "X509Data"];
        expect_parts(tree, &[(key_info, "KeyInfo")])?;
        let known = tree.children(key_info).into_iter().all(|it| kinds.iter().any(|kind| tree.is(it, SIGNATURE, kind)));
        if !known {
            return Err(SamlError::SignatureShape("KeyInfo has something else than names, keys and certificates"));
        }
    }
    let [canonicalization, method, reference] = tree.children(info)[..] else {
        return Err(SamlError::SignatureShape("SignedInfo does not have one method of each kind and one reference"));
    };
    expect_parts(
        tree,
        &[(canonicalization, "CanonicalizationMethod"), (method, "SignatureMethod"), (reference, "Reference")],
    )?;
    let [transforms, digest_method, digest_value] = tree.children(reference)[..] else {
        return Err(SamlError::SignatureShape("the reference does not have its three parts"));
    };
    expect_parts(tree, &[(transforms, "Transforms"), (digest_method, "DigestMethod"), (digest_value, "DigestValue")])?;
    // The identifiers are plain ASCII names, so that equality of bytes is all there is to a reference.
    let target = tree.attribute(reference, "URI").and_then(|uri| uri.strip_prefix('#'));
    if (target.is_none() || target != tree.attribute(parent, "ID")) && !check_is_off("saml_reference") {
        return Err(SamlError::Reference);
    }
    if !check_is_off("saml_algorithms") {
        check_algorithms(tree, canonicalization, method, digest_method, more)?;
        check_transforms(tree, transforms)?;
    }
    check_values(tree, value, digest_value)
}

/// Each part has its name.
fn expect_parts(tree: &Tree<'_>, parts: &[(NodeId, &str)]) -> Result<(), SamlError> {
    for (part, name) in parts {
        if !tree.is(*part, SIGNATURE, name) {
            return Err(SamlError::SignatureShape("a part is missing, repeated or in another order"));
        }
    }
    Ok(())
}

fn check_algorithms(
    tree: &Tree<'_>,
    canonicalization: NodeId,
    method: NodeId,
    digest_method: NodeId,
    more: bool,
) -> Result<(), SamlError> {
    if !is_exclusive(tree, canonicalization) {
        return Err(SamlError::Algorithm("canonicalisation"));
    }
    let listed = |node, list: &[&str]| tree.attribute(node, "Algorithm").is_some_and(|it| list.contains(&it));
    let known = listed(method, &RSA) || (more && listed(method, &ECDSA_AND_PSS));
    if !known || !tree.children(method).is_empty() {
        return Err(SamlError::Algorithm("signature algorithm"));
    }
    if !listed(digest_method, &DIGESTS) || !tree.children(digest_method).is_empty() {
        return Err(SamlError::Algorithm("digest algorithm"));
    }
    Ok(())
}

/// Exactly enveloped-signature, then exclusive canonicalisation without comments (SAML core, 5.4.4).
fn check_transforms(tree: &Tree<'_>, transforms: NodeId) -> Result<(), SamlError> {
    let [enveloped, exclusive] = tree.children(transforms)[..] else {
        return Err(SamlError::Algorithm("list of transforms"));
    };
    let both = [enveloped, exclusive].iter().all(|it| tree.is(*it, SIGNATURE, "Transform"));
    let first = tree.attribute(enveloped, "Algorithm") == Some(algorithm::ENVELOPED_SIGNATURE);
    if both && first && tree.children(enveloped).is_empty() && is_exclusive(tree, exclusive) {
        Ok(())
    } else {
        Err(SamlError::Algorithm("list of transforms"))
    }
}

/// Exclusive canonicalisation without comments; it may list prefixes to keep, as some providers do.
fn is_exclusive(tree: &Tree<'_>, node: NodeId) -> bool {
    let prefixes = tree.children(node);
    tree.attribute(node, "Algorithm") == Some(algorithm::EXC_C14N)
        && prefixes.len() <= 1
        && prefixes.iter().all(|it| tree.is(*it, algorithm::EXC_C14N, "InclusiveNamespaces"))
}

/// Digest and signature are text and nothing else, and the digest is not that of nothing.
fn check_values(tree: &Tree<'_>, value: NodeId, digest_value: NodeId) -> Result<(), SamlError> {
    let decode = |node| {
        let text: String = tree.text(node)?.split_ascii_whitespace().collect();
        STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
    };
    let digest = decode(digest_value).ok_or(SamlError::SignatureShape("DigestValue is not base64"))?;
    decode(value).ok_or(SamlError::SignatureShape("SignatureValue is not base64"))?;
    // A canonicalisation that failed silently has signed documents of any content elsewhere.
    let nothing = [Sha256::digest([]).to_vec(), Sha384::digest([]).to_vec(), Sha512::digest([]).to_vec()];
    if nothing.contains(&digest) { Err(SamlError::SignatureShape("DigestValue is that of nothing")) } else { Ok(()) }
}

const RSA: [&str; 3] = [algorithm::RSA_SHA256, algorithm::RSA_SHA384, algorithm::RSA_SHA512];
const ECDSA_AND_PSS: [&str; 6] = [
    algorithm::ECDSA_SHA256,
    algorithm::ECDSA_SHA384,
    algorithm::ECDSA_SHA512,
    algorithm::RSA_PSS_SHA256,
    algorithm::RSA_PSS_SHA384,
    algorithm::RSA_PSS_SHA512,
];
const DIGESTS: [&str; 3] = [algorithm::SHA256, algorithm::SHA384, algorithm::SHA512];
