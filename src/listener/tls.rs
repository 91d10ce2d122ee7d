//! The TLS configuration of a listener: rustls, 1.2 and 1.3, HTTP/2 and HTTP/1.1 by
//! ALPN, and no early data, because a replayed 0-RTT upload is an upload.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::tls::provider;

/// Why a listener's TLS cannot be set up. The operator's fault, except [`TlsError::Library`].
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file cannot be read or is not PEM.
    #[error("the certificate chain {} cannot be read: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key file cannot be read or is not PEM.
    #[error("the private key {} cannot be read: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key are not for each other, or of a kind that is not supported.
    #[error("the certificate {} and the key {} cannot be used together: {reason}", certificate.display(), key.display())]
    Pair {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls says.
        reason: rustls::Error,
    },
    /// The TLS library refused what is fixed here.
    #[error("the TLS library cannot be set up: {0}")]
    Library(#[source] rustls::Error),
}

/// Reads `files` and builds the configuration of a listener from them.
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&files.certificate)
        .map_err(|reason| TlsError::Certificate { path: files.certificate.clone(), reason })?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::Key { path: files.key.clone(), reason: error.to_string() })?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::Library)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|reason| TlsError::Pair { certificate: files.certificate.clone(), key: files.key.clone(), reason })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    // Of what both know, ours decides.
    config.ignore_client_order = true;
    config.ticketer = Ticketer::new().map_err(TlsError::Library)?;
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    if chain.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(chain) }
}
