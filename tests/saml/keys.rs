//! The parties: a trusted identity provider with its keys, and an attacker with a key.

use std::sync::LazyLock;

use bergshamra::keys::loader::load_pem_auto;
use bergshamra::{DsigContext, Key, KeysManager};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm, date_time_ymd};

/// A key with its self-signed certificate.
pub(crate) struct Signer {
    pub(crate) certificate_pem: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Key,
    pub(crate) private_key: Vec<u8>,
}

impl Signer {
    fn new(algorithm: &'static SignatureAlgorithm, last_year: i32) -> Self {
        bergshamra::initialize_backend().unwrap();
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let mut parameters = CertificateParams::new(vec!["idp.example.test".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(last_year, 12, 31);
        let certificate = parameters.self_signed(&pair).unwrap();
        Self {
            certificate_pem: certificate.pem(),
            certificate: certificate.der().to_vec(),
            key: load_pem_auto(pair.serialize_pem().as_bytes(), None).unwrap(),
            private_key: pair.serialize_der(),
        }
    }

    /// What the XML signature library signs with.
    pub(crate) fn context(&self) -> DsigContext {
        let mut keys = KeysManager::new();
        keys.add_key(self.key.clone());
        DsigContext::new(keys)
    }
}

/// The identity provider's key.
pub(crate) static TRUSTED: LazyLock<Signer> = LazyLock::new(|| Signer::new(&PKCS_RSA_SHA256, 2040));
/// The key it changes to; its certificate is from a time that has passed.
pub(crate) static SECOND: LazyLock<Signer> = LazyLock::new(|| Signer::new(&PKCS_RSA_SHA256, 2021));
/// An identity provider that uses ECDSA.
pub(crate) static ECDSA: LazyLock<Signer> = LazyLock::new(|| Signer::new(&PKCS_ECDSA_P256_SHA256, 2040));
/// Somebody else's.
pub(crate) static ATTACKER: LazyLock<Signer> = LazyLock::new(|| Signer::new(&PKCS_RSA_SHA256, 2040));
