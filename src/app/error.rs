//! Why the program did not start. Every message says what to look at.

use std::io;
use std::net::SocketAddr;

use crate::authority::AuthorityError;
use crate::backend::BackendError;
use crate::control::SocketError;
use crate::federation::FederationError;
use crate::keys::KeysError;
use crate::listener::tls::TlsError;
use crate::store::OpenError;

/// Why the program did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policies cannot be read.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A backend's trusted certificates are unusable.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ([{section}] listen): {source}")]
    Bind {
        /// The section of the configuration.
        section: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The control socket cannot be made.
    #[error(transparent)]
    Control(#[from] SocketError),
    /// The federation configurations, or what they need, cannot be read.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// What the store holds cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A certificate or its key is unusable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A build without authentication is to listen where others can reach it.
    #[cfg(portcullis_bench_no_auth)]
    #[error(
        "this build authenticates nobody, so it listens on loopback only, and not on {address} ([{section}] listen)"
    )]
    Unguarded {
        /// The section of the configuration.
        section: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The threads that carry requests cannot be started.
    #[error("the system gives no thread for requests ([s3] workers): {0}")]
    Workers(#[source] io::Error),
}
