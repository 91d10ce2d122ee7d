//! What each route takes, and whether the caller has it: one table, asked before a request's body is read
//! and again after it. A route that is not in the table is for nobody.

use std::fmt;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Method;

use super::{Caller, ControlError, Services};
use crate::authority::{Claim, Denial};
use crate::identity::{Evidence, Origin, Principal};
use crate::policy::{Context, ControlAction, Resource};

/// What a route takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// An admin token.
    Administrator,
    /// A known caller and nothing more.
    Caller,
    /// That the caller may do the action.
    May(ControlAction),
    /// That the caller may do the action on what is their own. The handler asks again once it knows whose
    /// what is to be changed is.
    MayOnOwn(ControlAction),
}

/// The routes that take a caller, each with what it takes. Those that look at a token or an assertion
/// themselves ask [`Services::demand_of_evidence`].
pub(super) const ROUTES: &[(Method, &str, Demand)] = &[
    (Method::GET, "/v1/cwobject/access-key", Demand::May(ControlAction::ListAccessKeyInfo)),
    (Method::POST, "/v1/cwobject/access-key", Demand::May(ControlAction::CreateAccessKey)),
    (Method::GET, "/v1/cwobject/access-key/{accessKeyId}", Demand::May(ControlAction::GetAccessKeyInfo)),
    (Method::PUT, "/v1/cwobject/access-key-status", Demand::MayOnOwn(ControlAction::UpdateAccessKeyStatus)),
    (
        Method::POST,
        "/v1/cwobject/revoke-access-key/access-key",
        Demand::MayOnOwn(ControlAction::RevokeAccessKeyByAccessKey),
    ),
    (
        Method::POST,
        "/v1/cwobject/revoke-access-key/principal",
        Demand::MayOnOwn(ControlAction::RevokeAccessKeysByPrincipal),
    ),
    (Method::GET, "/v1/cwobject/access-policy", Demand::May(ControlAction::ListAccessPolicy)),
    (Method::POST, "/v1/cwobject/access-policy", Demand::May(ControlAction::EnsureAccessPolicy)),
    (Method::DELETE, "/v1/cwobject/access-policy/{name}", Demand::May(ControlAction::DeleteAccessPolicy)),
    (Method::POST, "/v1/policy/explain", Demand::May(ControlAction::ListAccessPolicy)),
    (Method::GET, "/v1/policy/in-force", Demand::May(ControlAction::ListAccessPolicy)),
    (Method::GET, "/v1/cwobject/bucket-info", Demand::May(ControlAction::ListBucketInfo)),
    (Method::GET, "/v1/cwobject/bucket-info/{bucketName}", Demand::May(ControlAction::GetBucketInfo)),
    (Method::PUT, "/v1/cwobject/bucket/settings", Demand::May(ControlAction::SetBucketSettings)),
    (Method::PUT, "/v1/cwobject/organization/settings", Demand::May(ControlAction::SetOrganizationSettings)),
    (Method::GET, "/v1/cwobject/temporary-credentials/api-token", Demand::May(ControlAction::CreateAccessKey)),
    (Method::POST, "/v1/cwobject/auth/can-i", Demand::Caller),
    (Method::GET, "/v1beta1/auth/whoami", Demand::Caller),
];

/// Below this, everything is for administrators.
const ADMIN_ROUTES: &str = "/v1/admin/";

impl Demand {
    /// What `route` takes, as the router writes it; nothing for a route that is not in the table.
    pub(super) fn of(method: &Method, route: &str) -> Option<Self> {
        if route.starts_with(ADMIN_ROUTES) {
            return Some(Self::Administrator);
        }
        // A route for GET is one for HEAD too.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        ROUTES.iter().find(|(known, path, _)| known == method && *path == route).map(|(.., demand)| *demand)
    }
}

