//! Who is calling the API listener: whoever shows an API token, or a token of a trusted issuer that counts
//! as one. On the control socket it is clear already.

mod bearer;
mod oidc;
mod saml;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Extensions;
use http::request::Parts;

use super::record::Acting;
use super::{Caller, ControlError, Services};
use crate::listener::Peer;

pub(super) use bearer::raw_token;

/// Lets a request through to a route that needs to know who is calling, once it is known.
pub(super) async fn demand_caller(State(mut services): State<Services>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let caller = match services.caller(&head).await {
        Ok(caller) => caller,
        Err(_) if crate::fault::check_is_off("bearer_login") => Caller::SocketOwner,
        Err(error) => return error.into_response(),
    };
    let acting = Acting(caller.to_string());
    head.extensions.insert(caller);
    let mut response = next.run(Request::from_parts(head, body)).await;
    response.extensions_mut().insert(acting);
    response
}

/// Lets a request through to a route that looks at a token or an assertion itself.
pub(super) async fn count_attempt(State(services): State<Services>, request: Request, next: Next) -> Response {
    match services.count_login(request.extensions()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

impl Services {
    async fn caller(&mut self, head: &Parts) -> Result<Caller, ControlError> {
        if let Some(caller) = head.extensions.get::<Caller>() {
            return Ok(caller.clone());
        }
        self.count_login(&head.extensions)?;
        let holder = self.token_holder(&head.headers).await?;
        Ok(Caller::Token(holder))
    }

    /// Counts an attempt to log in, by the address that the connection came from and nothing that the
    /// client says. The owner of the control socket is not counted.
    pub(super) fn count_login(&self, connection: &Extensions) -> Result<(), ControlError> {
        if matches!(connection.get::<Caller>(), Some(Caller::SocketOwner)) {
            return Ok(());
        }
        // From nowhere: nothing that this program listens on.
        let peer = connection.get::<Arc<Peer>>().ok_or(ControlError::Unauthenticated)?;
        match self.limits.login_from(peer.address.ip()) {
            Err(too_often) if !crate::fault::check_is_off("login_limit") => Err(too_often.into()),
            _ => Ok(()),
        }
    }
}
