//! Signs and verifies by the AWS Signature Version 4 specification: in the header, in the query, in the
//! fields of forms, and the chunks of a streamed body.
//!
//! Everything here is pure: bytes, keys and the time go in, a value or an error comes out.
//!
//! ```text
//! RequestHead --header_form | query_form | post_form--> UnverifiedSignature
//!    --verify (time, then key and MAC)--> VerifiedSignature
//! VerifiedSignature --into_chunk_verifier--> ChunkVerifier --SignedChunkDecoder--> the data of verified chunks
//! ```

mod alternatives;
#[cfg(test)]
mod alternatives_tests;
mod canonical;
mod chunk_signature;
mod chunked;
mod header_form;
mod lifetime;
mod payload;
mod post_form;
mod query_form;
mod refusal;
mod scope;
mod sign;
mod signed_headers;
mod signing_key;
#[cfg(test)]
mod tests;
mod verify;

pub use alternatives::{Forgiven, Forgiveness};
pub use canonical::MissingHeader;
pub use chunk_signature::{ChunkSigner, ChunkVerifier};
pub use chunked::{ChunkedDecoder, LARGEST_CHUNK, SignedChunkDecoder};
pub use payload::Payload;
pub use refusal::unsigned;
pub use scope::{AcceptedRegion, Scope, Service, SigningTime};
pub use sign::{UpstreamPayload, sign};
pub use signing_key::SigningKey;
pub use verify::{Form, UnverifiedSignature, VerifiedSignature};
