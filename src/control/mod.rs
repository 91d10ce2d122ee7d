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
mod grant;
mod keys;
mod limits;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::authority::Ceilings;
use crate::clock::Clock;
use crate::federation::Federation;
use crate::keys::Keys;

pub use caller::Caller;
pub use error::{ControlError, ErrorBody};
pub use keys::{CreateKey, CreatedKey, ImportedKey, KeyList, WireSecret};
pub use limits::TooOften;
pub use socket::{ControlSocket, SocketError, serve_socket, socket_beside};

/// Where new ids, secrets and nonces come from: the operating system.
pub type SystemRandom = UnwrapErr<SysRng>;

/// What the control plane is made of.
pub struct Control {
    /// The keys and tokens that it issues and manages.
    pub keys: Arc<Keys>,
    /// Whose word counts.
    pub federation: Arc<Federation>,
    /// The most that identities may do.
    pub ceilings: Ceilings,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The life of container credentials.
    pub container_key_life: Duration,
    /// As in `[limits]`.
    pub logins_per_minute_per_peer: u32,
    /// As in `[limits]`.
    pub keys_per_minute_per_identity: u32,
    /// Where new ids and secrets come from.
    pub random: SystemRandom,
}

impl Control {
    /// For whoever has the store itself in hand: manages everything, issues nothing but static keys.
    #[must_use]
    pub fn of_store_owner(
        keys: Arc<Keys>,
        federation: Arc<Federation>,
        clock: Arc<dyn Clock>,
        random: SystemRandom,
    ) -> Self {
        Self {
            keys,
            federation,
            ceilings: Ceilings::new(Vec::new()),
            clock,
            container_key_life: Duration::from_hours(1),
            logins_per_minute_per_peer: u32::MAX,
            keys_per_minute_per_identity: u32::MAX,
            random,
        }
    }
}

/// What the handlers work with.
#[derive(Clone)]
struct Services {
    keys: Arc<Keys>,
    federation: Arc<Federation>,
    ceilings: Arc<Ceilings>,
    clock: Arc<dyn Clock>,
    container_key_life: Duration,
    limits: Arc<limits::Limits>,
    random: SystemRandom,
}

impl From<Control> for Services {
    fn from(control: Control) -> Self {
        let limits = limits::Limits::new(control.logins_per_minute_per_peer, control.keys_per_minute_per_identity);
        Self {
            keys: control.keys,
            federation: control.federation,
            ceilings: Arc::new(control.ceilings),
            clock: control.clock,
            container_key_life: control.container_key_life,
            limits: Arc::new(limits),
            random: control.random,
        }
    }
}

/// The routes. They refuse everybody until a [`Caller`] is attached, as [`serve_socket`] does.
pub fn router(control: Control) -> Router {
    let services = Services::from(control);
    Router::new()
        .nest("/v1/admin/keys", keys::router())
        .fallback(|| async { ControlError::NoSuchRoute })
        .method_not_allowed_fallback(|| async { ControlError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(services)
}

/// Bytes of a request body. The largest that makes sense, a key with attributes, is about 20 KiB.
const LARGEST_BODY: usize = 64 << 10;
