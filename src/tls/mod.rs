//! The cryptography under every TLS connection, in both directions: one provider, named in every
//! configuration instead of taken from the process, and the order in which its ciphers are preferred.

#[cfg(feature = "tls-ring")]
mod with_ring;

use std::sync::Arc;

use rustls::CipherSuite;
use rustls::crypto::CryptoProvider;
#[cfg(not(feature = "tls-ring"))]
use rustls::crypto::aws_lc_rs;

/// The provider of all TLS: aws-lc-rs. With the feature `tls-ring`, on processors on which ring encrypts faster,
/// it has the ciphers of ring and its signatures with P-256; key exchange and everything else stay.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "tls-ring")]
    let mut provider = with_ring::provider();
    #[cfg(not(feature = "tls-ring"))]
    let mut provider = aws_lc_rs::default_provider();
    // As safe as the next one, and cheaper for each byte. What is equal keeps its order.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;
    use rustls::crypto::aws_lc_rs;

    use super::*;

    #[test]
    fn every_suite_and_group_of_the_shipped_provider_is_there_and_the_cheapest_suite_is_first() {
        let (ours, shipped) = (provider(), aws_lc_rs::default_provider());
        let names = |provider: &CryptoProvider| {
            let mut names: Vec<_> = provider.cipher_suites.iter().map(rustls::SupportedCipherSuite::suite).collect();
            names.sort_by_key(|suite| u16::from(*suite));
            names
        };
        assert_eq!(names(&ours), names(&shipped));
        assert_eq!(ours.cipher_suites[0].suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
        assert_eq!(ours.kx_groups[0].name(), NamedGroup::X25519MLKEM768, "safe from quantum computers");
    }
}
