//! Accepts, terminates TLS, limits and drains connections; yields peer and request to whatever service
//! it was given. Knows nothing of S3, of identities, or that there are two planes.
//!
//! ```text
//! accept (caps) -> worker (the thread that carries it) -> socket (stall timeout, pace, floods) -> TLS (handshake timeout) -> HTTP/1.1 or HTTP/2 by ALPN (head limits)
//!    -> service(Request<RequestBody>, Arc<Peer>) -> response (stream stall timeout) -> linger, close
//! ```

mod accept;
mod body;
mod connection;
mod drain;
mod http;
mod http1;
mod limits;
mod pace;
mod peer;
mod response;
mod socket;
mod stream;
pub mod tls;
mod workers;

pub use accept::Listener;
pub use body::{RequestBody, RequestBodyError};
pub use limits::Counters;
pub use peer::{Peer, TlsInfo};
pub use workers::Workers;
