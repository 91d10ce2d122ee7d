//! SAML 2.0 responses as evidence: bytes, certificates and a time in, an assertion or a reason out.
//!
//! ```text
//! base64 --> limits (one pass, builds nothing) --> one tree --> shape --> signatures --> conditions --> claims
//!                                            \--> the SAML library, from the start --> the same answers? --> assertion
//! ```
//! Two independent checks, because the libraries are young and this format has fooled older ones;
//! [the manual](crate::manual::saml) says what was tried on them. Nothing here does I/O, reads a clock or
//! remembers anything. Whether an assertion was used before is decided where its use is recorded.

mod assertion;
mod certificate;
mod conditions;
mod error;
mod library;
mod limits;
mod metadata;
mod response;
mod shape;
mod signature;
mod subject;
mod tree;
mod trust;

pub use assertion::VerifiedAssertion;
pub use error::{CertificateSummary, SamlError, SamlTrustError};
pub use response::{MAX_RESPONSE_BYTES, UnverifiedSamlResponse};
pub use subject::{PRINCIPAL_NAME_ATTRIBUTE, ROLE_ATTRIBUTE};
pub use trust::{SamlTrust, SamlTrustSettings, SignedPart};
