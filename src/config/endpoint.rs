//! `[api]` and `[admin]`: where to listen, and with which certificate. Also holds the rule that every
//! listener follows: without TLS only on loopback.

use std::net::SocketAddr;

use serde::Deserialize;

use super::error::Problem;
use super::secret_file::Folders;
use super::tls::{self, TlsFiles};

/// A listener, checked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// Certificate and key; none: plain HTTP/1.1.
    pub tls: Option<TlsFiles>,
}

/// A listener section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    listen: String,
    tls: Option<tls::Written>,
    #[serde(default)]
    insecure: bool,
}

impl Written {
    pub(super) fn check(self, folders: &Folders) -> Result<Endpoint, Problem> {
        check(&self.listen, self.tls, self.insecure, folders)
    }
}

/// Plain HTTP shows every request to whoever is on the way, and the development certificate's key is
/// public: both stay on loopback unless the operator says `insecure = true`.
pub(super) fn check(
    listen: &str,
    tls: Option<tls::Written>,
    insecure: bool,
    folders: &Folders,
) -> Result<Endpoint, Problem> {
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| Problem::text("listen", listen, "an IP address and a port such as \"127.0.0.1:8443\""))?;
    let exposed = !address.ip().is_loopback() && !insecure;
    let Some(tls) = tls else {
        if exposed {
            let found = format!("{listen:?} without tls");
            return Err(Problem::new("listen", found, "a loopback address, or tls, or insecure = true"));
        }
        return Ok(Endpoint { listen: address, tls: None });
    };
    let tls = tls.check(exposed, folders).map_err(|problem| problem.under("tls"))?;
    Ok(Endpoint { listen: address, tls: Some(tls) })
}
