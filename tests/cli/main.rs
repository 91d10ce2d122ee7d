//! The commands that administrators and SDKs run, as processes of their own: against a stopped store, a
//! running server's control socket, and its API, in the clear on loopback and over TLS.

mod credentials;
mod federation;
mod policy;
mod program;
mod remote;
mod server;
mod stub;
mod token;
