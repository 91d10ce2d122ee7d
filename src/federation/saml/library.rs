//! The SAML library's opinion of the same response: everything is checked again, by other code.
//!
//! The library reads with another parser than the one that verifies signatures, which is how such
//! libraries have been fooled elsewhere. Our own check reads one tree. A response has to pass both,
//! and both have to read the same names from it.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use saml_rs::{
    AcsEndpoint, AssertionSignaturePolicy, AudienceValidationPolicy, BrowserInput, ClockSkew, EntityId, FormField,
    IdpDescriptor, MetadataTrustPolicy, ReplayCache, ReplayKey, ReplayPolicy, ResponseSignaturePolicy, Saml,
    SamlError as LibraryError, SamlValidationContext, SpConfig, SpValidationPolicy, SsoResponse, SsoSession,
    XmlSignatureProfile,
};

use super::conditions::CLOCK_SKEW;
use super::error::{SamlError, SamlTrustError};
use super::subject::{Claims, PRINCIPAL_NAME_ATTRIBUTE, ROLE_ATTRIBUTE};
use super::trust::SignedPart;
use crate::config::SamlService;
use crate::identity::Groups;

/// An identity provider in the library's words.
pub(super) struct Library {
    idp: IdpDescriptor,
    policy: SpValidationPolicy,
}

impl Library {
    /// Describes the identity provider to the library: by its own metadata, made here of what the
    /// operator configured.
    pub(super) fn new<'c>(
        entity_id: &str,
        certificates: impl Iterator<Item = &'c [u8]>,
        signed: SignedPart,
        accept_ecdsa_and_pss: bool,
    ) -> Result<Self, SamlTrustError> {
        let keys: String = certificates.map(key_descriptor).collect();
        let entity_id_text = quick_xml::escape::escape(entity_id);
        let metadata = format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity_id_text}\">\
             <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
             <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"https://never-used.invalid/\"/></IDPSSODescriptor></EntityDescriptor>"
        );
        let id = EntityId::try_new(entity_id).map_err(|_| SamlTrustError::EntityId)?;
        // Unsigned: it was made three lines above.
        let idp = IdpDescriptor::from_metadata_xml_for(id, &metadata, MetadataTrustPolicy::UnsignedForCompatibility)
            .map_err(|_| SamlTrustError::EntityId)?;
        let (assertions, responses) = match signed {
            SignedPart::Assertion => {
                (AssertionSignaturePolicy::RequireSigned, ResponseSignaturePolicy::RequireForEncryptedCbc)
            }
            SignedPart::Response => {
                (AssertionSignaturePolicy::AllowUnsignedForCompatibility, ResponseSignaturePolicy::RequireSigned)
            }
        };
        // The library's named presets leave SHA-1 on; our own list of algorithms would still refuse it.
        let xml_signatures = if accept_ecdsa_and_pss {
            XmlSignatureProfile::AllowProviderSupportedForCompatibility
        } else {
            XmlSignatureProfile::StrictRsaSha2
        };
        let policy = SpValidationPolicy {
            assertions,
            responses,
            xml_signatures,
            audience: AudienceValidationPolicy::Validate,
            ..SpValidationPolicy::recommended()
        };
        Ok(Self { idp, policy })
    }

    /// Lets the library check the response from the start, and compares what it read with ours.
    pub(super) fn confirm(
        &self,
        xml: &str,
        service: &SamlService,
        now: Timestamp,
        assertion_id: &str,
        claims: &Claims,
        groups_attribute: Option<&str>,
    ) -> Result<(), SamlError> {
        let session = self.session(xml, service, now)?;
        if session.assertion_id().as_str() != assertion_id {
            return Err(SamlError::Disagreement("the assertion's id"));
        }
        if session.name_id().value() != claims.name_id {
            return Err(SamlError::Disagreement("the subject's name"));
        }
        for (name, ours) in [(ROLE_ATTRIBUTE, &claims.role), (PRINCIPAL_NAME_ATTRIBUTE, &claims.principal_name)] {
            let values = session.attributes().get(name).map(saml_rs::Attribute::values).unwrap_or_default();
            if !matches!(values, [only] if only.as_str() == ours) {
                return Err(SamlError::Disagreement("an attribute"));
            }
        }
        if let Some(name) = groups_attribute {
            let values = session.attributes().get(name).map(saml_rs::Attribute::values).unwrap_or_default();
            let theirs = Groups::parse(values.iter().map(|value| value.as_str().to_owned()));
            if theirs.as_ref() != Ok(&claims.groups) {
                return Err(SamlError::Disagreement("the groups"));
            }
        }
        Ok(())
    }

    fn session(&self, xml: &str, service: &SamlService, now: Timestamp) -> Result<SsoSession, SamlError> {
        let entity_id = EntityId::try_new(service.entity_id.as_str()).map_err(|_| SamlError::Service("entity id"))?;
        let endpoint = AcsEndpoint::post(service.acs_url.as_str()).map_err(|_| SamlError::Service("address"))?;
        let config = SpConfig::builder(entity_id).acs_endpoint(endpoint).validation(self.policy.clone()).build();
        let config = config.map_err(|_| SamlError::Service("configuration"))?;
        let provider = Saml::sp(config).map_err(|_| SamlError::Service("configuration"))?;
        // Whether this assertion was used before is decided by the caller, who writes its id to the
        // store in the same commit as the key it leads to. A cache in here would not outlive the
        // process, nor be seen by other nodes.
        let mut forgetful = ForgetfulCache;
        let millis = i64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(0);
        let context = SamlValidationContext::new(SystemTime::from(now), ReplayPolicy::RequireCache(&mut forgetful))
            .with_clock_skew(ClockSkew::from_millis(-millis, millis));
        let field = FormField::new("SAMLResponse", STANDARD.encode(xml));
        let input = BrowserInput::<SsoResponse>::post(vec![field]);
        provider.accept_unsolicited_sso(&self.idp, input, context).map_err(|error| SamlError::Library(cause(&error)))
    }
}

