//! Serves key management as JSON: over the control socket, to the owner of this process only.
//!
//! | route | what it does |
//! | --- | --- |
//! | `POST /v1/admin/keys` | create a static key; the only answer with a secret |
//! | `GET /v1/admin/keys?after=ID&limit=N` | list keys, by id |
//! | `GET /v1/admin/keys/{id}` | show one |
//! | `POST /v1/admin/keys/{id}/suspend`, `resume`, `revoke` | what they say |
//!
//! Who is calling is a [`Caller`] that whoever accepted the connection attaches; without one every
//! route answers 401. Failures are `{"code": <grpc number>, "message": ..., "details": []}`.

mod caller;
mod error;
mod keys;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::keys::Keys;

pub use caller::Caller;
pub use error::{ControlError, ErrorBody};
pub use keys::{CreateKey, CreatedKey, ImportedKey, KeyList, WireSecret};
pub use socket::{ControlSocket, SocketError, serve_socket, socket_beside};

/// Where new ids, secrets and nonces come from: the operating system.
pub type SystemRandom = UnwrapErr<SysRng>;

/// What the handlers work with.
#[derive(Clone)]
struct Services {
    keys: Arc<Keys>,
    random: SystemRandom,
}

/// The routes. They refuse everybody until a [`Caller`] is attached, as [`serve_socket`] does.
pub fn router(keys: Arc<Keys>, random: SystemRandom) -> Router {
    Router::new()
        .nest("/v1/admin/keys", keys::router())
        .fallback(|| async { ControlError::NoSuchRoute })
        .method_not_allowed_fallback(|| async { ControlError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Services { keys, random })
}

/// Bytes of a request body. The largest that makes sense, a key with attributes, is about 20 KiB.
const LARGEST_BODY: usize = 64 << 10;
