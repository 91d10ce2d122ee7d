//! An identity provider that may vouch for people, and the order in which its responses are checked.

use jiff::Timestamp;

use super::assertion::VerifiedAssertion;
use super::certificate::PinnedCertificate;
use super::conditions::{check_conditions, check_destination, check_issuer, check_status};
use super::error::{CertificateSummary, SamlError, SamlTrustError};
use super::library::Library;
use super::limits::check_limits;
use super::response::UnverifiedSamlResponse;
use super::shape::Shape;
use super::signature::check_signatures;
use super::subject::Claims;
use super::tree::Tree;
use crate::config::SamlService;
use crate::fault::check_is_off;

/// What an identity provider signs, and so what a response must have signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedPart {
    /// The assertion. If the response is signed too, that signature has to be valid as well.
    #[default]
    Assertion,
    /// The whole response. If the assertion is signed too, that signature has to be valid as well.
    Response,
}

/// What an operator says of an identity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlTrustSettings {
    /// The name it gives itself, which every response has to carry: byte by byte.
    pub entity_id: String,
    /// The certificates it signs with, one PEM block each. They are pinned: no chain is built, and
    /// their dates are reported, not enforced. Several may be active, for the time of a rotation.
    pub certificates_pem: Vec<String>,
    /// What it signs.
    pub signed: SignedPart,
    /// Accept ECDSA (P-256, P-384, P-521) and RSA-PSS besides RSA with SHA-256, SHA-384 and SHA-512.
    pub accept_ecdsa_and_pss: bool,
    /// The `Name` of the attribute with the groups of whom an assertion is about; without one, there are none.
    pub groups_attribute: Option<String>,
}

/// An identity provider that may vouch for people. Built once for a configuration, used for every response.
pub struct SamlTrust {
    entity_id: String,
    certificates: Vec<PinnedCertificate>,
    signed: SignedPart,
    accept_ecdsa_and_pss: bool,
    groups_attribute: Option<String>,
    library: Library,
}

impl SamlTrust {
    /// Takes an operator's settings, or says what to fix in them.
    pub fn new(settings: &SamlTrustSettings) -> Result<Self, SamlTrustError> {
        bergshamra::initialize_backend().map_err(|_| SamlTrustError::Provider)?;
        let SamlTrustSettings { entity_id, certificates_pem, signed, accept_ecdsa_and_pss, groups_attribute } =
            settings;
        if entity_id.is_empty() || entity_id.len() > 1024 || entity_id.trim() != entity_id {
            return Err(SamlTrustError::EntityId);
        }
        if certificates_pem.is_empty() {
            return Err(SamlTrustError::NoCertificate);
        }
        if certificates_pem.len() > MOST_CERTIFICATES {
            return Err(SamlTrustError::TooManyCertificates(MOST_CERTIFICATES));
        }
        let numbered = certificates_pem.iter().zip(1..);
        let certificates: Vec<_> = numbered
            .map(|(pem, number)| PinnedCertificate::from_pem(pem, number, *accept_ecdsa_and_pss))
            .collect::<Result<_, _>>()?;
        let ders = certificates.iter().map(|certificate| certificate.der.as_slice());
        let library = Library::new(entity_id, ders, *signed, *accept_ecdsa_and_pss)?;
        Ok(Self {
            entity_id: entity_id.clone(),
            certificates,
            signed: *signed,
            accept_ecdsa_and_pss: *accept_ecdsa_and_pss,
            groups_attribute: groups_attribute.clone(),
            library,
        })
    }

    /// The name of the identity provider.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The pinned certificates, in the order of the configuration.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateSummary> {
        self.certificates.iter().map(|certificate| &certificate.summary)
    }

    /// Checks a response, and returns what its assertion says of whom.
    ///
    /// Takes some milliseconds of computing; call it off the async threads. Whether the assertion was
    /// used before is the caller's to decide, with [`VerifiedAssertion::assertion_id`].
    pub fn verify(
        &self,
        unverified: &UnverifiedSamlResponse,
        service: &SamlService,
        now: Timestamp,
    ) -> Result<VerifiedAssertion, SamlError> {
        let xml = unverified.xml();
        check_limits(xml)?;
        let tree = Tree::parse(xml).map_err(|_| SamlError::NotXml)?;
        let shape = Shape::of(&tree)?;
        let (part, signature) = match self.signed {
            SignedPart::Assertion => ("assertion", shape.assertion_signature),
            SignedPart::Response => ("response", shape.response_signature),
        };
        if signature.is_none() && !check_is_off("saml_signed_part") {
            return Err(SamlError::Unsigned(part));
        }
        let keys = self.certificates.iter().map(|certificate| &certificate.key);
        check_signatures(&tree, &shape, keys, self.accept_ecdsa_and_pss)?;
        // From here on, the assertion is what the identity provider signed. What only the response
        // says (status, destination) may be unsigned, and can only lead to a refusal.
        check_status(&tree, &shape)?;
        check_issuer(&tree, &shape, &self.entity_id)?;
        check_destination(&tree, &shape, service)?;
        let validity = check_conditions(&tree, &shape, service, now)?;
        let groups_attribute = self.groups_attribute.as_deref();
        let claims = Claims::read(&tree, &shape, groups_attribute)?;
        let assertion_id = tree.attribute(shape.assertion, "ID").ok_or(SamlError::Identifier)?;
        if !check_is_off("saml_library") {
            self.library.confirm(xml, service, now, assertion_id, &claims, groups_attribute)?;
        }
        Ok(VerifiedAssertion::new(&self.entity_id, assertion_id, claims, &validity))
    }
}

/// Each costs a verification for every response that none of the others made.
const MOST_CERTIFICATES: usize = 8;
