//! A JSON Web Token in its compact form (RFC 7515, section 7.1), read but not believed: what it says
//! chooses a configuration and a key, and nothing else before its signature was verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::claims::VerifiedClaims;
use super::jwks::VerificationKey;
use crate::fault::check_is_off;
use crate::federation::SigningAlgorithm;
use crate::federation::strict_json::read_object;

/// What a token says, unverified.
pub(super) struct UnverifiedToken<'a> {
    signed: &'a str,
    signature: &'a str,
    algorithm: SigningAlgorithm,
    key_id: Option<String>,
    claims: Map<String, Value>,
}

/// Why a text is no token. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TokenError {
    /// Its `alg` is none of ours; `none` and the symmetric ones never are.
    #[error("the token's alg is none of ES256, ES384, EdDSA, PS256, RS256, RS384, RS512")]
    Algorithm,
    /// No three parts in base64url, each of an acceptable size.
    #[error("the token is not three parts in base64url, of at most 16 KiB")]
    Form,
    /// A part of it is no JSON object that everybody reads alike.
    #[error("the token's header or claims are no JSON object without repeated members")]
    Json,
    /// A header that has to be a text is none, or is too long.
    #[error("the token's header {0} is no text of an acceptable length")]
    Header(&'static str),
    /// It is signed by nobody with that key.
    #[error("the token's signature is not valid")]
    Signature,
    /// It says that it is something else.
    #[error("the token's typ is neither JWT nor at+jwt")]
    Kind,
    /// It demands what nobody here understands.
    #[error("the token has critical headers (crit), and none is understood")]
    Critical,
    /// It does not say whom it is from, or for whom it is.
    #[error("the token's claim {0} is missing, or is not one text")]
    Claim(&'static str),
}

impl<'a> UnverifiedToken<'a> {
    /// Takes a token apart. `jku`, `jwk`, `x5u` and `x5c` are not even looked at: keys come from the
    /// configured issuer only.
    pub(super) fn read(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > LONGEST {
            return Err(TokenError::Form);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Form)?;
        if signature.is_empty() {
            return Err(TokenError::Form);
        }
        let header = object(header)?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let kind = text_of(&header, "typ", 64)?;
        // RFC 7515, section 4.1.9: compared without case, `application/` may be left out. Tokens of other
        // kinds (logout, security events) come from the same keys and are no proof that somebody is there.
        let kind = kind.map(str::to_ascii_lowercase);
        let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
        if !matches!(kind, None | Some("jwt" | "at+jwt")) {
            return Err(TokenError::Kind);
        }
        let algorithm = text_of(&header, "alg", 64)?.and_then(SigningAlgorithm::named).ok_or(TokenError::Algorithm)?;
        let key_id = text_of(&header, "kid", LONGEST_KEY_ID)?.map(str::to_owned);
        Ok(Self { signed, signature, algorithm, key_id, claims: object(claims)? })
    }

    /// Its issuer, unverified.
    pub(super) fn issuer(&self) -> Result<&str, TokenError> {
        self.claims.get("iss").and_then(Value::as_str).ok_or(TokenError::Claim("iss"))
    }

    /// Its one audience, unverified: RFC 7519, section 4.1.3, allows a list; a list with others beside us is
    /// a token that others could show here.
    pub(super) fn audience(&self) -> Result<&str, TokenError> {
        let audience = match self.claims.get("aud") {
            Some(Value::Array(list)) => match list.as_slice() {
                [only] => only.as_str(),
                _ => None,
            },
            Some(one) => one.as_str(),
            None => None,
        };
        audience.ok_or(TokenError::Claim("aud"))
    }

    /// How it says that it was signed.
    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The name of the key that it says it was signed with.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Its claims, if `key` made its signature by `algorithm`, which is for the configuration to choose;
    /// else the token as it was.
    pub(super) fn verified_by(
        self,
        key: &VerificationKey,
        algorithm: SigningAlgorithm,
    ) -> Result<VerifiedClaims, Self> {
        let (message, with) = (self.signed.as_bytes(), algorithm.in_library());
        let genuine = jsonwebtoken::crypto::verify(self.signature, message, key.decoding_key(), with);
        if !matches!(genuine, Ok(true)) && !check_is_off("jwt_signature") {
            return Err(self);
        }
        Ok(VerifiedClaims::new(self.claims))
    }
}

impl SigningAlgorithm {
    fn in_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::ES384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::RS384 => jsonwebtoken::Algorithm::RS384,
            Self::RS512 => jsonwebtoken::Algorithm::RS512,
        }
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Form)?;
    read_object(&text).map_err(|_| TokenError::Json)
}

fn text_of<'a>(
    header: &'a Map<String, Value>,
    name: &'static str,
    longest: usize,
) -> Result<Option<&'a str>, TokenError> {
    let Some(value) = header.get(name) else { return Ok(None) };
    let text = value.as_str().filter(|text| text.len() <= longest);
    text.map(Some).ok_or(TokenError::Header(name))
}

const LONGEST: usize = 16 << 10;
/// In bytes. Real ones have less than 100.
pub(super) const LONGEST_KEY_ID: usize = 256;
