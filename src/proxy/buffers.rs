//! The memory that may be held for bodies which have to be read before anything of them leaves: documents,
//! small files of forms, signed chunks. It is counted before it is used, for all requests together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::s3::{ErrorCode, S3Error};

/// What is left of the memory for held bodies. Counted in KiB.
#[derive(Clone, Debug)]
pub(super) struct Buffers(Arc<Semaphore>);

/// A part of that memory, given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved(OwnedSemaphorePermit);

impl Reserved {
    /// Holds `more` as well, which is of the same memory.
    pub(super) fn add(&mut self, more: Self) {
        self.0.merge(more.0);
    }
}

impl Buffers {
    /// Memory for `bytes` in all.
    pub(super) fn new(bytes: u64) -> Self {
        let kib = usize::try_from(bytes / KIB).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(kib)))
    }

    /// Takes `bytes` of it, to be held as long as the bytes are.
    ///
    /// # Errors
    /// `SlowDown` if so much is not left: the client is to try again, nobody waits here.
    pub(super) fn reserve(&self, bytes: u64) -> Result<Reserved, S3Error> {
        let kib = u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(kib);
        permit.map(Reserved).map_err(|_| {
            S3Error::new(
                ErrorCode::SlowDown,
                "This server holds as many request bodies as it may. Please reduce your request rate and retry.",
            )
        })
    }
}

const KIB: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_given_back_and_never_exceeded() {
        let buffers = Buffers::new(4096);
        let first = buffers.reserve(2048).unwrap();
        let _second = buffers.reserve(1025).unwrap();
        assert_eq!(buffers.reserve(1).unwrap_err().code, ErrorCode::SlowDown);
        drop(first);
        assert!(buffers.reserve(2048).is_ok());
        assert!(buffers.reserve(u64::MAX).is_err());
    }
}