/// Takes every assertion for a new one.
struct ForgetfulCache;

impl ReplayCache for ForgetfulCache {
    fn check_and_store(&mut self, _key: ReplayKey, _expires_at: SystemTime) -> Result<(), LibraryError> {
        Ok(())
    }
}

fn key_descriptor(certificate: &[u8]) -> String {
    let certificate = STANDARD.encode(certificate);
    format!(
        "<KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
    )
}

/// The library's reason in words of ours: its own may quote the document.
fn cause(error: &LibraryError) -> &'static str {
    match error {
        LibraryError::AlgorithmUnsupported => "algorithm",
        LibraryError::AssertionSignatureRequired | LibraryError::SignatureMissing => "a signature is missing",
        LibraryError::AudienceMismatch { .. } => "audience",
        LibraryError::CertificateMismatch => "the certificate in the document is not a configured one",
        LibraryError::Crypto(_) | LibraryError::SignatureVerification { .. } => "signature",
        LibraryError::DestinationMismatch { .. } => "destination",
        LibraryError::InResponseToMismatch { .. } => "InResponseTo",
        LibraryError::IssuerMismatch { .. } => "issuer",
        LibraryError::PotentialWrappingAttack
        | LibraryError::ReferenceResolution { .. }
        | LibraryError::SignedReferenceMismatch => "what the signature covers",
        LibraryError::StatusNotSuccess { .. } | LibraryError::UndefinedStatus => "status",
        LibraryError::SubjectConfirmationInvalid { .. } => "subject confirmation",
        LibraryError::TimeWindowInvalid { .. } => "time",
        LibraryError::UnrecognizedCondition { .. } => "conditions",
        LibraryError::Xml(_) | LibraryError::Invalid(_) | LibraryError::ProtocolProfile(_) => "form",
        _ => "another reason",
    }
}
