//! Session tokens: the third part of a temporary credential, sent along with every request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use zeroize::Zeroizing;

use super::SecretDigest;

/// A session token: opaque, 47 characters, bound to one access key. Wiped from memory when dropped;
/// only its digest is stored, beside its key.
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// Draws a new token: 256 bits of `random`.
    pub fn generate(random: &mut impl Rng) -> Self {
        let mut bits = Zeroizing::new([0_u8; 32]);
        random.fill_bytes(bits.as_mut());
        // Room is reserved so that growing never leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(47));
        text.push_str("cws-");
        URL_SAFE_NO_PAD.encode_string(bits.as_ref(), &mut text);
        Self(text)
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

impl fmt::Debug for SessionToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionToken(redacted)")
    }
}
