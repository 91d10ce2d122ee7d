//! Who is calling, as whoever accepted the connection established it.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::ControlError;
use crate::identity::Permission;
use crate::keys::TokenHolder;

/// The one who makes a management request. There is no default: a request without a caller is refused.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The user that runs this process, over the control socket. May do everything.
    SocketOwner,
    /// The holder of an API token.
    Token(TokenHolder),
}

/// A caller who may manage every key.
#[derive(Clone, Debug)]
pub(super) struct Administrator(pub(super) Caller);

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SocketOwner => formatter.write_str("the owner of the control socket"),
            Self::Token(holder) => holder.principal().fmt(formatter),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Caller>() {
            Some(caller @ Caller::SocketOwner) => Ok(Self(caller.clone())),
            Some(caller @ Caller::Token(holder)) if holder.permission() == Permission::Admin => {
                Ok(Self(caller.clone()))
            }
            Some(Caller::Token(_)) => Err(ControlError::Forbidden("this takes an admin token".into())),
            None => Err(ControlError::Unauthenticated),
        }
    }
}
