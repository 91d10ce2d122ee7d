//! The cryptography under every TLS connection, in both directions: one provider, named in every
//! configuration instead of taken from the process, and the order in which its ciphers are preferred.

use std::sync::Arc;

use rustls::CipherSuite;
use rustls::crypto::CryptoProvider;

/// The provider of all TLS: aws-lc-rs. With the feature `tls-ring`, on processors on which ring encrypts faster,
/// it has the ciphers of ring and its signatures with P-256; key exchange and everything else stay.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "tls-ring")]
    let mut provider = with_ring::provider();
    #[cfg(not(feature = "tls-ring"))]
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    // As safe as the next one, and cheaper for each byte. What is equal keeps its order.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

#[cfg(feature = "tls-ring")]
mod with_ring {
    //! ring uses the wide AES instructions together with AVX2, aws-lc only together with AVX-512
    //! (<https://github.com/aws/aws-lc/issues/2283>).

    use std::sync::Arc;

    use rustls::crypto::{CryptoProvider, KeyProvider, aws_lc_rs, ring};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::sign::SigningKey;
    use rustls::{Error, SignatureScheme};

    pub(super) fn provider() -> CryptoProvider {
        let provider = aws_lc_rs::default_provider();
        if !ring_is_faster() {
            return provider;
        }
        CryptoProvider { cipher_suites: ring::ALL_CIPHER_SUITES.to_vec(), key_provider: &RingFirst, ..provider }
    }

    #[cfg(target_arch = "x86_64")]
    fn ring_is_faster() -> bool {
        use std::arch::is_x86_feature_detected as has;
        has!("vaes") && has!("vpclmulqdq") && has!("avx2") && !has!("avx512f")
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ring_is_faster() -> bool {
        false
    }

    /// P-256 with ring; of the others aws-lc-rs is faster, or knows them at all.
    #[derive(Debug)]
    struct RingFirst;

    impl KeyProvider for RingFirst {
        fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
            let of_ring = ring::sign::any_ecdsa_type(&key).ok();
            let is_p256 =
                |key: &Arc<dyn SigningKey>| key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).is_some();
            match of_ring.filter(is_p256) {
                Some(key) => Ok(key),
                None => aws_lc_rs::default_provider().key_provider.load_private_key(key),
            }
        }
    }
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
