//! Who is calling, as whoever accepted the connection established it.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::ControlError;

/// The one who makes a management request. There is no default: a request without a caller is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Caller {
    /// The user that runs this process, over the control socket. May do everything.
    SocketOwner,
}

/// A caller who may manage every key.
#[derive(Clone, Debug)]
pub(super) struct Administrator(pub(super) Caller);

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SocketOwner => formatter.write_str("the owner of the control socket"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(caller @ Caller::SocketOwner) => Ok(Self(caller.clone())),
            None => Err(ControlError::Unauthenticated),
        }
    }
}
