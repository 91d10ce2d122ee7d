//! `POST /v1/cwobject/auth/can-i`: `AuthCanI`. Whoever shows a token may ask what they themselves may do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{action_named, known_of, resource_for};
use super::body::StrictJson;
use super::{Caller, ControlError, ErrorBody, Services};
use crate::authority::{Claim, InForce};
use crate::policy::{Context, OwnedContext, PolicyAction};

/// A question: may the caller do every one of these actions on every one of these resources?
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanI {
    /// The actions, by their full names: at least one.
    pub actions: Vec<String>,
    /// The resources: `*`, `bucket`, `bucket/key`, or ARNs of these; at least one.
    pub resources: Vec<String>,
}

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CanIAnswer {
    /// Whether all of it is allowed. Conditions of bucket policies are judged as if nothing but the caller
    /// were known of the request.
    pub verdict: bool,
}

pub(super) fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(can_i))
}

/// Ask whether the caller may do something
#[utoipa::path(
    post, path = "/v1/cwobject/auth/can-i", operation_id = "CWObject_AuthCanI", tag = "CWObject",
    request_body = CanI,
    responses((status = 200, body = CanIAnswer), (status = "default", body = ErrorBody)),
    security(("TokenAuth" = []))
)]
async fn can_i(
    caller: Caller,
    State(services): State<Services>,
    StrictJson(question): StrictJson<CanI>,
) -> Result<Json<CanIAnswer>, ControlError> {
    let CanI { actions, resources } = question;
    if actions.is_empty() || resources.is_empty() {
        return Err(ControlError::Invalid("actions and resources: name at least one of each".into()));
    }
    if actions.len().saturating_mul(resources.len()) > MOST_COMBINATIONS {
        let advice =
            format!("at most {MOST_COMBINATIONS} combinations of an action and a resource are judged at a time");
        return Err(ControlError::Invalid(advice));
    }
    let actions = actions.iter().map(|name| action_named(name)).collect::<Result<Vec<_>, _>>()?;
    let organization = services.authority.organization();
    let known = match &caller {
        Caller::SocketOwner => BTreeMap::new(),
        Caller::Token(holder) => known_of(holder.principal(), holder.groups(), organization).collect(),
    };
    let context = OwnedContext::parse(&known, organization)?;
    let context = context.lend();
    let in_force = services.authority.in_force()?;
    let mut verdict = true;
    for action in actions {
        for resource in &resources {
            // All are looked at, so that a wrong name is always told.
            verdict &= may(&caller, &in_force, action, resource, &context)?;
        }
    }
    Ok(Json(CanIAnswer { verdict }))
}

fn may(
    caller: &Caller,
    in_force: &InForce,
    action: PolicyAction,
    resource: &str,
    context: &Context<'_>,
) -> Result<bool, ControlError> {
    let resource = resource_for(action, resource)?;
    Ok(match caller {
        _ if caller.is_administrator() && matches!(action, PolicyAction::Control(_)) => true,
        // They have no key, and so nothing to do with S3.
        Caller::SocketOwner => false,
        Caller::Token(holder) => {
            let claim = Claim::of_principal(holder.principal(), holder.permission());
            in_force.judge(&claim, action, resource.lend(), context).is_ok()
        }
    })
}

const MOST_COMBINATIONS: usize = 10_000;