/// Lets a request through to a route that its caller may use.
pub(super) async fn authorize(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let demand = route.and_then(|route| Demand::of(request.method(), route));
    let judged = match (request.extensions().get::<Caller>(), demand) {
        (None, _) => Err(ControlError::Unauthenticated),
        // Another method of a known route: the router says so.
        (Some(_), None) => Err(ControlError::MethodNotAllowed),
        (Some(caller), Some(demand)) => services.demand(caller, demand).map(|()| demand),
    };
    match judged {
        Ok(demand) => {
            request.extensions_mut().insert(demand);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

impl Services {
    /// Whether `caller` has what a route takes.
    ///
    /// # Errors
    /// [`ControlError::NotAuthorized`], which says who, which action and why;
    /// [`ControlError::Forbidden`] without an admin token where it takes one; or that nobody can tell now.
    pub(super) fn demand(&self, caller: &Caller, demand: Demand) -> Result<(), ControlError> {
        match demand {
            Demand::Administrator if !caller.is_administrator() => Err(ControlError::takes_admin_token()),
            Demand::Administrator | Demand::Caller => Ok(()),
            Demand::May(action) => self.demand_action(caller, action, false),
            Demand::MayOnOwn(action) => self.demand_action(caller, action, true),
        }
    }

    /// Whether `caller` may do `action` on what belongs to `owner`; `None` if that is nobody, or not known.
    ///
    /// # Errors
    /// As [`demand`](Self::demand).
    pub(super) fn demand_on(
        &self,
        caller: &Caller,
        action: ControlAction,
        owner: Option<&Principal>,
    ) -> Result<(), ControlError> {
        let is_own = matches!((caller, owner), (Caller::Token(holder), Some(owner)) if holder.principal() == owner);
        self.demand_action(caller, action, is_own)
    }

    /// Whether the one that `evidence` speaks of may make a key.
    ///
    /// # Errors
    /// As [`demand`](Self::demand). It names nobody but them.
    pub(super) fn demand_of_evidence(&self, evidence: &Evidence) -> Result<(), ControlError> {
        let action = match evidence.origin() {
            Origin::Oidc { .. } => ControlAction::CreateAccessKeyOIDC,
            Origin::Saml { .. } => ControlAction::CreateAccessKeySAML,
        };
        let claim = Claim::of_principal(evidence.principal(), evidence.at_most());
        self.judge(&claim, action, false, evidence.principal())
    }

    /// Whether a policy lets whoever `claim` speaks of do `action`.
    ///
    /// # Errors
    /// [`ControlError::Authority`] if nobody can tell now.
    pub(super) fn may(&self, claim: &Claim<'_>, action: ControlAction) -> Result<bool, ControlError> {
        let in_force = self.authority.in_force()?;
        Ok(in_force.judge(claim, action.into(), Resource::Any, &Context::new()).is_ok())
    }

    fn demand_action(&self, caller: &Caller, action: ControlAction, is_own: bool) -> Result<(), ControlError> {
        match caller {
            // They could read and write the store.
            Caller::SocketOwner => Ok(()),
            _ if caller.is_administrator() => Ok(()),
            Caller::Token(holder) => {
                let claim = Claim::of_principal(holder.principal(), holder.permission());
                self.judge(&claim, action, is_own, holder.principal())
            }
        }
    }

    fn judge(
        &self,
        claim: &Claim<'_>,
        action: ControlAction,
        is_own: bool,
        who: &impl fmt::Display,
    ) -> Result<(), ControlError> {
        let in_force = self.authority.in_force()?;
        let judged = if is_own {
            in_force.judge_own(claim, action)
        } else {
            in_force.judge(claim, action.into(), Resource::Any, &Context::new())
        };
        match judged {
            Err(denial) if !crate::fault::check_is_off("control_action") => {
                // The names of policies and statements are for the log alone.
                tracing::info!(%who, %action, reason = %denial, "denied an action of the control plane");
                Err(not_authorized(who, denial))
            }
            _ => Ok(()),
        }
    }
}

fn not_authorized(who: &impl fmt::Display, denial: Denial) -> ControlError {
    ControlError::NotAuthorized { who: who.to_string(), denial }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_nobody_wrote_down_is_for_nobody() {
        assert_eq!(Demand::of(&Method::GET, "/v1/cwobject/new-route"), None);
        assert_eq!(Demand::of(&Method::PATCH, "/v1/cwobject/access-key"), None);
        let list = Some(Demand::May(ControlAction::ListAccessKeyInfo));
        assert_eq!(Demand::of(&Method::GET, "/v1/cwobject/access-key"), list);
        assert_eq!(Demand::of(&Method::HEAD, "/v1/cwobject/access-key"), list);
        assert_eq!(Demand::of(&Method::DELETE, "/v1/admin/whatever"), Some(Demand::Administrator));
    }
}
