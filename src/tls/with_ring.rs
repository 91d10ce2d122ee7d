//! The ciphers of ring, where they are faster: ring uses the wide AES instructions together with AVX2, aws-lc only
//! together with AVX-512
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
