//! `tls = { cert = ..., key = ... }`: the two PEM files of a listener. They are read once here, so
//! that a wrong path or a world-readable key is found before anything starts; the listener reads
//! them again when it builds (and rebuilds) its TLS configuration.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::certificate::{self, CertificateSummary};
use super::error::Problem;
use super::secret_file::{self, Folders};

/// The certificate chain and the private key of a listener, as PEM files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The certificate chain, the listener's own certificate first.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// What the first certificate said when it was checked.
    pub summary: CertificateSummary,
}

/// The files as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    cert: PathBuf,
    key: PathBuf,
}

impl Written {
    /// Reads both files; `exposed` listeners refuse the development certificate.
    pub(super) fn check(self, exposed: bool, folders: &Folders) -> Result<TlsFiles, Problem> {
        let path = folders.resolve(&self.cert);
        let chain = certificates(&path).map_err(|found| Problem::new("cert", found, "a PEM certificate chain"))?;
        if exposed && chain.iter().any(|certificate| certificate::is_development(certificate)) {
            return Err(Problem::new(
                "cert",
                format!("the development certificate ({})", path.display()),
                "your own certificate, or a loopback address, or insecure = true",
            ));
        }
        let summary = certificate::summary(&chain[0]);
        let key = folders.secret_path(&self.key);
        let text = secret_file::read(&key).map_err(|problem| problem.of("key"))?;
        private_key(&text)
            .map_err(|found| Problem::new("key", format!("{} ({found})", key.path.display()), "a PEM private key"))?;
        Ok(TlsFiles { certificate: path, key: key.path, summary })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let in_file = |what: &str| format!("{} ({what})", path.display());
    let text = std::fs::read(path).map_err(|error| in_file(&secret_file::reason(&error)))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| in_file(&error.to_string()))?;
    if chain.is_empty() { Err(in_file("no certificate in it")) } else { Ok(chain) }
}

pub(super) fn private_key(text: &Zeroizing<String>) -> Result<(), &'static str> {
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map(drop).map_err(|_| "no private key in it")
}
