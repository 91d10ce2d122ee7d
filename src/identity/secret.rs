//! The secret half of an access key, and the rules that keep it out of sight.

use std::fmt;

use rand::Rng;
use zeroize::Zeroizing;

/// A secret access key. Wiped from memory when dropped; has no `Display`, no `Serialize` and no
/// equality; `Debug` prints a placeholder. [`SecretAccessKey::expose`] is the only way to its text.
pub struct SecretAccessKey(Zeroizing<String>);

/// Why a string is no secret access key. Says nothing of the string itself.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a secret access key has 16 to 256 printable ASCII characters and no spaces")]
pub struct SecretAccessKeyError;

impl SecretAccessKey {
    /// Draws a new secret: `cwo` and 40 characters of A-Za-z0-9, about 238 bits of `random`.
    pub fn generate(random: &mut impl Rng) -> Self {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        // Room is reserved so that growing never leaves a copy behind.
        let mut secret = Zeroizing::new(String::with_capacity(43));
        secret.push_str("cwo");
        let mut byte = Zeroizing::new([0_u8; 1]);
        while secret.len() < 43 {
            random.fill_bytes(byte.as_mut());
            // 248 is the largest multiple of 62 below 256: taking the rest would favour some characters.
            if byte[0] < 248 {
                secret.push(char::from(ALPHABET[usize::from(byte[0] % 62)]));
            }
        }
        Self(secret)
    }

    /// Takes a secret that was made elsewhere: an imported key, or a backend's credential.
    ///
    /// # Errors
    /// [`SecretAccessKeyError`] if it is too short, too long, or holds a space or a control character.
    pub fn parse(text: Zeroizing<String>) -> Result<Self, SecretAccessKeyError> {
        let right = (16..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if right { Ok(Self(text)) } else { Err(SecretAccessKeyError) }
    }

    /// Takes a secret of a service that this program is a client of, where others say how long it is.
    ///
    /// # Errors
    /// [`SecretAccessKeyError`] if it is empty or longer than 256 bytes, or holds a space or a control character.
    pub fn of_another_service(text: Zeroizing<String>) -> Result<Self, SecretAccessKeyError> {
        let right = (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if right { Ok(Self(text)) } else { Err(SecretAccessKeyError) }
    }

    /// The secret itself. Every call site is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Clone for SecretAccessKey {
    fn clone(&self) -> Self {
        Self(Zeroizing::new(self.0.as_str().to_owned()))
    }
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretAccessKey(redacted)")
    }
}
