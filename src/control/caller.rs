//! Who is calling, and which keys they may manage.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::ControlError;
use crate::identity::{Permission, Principal};
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

impl Caller {
    /// Whether they may manage everybody's keys.
    pub(super) fn is_administrator(&self) -> bool {
        match self {
            Self::SocketOwner => true,
            Self::Token(holder) => {
                holder.permission() == Permission::Admin || crate::fault::check_is_off("admin_route")
            }
        }
    }

    /// Whether they may see and end the keys of `principal`: their own, or everybody's.
    pub(super) fn may_manage(&self, principal: &Principal) -> bool {
        match self {
            _ if self.is_administrator() || crate::fault::check_is_off("own_keys_only") => true,
            Self::SocketOwner => true,
            Self::Token(holder) => holder.principal() == principal,
        }
    }

    /// Whose keys they may see, if not everybody's.
    pub(super) fn only_of(&self) -> Option<&Principal> {
        match self {
            Self::Token(holder) if !self.is_administrator() && !crate::fault::check_is_off("own_keys_only") => {
                Some(holder.principal())
            }
            _ => None,
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
        if caller.is_administrator() {
            Ok(Self(caller))
        } else {
            Err(ControlError::Forbidden("this takes an admin token".into()))
        }
    }
}
