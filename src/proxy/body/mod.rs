//! The body of a request, proved while it streams: what the client promised of it, the reader that
//! checks the promise in one pass, and the tail that is held back until the proof is in.

mod decoder;
mod digest;
mod framed;
mod incoming;
mod promise;
mod unverified;
mod verify;

pub(super) use framed::{FramedBody, SMALLEST_CHUNK, announce_trailer};
pub(super) use incoming::{IncomingBody, IncomingBodyError, reading_failed};
pub(super) use promise::Promise;
pub(super) use unverified::UnverifiedBody;
pub(super) use verify::{ProofReceiver, Proved, VerifyingBody};

/// A body of at most this size is proved before anything of it, or of its request, is sent on.
pub(super) const HELD_BACK: u64 = 16 * 1024;
