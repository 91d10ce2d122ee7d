//! What the tests over real sockets share: an app to test, a backend that records bytes, a raw client,
//! and signers that owe nothing to the code under test.

pub(crate) mod app;
pub(crate) mod chunks;
pub(crate) mod declared;
pub(crate) mod form;
pub(crate) mod hand_signer;
pub(crate) mod http2;
pub(crate) mod keys;
pub(crate) mod recording_backend;
pub(crate) mod request;
pub(crate) mod setup;
pub(crate) mod sign;
pub(crate) mod signed_chunks;
pub(crate) mod wire;
