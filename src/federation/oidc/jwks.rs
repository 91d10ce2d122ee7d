//! The keys that an issuer publishes: a JSON Web Key Set, RFC 7517. Keys that cannot be used for one of
//! our algorithms are skipped; a set is taken as a whole, so that a key that is gone is gone.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::token::LONGEST_KEY_ID;
use crate::federation::SigningAlgorithm;
use crate::federation::strict_json::read_object;

/// The usable keys of one issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<VerificationKey>);

/// A public key, its name, and what it may be used for.
#[derive(Clone, Debug)]
pub(super) struct VerificationKey {
    id: Option<String>,
    algorithms: Vec<SigningAlgorithm>,
    key: DecodingKey,
}

/// Which key of a set is meant.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// Several could be meant.
    Ambiguous,
    /// This one.
    Key(&'a VerificationKey),
    /// There is one by that name, for other algorithms.
    OtherAlgorithm,
    /// There is none by that name; perhaps it is new.
    Unknown,
}

impl KeySet {
    /// Reads what an issuer sent.
    ///
    /// # Errors
    /// What is wrong, without any of it.
    pub(super) fn read(text: &[u8]) -> Result<Self, &'static str> {
        let set = read_object(text).map_err(|_| "the key set is no JSON object without repeated members")?;
        let Some(Value::Array(keys)) = set.get("keys") else { return Err("the key set has no list called keys") };
        if keys.len() > MOST_KEYS {
            return Err("the key set has more than 256 keys");
        }
        Ok(Self(keys.iter().filter_map(Value::as_object).filter_map(VerificationKey::read).collect()))
    }

    /// The key that a token means. Without a name it means the only key that fits.
    pub(super) fn find(&self, id: Option<&str>, algorithm: SigningAlgorithm) -> Found<'_> {
        let named = || self.0.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut fitting = named().filter(|key| key.algorithms.contains(&algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::Key(key),
            (Some(_), Some(_)) => Found::Ambiguous,
            (None, _) if named().next().is_some() => Found::OtherAlgorithm,
            (None, _) => Found::Unknown,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl VerificationKey {
    /// `None` if nothing of ours can be verified with it.
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(id.as_str().filter(|id| id.len() <= LONGEST_KEY_ID)?.to_owned()),
        };
        if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        };
        if !jwk.get("key_ops").is_none_or(verifies) {
            return None;
        }
        let (key, mut algorithms) = match text(jwk, "kty")? {
            "EC" => ec(jwk)?,
            "OKP" => ed25519(jwk)?,
            "RSA" => rsa(jwk)?,
            _ => return None,
        };
        // Some issuers leave `alg` out (RFC 7517, section 4.4): its kind still says what a key is for, and
        // no kind is ever used for a symmetric algorithm.
        if let Some(only) = jwk.get("alg") {
            // RFC 9864 names it by its curve.
            let only = if only == "Ed25519" { "EdDSA" } else { only.as_str()? };
            algorithms.retain(|algorithm| algorithm.name() == only);
        }
        (!algorithms.is_empty()).then_some(Self { id, algorithms, key })
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.key
    }
}

type UsableFor = (DecodingKey, Vec<SigningAlgorithm>);

/// RFC 7518, section 6.3.1.
fn rsa(jwk: &Map<String, Value>) -> Option<UsableFor> {
    use SigningAlgorithm::{PS256, RS256, RS384, RS512};
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    // An exponent of one would make everything a signature.
    let right_exponent = exponent.len() <= 4 && exponent.last()? % 2 == 1 && exponent != [1];
    if !(2048..=8192).contains(&bits) || !right_exponent {
        return None;
    }
    Some((DecodingKey::from_rsa_raw_components(&modulus, &exponent), vec![PS256, RS256, RS384, RS512]))
}

/// RFC 7518, section 6.2.1.
fn ec(jwk: &Map<String, Value>) -> Option<UsableFor> {
    let (length, algorithm, check) = match text(jwk, "crv")? {
        "P-256" => (32, SigningAlgorithm::ES256, &ECDSA_P256_SHA256_FIXED),
        "P-384" => (48, SigningAlgorithm::ES384, &ECDSA_P384_SHA384_FIXED),
        _ => return None,
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return None;
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    // Refuses points that are not on the curve.
    ParsedPublicKey::new(check, &point).ok()?;
    Some((DecodingKey::from_ec_der(&point), vec![algorithm]))
}

/// RFC 8037, section 2.
fn ed25519(jwk: &Map<String, Value>) -> Option<UsableFor> {
    if text(jwk, "crv")? != "Ed25519" {
        return None;
    }
    let x = bytes(jwk, "x")?;
    ParsedPublicKey::new(&ED25519, &x).ok()?;
    Some((DecodingKey::from_ed_der(&x), vec![SigningAlgorithm::EdDSA]))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    jwk.get(name)?.as_str()
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text(jwk, name)?).ok()
}

/// A positive number without leading zeros; some issuers send one.
fn number(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    let bytes = bytes(jwk, name)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

const MOST_KEYS: usize = 256;
