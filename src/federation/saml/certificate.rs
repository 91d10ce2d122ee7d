//! A pinned certificate: its key, how strong that is, and when it ends.
//!
//! Nothing here builds a chain. Certificates in SAML are containers for a key that was agreed upon.

use bergshamra::Key;
use bergshamra::keys::loader::load_x509_cert_der;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use super::error::{CertificateSummary, SamlTrustError};

/// A certificate that was read and found strong enough.
pub(super) struct PinnedCertificate {
    pub(super) key: Key,
    pub(super) der: Vec<u8>,
    pub(super) summary: CertificateSummary,
}

impl PinnedCertificate {
    /// Reads the certificate at place `number` (from 1) of a configuration.
    pub(super) fn from_pem(pem: &str, number: usize, accept_ecdsa: bool) -> Result<Self, SamlTrustError> {
        if pem.matches("-----BEGIN ").count() != 1 || !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(SamlTrustError::NotPem(number));
        }
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| SamlTrustError::NotPem(number))?;
        let key = load_x509_cert_der(&der).map_err(|_| SamlTrustError::NotACertificate(number))?;
        let (not_after, public_key) = not_after_and_key(&der).ok_or(SamlTrustError::NotACertificate(number))?;
        let key_words = match strength(public_key).ok_or(SamlTrustError::KeyKind(number))? {
            Strength::Rsa(bits) if bits < LEAST_RSA_BITS => return Err(SamlTrustError::WeakKey { number, bits }),
            Strength::Rsa(bits) => format!("RSA {bits}"),
            Strength::Ecdsa(_) if !accept_ecdsa => return Err(SamlTrustError::KeyKind(number)),
            Strength::Ecdsa(curve) => format!("ECDSA {curve}"),
        };
        let fingerprint = const_hex::encode(Sha256::digest(&der));
        let summary = CertificateSummary { fingerprint, key: key_words, not_after };
        Ok(Self { key, der: der.to_vec(), summary })
    }
}

/// RSA keys below this length are refused.
const LEAST_RSA_BITS: usize = 2048;

enum Strength {
    Rsa(usize),
    Ecdsa(&'static str),
}

/// The kind and length of a `SubjectPublicKeyInfo`'s key (RFC 5280, section 4.1.2.7; RFC 8017, A.1.1; RFC 5480).
fn strength(public_key: &[u8]) -> Option<Strength> {
    let (algorithm, rest) = der_value(public_key, SEQUENCE)?;
    let (kind, parameters) = der_value(algorithm, OBJECT_ID)?;
    if kind == RSA_ENCRYPTION {
        let (bits, _) = der_value(rest, BIT_STRING)?;
        let (numbers, _) = der_value(bits.strip_prefix(&[0])?, SEQUENCE)?;
        let (modulus, _) = der_value(numbers, INTEGER)?;
        let modulus = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
        return Some(Strength::Rsa(modulus.len() * 8 - modulus[0].leading_zeros() as usize));
    }
    if kind != EC_PUBLIC_KEY {
        return None;
    }
    let (curve, _) = der_value(parameters, OBJECT_ID)?;
    CURVES.iter().find(|(id, _)| *id == curve).map(|(_, name)| Strength::Ecdsa(name))
}

/// The end of validity and the contents of `SubjectPublicKeyInfo` (RFC 5280, section 4.1). The
/// signature library parsed the certificate already, so that this only has to find two fields.
fn not_after_and_key(certificate: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (certificate, _) = der_value(certificate, SEQUENCE)?;
    let (mut fields, _) = der_value(certificate, SEQUENCE)?;
    if let Some((_, rest)) = der_value(fields, EXPLICIT_VERSION) {
        fields = rest;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, fields) = der_value(fields, tag)?; // serial number, signature algorithm, issuer
    }
    let (validity, fields) = der_value(fields, SEQUENCE)?;
    let (_, fields) = der_value(fields, SEQUENCE)?; // subject
    let (public_key, _) = der_value(fields, SEQUENCE)?;
    let (_, validity) = der_time(validity)?; // not before
    let (not_after, _) = der_time(validity)?;
    Some((not_after, public_key))
}

/// A `UTCTime` or `GeneralizedTime` in the forms of RFC 5280, section 4.1.2.5, and what follows it.
fn der_time(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (digits, rest) = if let Some((digits, rest)) = der_value(input, UTC_TIME) {
        let century = if digits.first()? >= &b'5' { "19" } else { "20" };
        (format!("{century}{}", std::str::from_utf8(digits).ok()?), rest)
    } else {
        let (digits, rest) = der_value(input, GENERALIZED_TIME)?;
        (std::str::from_utf8(digits).ok()?.to_owned(), rest)
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", &digits).ok()?;
    Some((TimeZone::UTC.to_timestamp(time).ok()?, rest))
}

/// The contents of the value at the start of `input`, if its tag is this one, and what follows it.
fn der_value(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = input.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            (length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1, secp384r1, secp521r1
const CURVES: [(&[u8], &str); 3] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521"),
];
