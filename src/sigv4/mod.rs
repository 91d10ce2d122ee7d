//! Signs and verifies by the AWS Signature Version 4 specification, header and presigned forms.
//!
//! Everything here is pure: bytes, keys and the time go in, a value or an error comes out.

mod signing_key;

pub use signing_key::SigningKey;
