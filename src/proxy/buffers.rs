//! The memory that may be held for bodies which have to be read before anything of them leaves: documents,
//! small files of forms, signed chunks. It is counted before it is used: for all requests together, and for
//! those of each identity, so that nobody who sends slowly keeps others from sending at all.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::room::{Place, Room};
use super::sender::Sender;
use crate::identity::Principal;
use crate::s3::{ErrorCode, S3Error};

/// What is left of the memory for held bodies. Counted in KiB.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    in_all: Arc<Semaphore>,
    by_identity: Arc<Room<Option<Principal>>>,
}

/// That memory, as far as one sender may have of it.
#[derive(Clone, Debug)]
pub(super) struct Share {
    of: Buffers,
    sender: Option<Principal>,
}

/// A part of that memory, given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    in_all: OwnedSemaphorePermit,
    of_sender: Place<Option<Principal>>,
}

impl Reserved {
    /// Holds `more` as well, which is of the same memory.
    pub(super) fn add(&mut self, more: Self) {
        self.in_all.merge(more.in_all);
        self.of_sender.add(more.of_sender);
    }
}

impl Buffers {
    /// Memory for `bytes` in all. One sender may have a quarter of it, or [`LEAST_SHARE`].
    pub(super) fn new(bytes: u64) -> Self {
        let kib = |bytes: u64| usize::try_from(bytes / KIB).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let by_identity = Arc::new(Room::new(kib((bytes / 4).max(LEAST_SHARE))));
        Self { in_all: Arc::new(Semaphore::new(kib(bytes))), by_identity }
    }

    /// What `sender` may have of it.
    pub(super) fn share(&self, sender: &Sender) -> Share {
        self.share_of(sender.principal().cloned())
    }

    fn share_of(&self, sender: Option<Principal>) -> Share {
        Share { of: self.clone(), sender }
    }
}

impl Share {
    /// Takes `bytes` of it, to be held as long as the bytes are.
    ///
    /// # Errors
    /// `SlowDown` if so much is not left: the client is to try again, nobody waits here.
    pub(super) fn reserve(&self, bytes: u64) -> Result<Reserved, S3Error> {
        let kib = u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX);
        let of_sender = self.of.by_identity.enter(self.sender.clone(), usize::try_from(kib).unwrap_or(usize::MAX));
        let of_sender = of_sender.ok_or_else(|| full("Your identity has"))?;
        let in_all = Arc::clone(&self.of.in_all).try_acquire_many_owned(kib);
        let in_all = in_all.map_err(|_| full("This server holds"))?;
        Ok(Reserved { in_all, of_sender })
    }
}

fn full(who: &str) -> S3Error {
    S3Error::new(
        ErrorCode::SlowDown,
        format!("{who} as many request bodies in memory as it may. Please reduce your request rate and retry."),
    )
}

const KIB: u64 = 1024;

/// What one sender may have in any case, in bytes: more than the longest document, and a few of the largest
/// chunks.
const LEAST_SHARE: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn memory_is_taken_given_back_and_never_exceeded() {
        let share = Buffers::new(4096).share_of(None);
        let first = share.reserve(2048).unwrap();
        let _second = share.reserve(1025).unwrap();
        assert_eq!(share.reserve(1).unwrap_err().code, ErrorCode::SlowDown);
        drop(first);
        assert!(share.reserve(2048).is_ok());
        assert!(share.reserve(u64::MAX).is_err());
    }

    #[test]
    fn one_sender_leaves_memory_for_others() {
        let buffers = Buffers::new(64 * MIB);
        let of = |name: &str| buffers.share_of(Some(format!("static/{name}").try_into().unwrap()));
        let mut held = of("a").reserve(15 * MIB).unwrap();
        held.add(of("a").reserve(MIB).unwrap());
        assert_eq!(of("a").reserve(1).unwrap_err().code, ErrorCode::SlowDown);
        let others = ["b", "c", "d"].map(|name| of(name).reserve(16 * MIB).unwrap());
        assert_eq!(of("e").reserve(1).unwrap_err().code, ErrorCode::SlowDown, "all of it is taken");
        drop(held);
        assert!(of("a").reserve(16 * MIB).is_ok());
        drop(others);
    }
}
