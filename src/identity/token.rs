//! API tokens: what a person or a program shows to the control plane to get access keys.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The id of an API token: 8 to 64 characters of `a-z 0-9 -`. Assigned here, never taken from outside;
/// it stands in the principal `coreweave/<token-id>` of every key that the token makes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(Arc<str>);

/// Why a string is no token id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a token id has 8 to 64 characters of a-z, 0-9 and -")]
pub struct TokenIdError;

/// An API token: `CW-SECRET-` and 43 URL-safe characters. Wiped from memory when dropped; nothing but
/// its digest is ever stored.
pub struct ApiToken(Zeroizing<String>);

/// The SHA-256 of a random secret that only needs comparing. Not a password hash: what it hashes has
/// 256 random bits, so that nothing can be guessed from it.
#[derive(Clone, Copy, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretDigest([u8; 32]);

/// A digest that is not 64 lower-case hexadecimal characters.
#[derive(Debug, thiserror::Error)]
#[error("a digest has 64 lower-case hexadecimal characters")]
pub struct SecretDigestError;

impl TokenId {
    /// Draws a new id: 16 characters of a-z2-7, 80 bits of `random`.
    pub fn generate(random: &mut impl Rng) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bits = [0_u8; 16];
        random.fill_bytes(&mut bits);
        // 32 divides 256, so taking five bits of each byte is uniform.
        let id: String = bits.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Self(id.into())
    }

    /// Accepts `text` if it has the form of a token id.
    ///
    /// # Errors
    /// [`TokenIdError`] if the length or the alphabet is wrong.
    pub fn parse(text: &str) -> Result<Self, TokenIdError> {
        let right =
            (8..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if right { Ok(Self(text.into())) } else { Err(TokenIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ApiToken {
    /// Draws a new token: 256 bits of `random`.
    pub fn generate(random: &mut impl Rng) -> Self {
        let mut bits = Zeroizing::new([0_u8; 32]);
        random.fill_bytes(bits.as_mut());
        // Room is reserved so that growing never leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + RANDOM_LENGTH));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bits.as_ref(), &mut text);
        Self(text)
    }

    /// Takes what a client showed, if it has the form of a token. It may be nobody's.
    #[must_use]
    pub fn parse(unverified: &str) -> Option<Self> {
        let random = unverified.strip_prefix(PREFIX)?;
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let right = random.len() == RANDOM_LENGTH && random.bytes().all(url_safe);
        right.then(|| Self(Zeroizing::new(unverified.to_owned())))
    }

    /// The token itself. Every call site is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.0.as_bytes())
    }
}

impl SecretDigest {
    /// The digest of a random secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether `secret` is what this is the digest of. Takes the same time whatever differs.
    #[must_use]
    pub fn is_of(&self, secret: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        Self::of(secret).0.ct_eq(&self.0).into()
    }

    /// As hexadecimal text.
    #[must_use]
    pub fn to_hex(&self) -> String {
        const_hex::encode(self.0)
    }
}

impl TryFrom<String> for TokenId {
    type Error = TokenIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.0.as_ref().into()
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiToken(redacted)")
    }
}

impl TryFrom<String> for SecretDigest {
    type Error = SecretDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // The decoder takes capitals and a leading 0x too: one digest has one spelling.
        let digest = const_hex::decode_to_array(&text).map(Self).map_err(|_| SecretDigestError)?;
        if digest.to_hex() == text { Ok(digest) } else { Err(SecretDigestError) }
    }
}

impl From<SecretDigest> for String {
    fn from(digest: SecretDigest) -> Self {
        digest.to_hex()
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretDigest(redacted)")
    }
}

/// Recognised by secret scanners.
const PREFIX: &str = "CW-SECRET-";
/// 32 bytes in base64 without padding.
const RANDOM_LENGTH: usize = 43;
