//! A SAML response as it arrived, which nobody has checked, and the one thing that may be read from
//! it before that: which identity provider it claims to come from.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::SamlError;
use super::limits::check_limits;
use super::tree::{ASSERTION, PROTOCOL, Tree};

/// The longest response that is looked at, decoded, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// The XML text of a SAML response that nobody has checked. Whoever has it may use it, so that it is
/// wiped after use and never printed.
pub struct UnverifiedSamlResponse {
    xml: Zeroizing<String>,
}

impl UnverifiedSamlResponse {
    /// Takes the `SAMLResponse` of the HTTP POST binding: base64 in the standard alphabet, with or
    /// without line breaks (SAML bindings, section 3.5.4). Compressed text is not inflated: it is
    /// not XML, and [`SamlTrust::verify`](super::SamlTrust::verify) is never reached.
    pub fn from_base64(text: &str) -> Result<Self, SamlError> {
        // Four characters for three bytes; the same again for line breaks, however they are written.
        if text.len() > MAX_RESPONSE_BYTES * 8 / 3 {
            return Err(SamlError::TooLarge);
        }
        let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
        packed.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let bytes = Zeroizing::new(STANDARD.decode(&*packed).map_err(|_| SamlError::NotBase64)?);
        if bytes.len() > MAX_RESPONSE_BYTES {
            return Err(SamlError::TooLarge);
        }
        let xml = std::str::from_utf8(&bytes).map_err(|_| SamlError::NotXml)?;
        // A compressed document may happen to be UTF-8; no document begins with anything else than this.
        if !xml.trim_ascii_start().starts_with('<') {
            return Err(SamlError::NotXml);
        }
        Ok(Self { xml: Zeroizing::new(xml.to_owned()) })
    }

    /// The issuer that the assertion in this response names, under the same limits as verification.
    ///
    /// This is the sender's claim. It may choose which configuration to verify with, and nothing
    /// else: verification then demands that configuration's entity id.
    pub fn unverified_issuer(&self) -> Option<String> {
        check_limits(&self.xml).ok()?;
        let tree = Tree::parse(&self.xml).ok()?;
        let response = tree.root()?;
        let [assertion] = tree.children_named(response, ASSERTION, "Assertion")[..] else { return None };
        let [issuer] = tree.children_named(assertion, ASSERTION, "Issuer")[..] else { return None };
        let issuer = tree.text(issuer).filter(|issuer| !issuer.is_empty() && issuer.len() <= 1024)?;
        tree.is(response, PROTOCOL, "Response").then_some(issuer)
    }

    /// The document.
    pub(super) fn xml(&self) -> &str {
        &self.xml
    }
}

impl fmt::Debug for UnverifiedSamlResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedSamlResponse({} bytes)", self.xml.len())
    }
}
