//! The body of a request whose signature was verified: nothing of it has been read, let alone proved.

use std::time::Duration;

use http::HeaderMap;

use super::incoming::IncomingBody;
use crate::proxy::buffers::Share;
use crate::proxy::error::Refusal;
use crate::sigv4::ChunkVerifier;

/// A body that nobody has looked at yet.
pub(in crate::proxy) struct UnverifiedBody {
    pub(super) incoming: IncomingBody,
    /// What verifies its chunks, where the signature says that they are signed.
    pub(super) chunks: Option<ChunkVerifier>,
}

impl UnverifiedBody {
    pub(in crate::proxy) fn new(incoming: IncomingBody, chunks: Option<ChunkVerifier>) -> Self {
        Self { incoming, chunks }
    }

    /// The same body, which has to come whole within `limit`. For bodies that are held until they are.
    pub(in crate::proxy) fn within(self, limit: Duration) -> Self {
        Self { incoming: self.incoming.within(limit), ..self }
    }

    /// Whether its length has to be found out: see [`settle`](Self::settle).
    pub(in crate::proxy) fn is_unsettled(&self) -> bool {
        matches!(self.incoming, IncomingBody::File(_))
    }

    /// Finds out the length of a body that has none yet: see [`IncomingBody::settle`].
    ///
    /// # Errors
    /// Those of the body.
    pub(in crate::proxy) async fn settle(self, buffers: &Share, headers: &mut HeaderMap) -> Result<Self, Refusal> {
        Ok(Self { incoming: self.incoming.settle(buffers, headers).await?, ..self })
    }
}
