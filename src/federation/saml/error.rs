//! Why a SAML response, or what an operator says about an identity provider, is not accepted.
//!
//! Every variant names one cause, for the operator's log. None carries text of the response: it was
//! written by somebody who is not trusted yet. The caller answers all of them with one message.

use jiff::Timestamp;

/// Why a SAML response proves nobody's identity. The fault is the sender's, or the identity provider's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    // What arrived is not a document we read at all.
    /// The text is not base64 in the standard alphabet.
    #[error("the SAML response is not base64")]
    NotBase64,
    /// Longer than [`super::MAX_RESPONSE_BYTES`].
    #[error("the SAML response is larger than 256 KiB")]
    TooLarge,
    /// Not UTF-8, or not well-formed XML. A response that was compressed ends here too.
    #[error("the SAML response is not well-formed XML in UTF-8")]
    NotXml,
    /// A document type declaration, and with it every entity of the sender's own.
    #[error("the SAML response has a document type declaration")]
    DocumentType,
    /// A comment, a processing instruction, a CDATA section or an entity: readers disagree about them.
    #[error("the SAML response contains {0}, which no identity provider needs")]
    Markup(&'static str),
    /// More of something than any identity provider sends.
    #[error("the SAML response has too many or too long {0}")]
    Limit(&'static str),

    // The document's shape.
    /// The document is a bare `<Assertion>`; it has to come inside its `<Response>`.
    #[error("this is a bare assertion; send the whole response that carries it")]
    BareAssertion,
    /// The assertion, a name or an attribute is encrypted.
    #[error("the SAML response is encrypted, which is not supported; turn encryption off for this service")]
    Encrypted,
    /// An element or attribute stands where the profile has no place for it, or is missing.
    #[error("the SAML response does not have the shape of the profile: {0}")]
    Shape(&'static str),
    /// There is not exactly one assertion, directly under the response.
    #[error("the SAML response does not have exactly one assertion, directly under the response")]
    AssertionCount,
    /// A signature stands somewhere else than directly under the response or the assertion.
    #[error("the SAML response has a signature in a place where none belongs")]
    MisplacedSignature,
    /// An identifier that is missing, malformed, ambiguous, or of another kind than `ID`.
    #[error("the SAML response has an identifier that is missing, malformed or ambiguous")]
    Identifier,
    /// A namespace that is not an absolute address: canonicalisation is not defined for it.
    #[error("the SAML response declares a relative namespace")]
    RelativeNamespace,

    // The signature.
    /// What the configuration demands to be signed carries no signature.
    #[error("the {0} is not signed")]
    Unsigned(&'static str),
    /// The signature element has something more, less or elsewhere than it should.
    #[error("the signature does not have the one accepted form: {0}")]
    SignatureShape(&'static str),
    /// The signature does not refer to the element it stands in.
    #[error("the signature refers to something else than the element it stands in")]
    Reference,
    /// A signature, digest, canonicalisation or transform algorithm that is not on the list.
    #[error("the {0} of the signature is not accepted")]
    Algorithm(&'static str),
    /// No pinned certificate made this signature over these bytes.
    #[error("the signature is not valid under any certificate of the identity provider")]
    BadSignature,

    // What was signed.
    /// Another identity provider than the configured one.
    #[error("the issuer is not the configured identity provider")]
    Issuer,
    /// The identity provider reports a failure.
    #[error("the identity provider reports that the login did not succeed")]
    Status,
    /// The response answers a request; only unsolicited ones are accepted, as we never send requests.
    #[error("the response answers a request (InResponseTo), and this service sends none")]
    InResponseTo,
    /// The response was meant for another address.
    #[error("the Destination of the response is not this service's address")]
    Destination,
    /// The assertion was meant for another service.
    #[error("the audience of the assertion is not this service")]
    Audience,
    /// The assertion was meant to be delivered to another address.
    #[error("the Recipient of the assertion is not this service's address")]
    Recipient,
    /// Not exactly one bearer confirmation.
    #[error("the assertion does not have exactly one bearer confirmation")]
    Confirmation,
    /// A condition that is missing or unknown.
    #[error("the conditions of the assertion are missing, or there are unknown ones")]
    Conditions,
    /// A time that is missing or not in UTC.
    #[error("{0} is missing or is no time in UTC")]
    Time(&'static str),
    /// The assertion ended before now, or was issued too long ago.
    #[error("the assertion has expired ({0})")]
    Expired(&'static str),
    /// The assertion begins after now.
    #[error("the assertion is not valid yet ({0})")]
    NotYetValid(&'static str),
    /// The subject has no name, or more than one.
    #[error("the assertion does not name exactly one subject")]
    NameId,
    /// The role attribute is missing, repeated, has several values or one that is no role name.
    #[error("the role attribute {0}")]
    Role(&'static str),
    /// The same for the principal's name.
    #[error("the principal name attribute {0}")]
    PrincipalName(&'static str),
    /// The groups attribute is repeated, has a value that is no name of a group, or too many.
    #[error("the groups attribute {0}")]
    Groups(&'static str),

    // The second opinion.
    /// The SAML library, which checks everything again on its own, refuses.
    #[error("the second check refuses the response: {0}")]
    Library(&'static str),
    /// The two checks read different things from the same document.
    #[error("the two checks disagree about what the response says ({0})")]
    Disagreement(&'static str),
    /// Our own entity id or address is not one that SAML can work with.
    #[error("the entity id or address of this service is not usable: {0}")]
    Service(&'static str),
}

/// What is wrong with what an operator configured about an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamlTrustError {
    /// No entity id.
    #[error("the entity id of the identity provider is empty, has spaces around it or is longer than 1024 bytes")]
    EntityId,
    /// Not a single certificate.
    #[error("there is no certificate: give the identity provider's signing certificate, in PEM")]
    NoCertificate,
    /// Too many certificates: each is tried for each response.
    #[error("there are more than {0} certificates")]
    TooManyCertificates(usize),
    /// Text that is not one PEM block of a certificate.
    #[error("certificate {0} is not in PEM: it has to be one block from BEGIN CERTIFICATE to END CERTIFICATE")]
    NotPem(usize),
    /// PEM of something else, or broken.
    #[error("certificate {0} is not an X.509 certificate that can be read")]
    NotACertificate(usize),
    /// An RSA key that is too short.
    #[error("certificate {number} has an RSA key of {bits} bits; 2048 is the least")]
    WeakKey {
        /// The certificate's place in the list, from 1.
        number: usize,
        /// The length of its modulus.
        bits: usize,
    },
    /// A key of a kind that is not accepted, or not without saying so.
    #[error("certificate {0} has a key that is not RSA; ECDSA keys (P-256, P-384, P-521) need accept_ecdsa_and_pss")]
    KeyKind(usize),
    /// The metadata is no XML that is accepted.
    #[error("the metadata is not well-formed XML without a document type declaration, or is larger than 4 MiB")]
    Metadata,
    /// The metadata has no such identity provider.
    #[error("the metadata describes no identity provider with that entity id (there are {found} identity providers)")]
    NoSuchEntity {
        /// How many identity providers it describes.
        found: usize,
    },
    /// The metadata has several, and nobody said which.
    #[error("the metadata describes {0} identity providers: say which entity id is meant")]
    AmbiguousEntity(usize),
    /// The cryptographic provider did not start.
    #[error("the cryptographic provider could not be started")]
    Provider,
}

/// What an operator wants to know of a pinned certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    /// SHA-256 of the certificate, in lower-case hexadecimal.
    pub fingerprint: String,
    /// The kind and length of its key, such as `RSA 2048`.
    pub key: String,
    /// When it ends by its own words. Verification ignores it: the certificate is pinned, and is
    /// taken out of use by taking it out of the configuration.
    pub not_after: Timestamp,
}
