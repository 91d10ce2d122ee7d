//! The signing key: derived from a secret for one day, region and service, and kept as HMAC state.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>,
//! "Step 4: Calculate the signature".

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::Sha256;

use crate::identity::SecretAccessKey;

/// A derived signing key, as the state of an HMAC that has already taken in the key: signing with it
/// skips both the four derivation steps and the key blocks, about 1 µs a request.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Derives the key of `secret` for the credential scope `date`/`region`/`service`/`aws4_request`.
    #[must_use]
    pub fn derive(secret: &SecretAccessKey, date: Date, region: &str, service: &str) -> Self {
        let midnight =
            date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("every civil date has a UTC midnight");
        let key = aws_sigv4::sign::v4::generate_signing_key(
            secret.expose(),
            std::time::SystemTime::from(midnight.timestamp()),
            region,
            service,
        );
        Self(Hmac::new_from_slice(key.as_ref()).expect("HMAC takes keys of any length"))
    }

    /// The HMAC-SHA256 of `message` under this key.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        #[cfg(test)]
        MACS.with(|macs| macs.set(macs.get() + 1));
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
thread_local! {
    /// How many there were on this thread.
    pub(super) static MACS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(redacted)")
    }
}
