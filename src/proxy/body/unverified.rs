//! The body of a request whose signature was verified: nothing of it has been read, let alone proved.

use crate::listener::RequestBody;
use crate::sigv4::ChunkVerifier;

/// A body that nobody has looked at yet.
pub(in crate::proxy) struct UnverifiedBody {
    pub(super) incoming: RequestBody,
    /// What verifies its chunks, where the signature says that they are signed.
    pub(super) chunks: Option<ChunkVerifier>,
}

impl UnverifiedBody {
    pub(in crate::proxy) fn new(incoming: RequestBody, chunks: Option<ChunkVerifier>) -> Self {
        Self { incoming, chunks }
    }
}
