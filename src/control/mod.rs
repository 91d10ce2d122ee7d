//! Serves the issuing and managing of access keys as JSON: over the API listener, to holders of API tokens
//! and to whom a trusted identity provider vouches for; over the control socket, to the owner of this
//! process.
//!
//! | routes | what they do | who may |
//! | --- | --- | --- |
//! | `/v1/cwobject/access-key…` | access keys: create one's own; list, show, suspend, revoke | whom a policy lets |
//! | `/v1/cwobject/temporary-credentials/…` | keys for a SAML response, an OIDC token, and as SDKs fetch them | whoever proves it, if a policy lets them |
//! | `/v1/cwobject/access-policy…` | organization policies: list, put, delete | whom a policy lets |
//! | `/v1/cwobject/{bucket-info,bucket,organization}…` | buckets and settings | whom a policy lets |
//! | `/v1/policy/…` | why something is allowed or denied, and everything that decides it | whom a policy lets |
//! | `/v1/cwobject/auth/can-i`, `/v1beta1/auth/whoami` | what the caller may do, and who they are | every token |
//! | `/v1/admin/{keys,tokens,federation/…}` | static keys, API tokens, trusted identity providers | an admin |
//! | `/v1/admin/store/rotate-seal` | the secrets in the store, sealed anew | an admin |
//! | `POST /`, `GET /` | AWS STS, in XML: see `sts` | whoever proves it |
//! | `/openapi.json` | all of this, for programs | anybody |
//!
//! ```text
//! record --request id--> login --Caller--> authorize --> a handler --> grant --> keys::issue
//!                        or: federation --Evidence--> authorize --^
//! ```
//! A policy lets somebody do something if it allows their principal the `cwobject:` action that
//! `authorize` has in its table for the route. An admin token and the owner of the socket need none.
//! Failures are `{"code": <grpc number>, "message": ..., "details": []}`.

mod access_key;
mod asked;
mod authorize;
mod body;
mod buckets;
mod caller;
mod can_i;
mod error;
mod federation;
mod grant;
mod keys;
mod limits;
mod login;
mod openapi;
mod organization_settings;
mod page;
mod policies;
mod record;
mod socket;
mod store;
mod sts;
mod temporary_credentials;
#[cfg(test)]
mod tests;
mod tokens;
mod whoami;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;

use crate::authority::Authority;
use crate::backend::Backends;
use crate::clock::Clock;
use crate::federation::Federation;
use crate::keys::Keys;
use crate::sigv4::AcceptedRegion;

pub use access_key::{
    AccessKey, AccessKeyAnswer, AccessKeyInfo, AccessKeyList, CreateAccessKey, DurationSeconds, MultiAttributes,
    RevokeAccessKey, RevokePrincipal, UpdateAccessKeyStatus,
};
pub use body::Empty;
pub use buckets::{
    BucketInfo, BucketInfoAnswer, BucketInfoList, BucketSettingsAnswer, BucketSettingsMessage, BucketUsage,
    ChangedBucketSettings, SetBucketSettings,
};
pub use caller::Caller;
pub use can_i::{CanI, CanIAnswer};
pub use error::{ControlError, ErrorBody};
pub use federation::{
    CreateOidcConfig, CreateSamlConfig, OidcApiAccess, OidcConfigAnswer, OidcConfigList, OidcConfigMessage,
    SamlConfigAnswer, SamlConfigList, SamlConfigMessage, UpdateOidcConfig, UpdateSamlConfig,
};
pub use keys::{CreateKey, CreatedKey, ImportedKey, KeyList, RevokeKeys, RevokedKeys, WireSecret};
pub use limits::TooOften;
pub use organization_settings::{
    ChangedOrganizationSettings, OrganizationSettingsAnswer, OrganizationSettingsMessage, SetOrganizationSettings,
};
pub use policies::{
    BucketInForce, CeilingInForce, ConsideredStatement, ContextValue, Decision, EnsuredPolicy, Explain, ExplainAnswer,
    Layer, ListedPolicy, Origin, PoliciesInForce, PolicyDocument, PolicyList, PolicyStatement, PublicAccessBlock,
};
pub use socket::{ControlSocket, SocketError, serve_socket, socket_beside};
pub use store::SealRotation;
pub use temporary_credentials::{ContainerCredentials, CreateAccessKeyFromOidc, CreateAccessKeyFromSaml, Shown};
pub use tokens::{CreateToken, CreatedToken, RevokeToken, TokenList, UpdateToken, WireToken};
pub use whoami::{WhoAmI, WhoAmIPrincipal};

/// Where new ids, secrets and nonces come from: the operating system.
pub type SystemRandom = UnwrapErr<SysRng>;

/// What the control plane is made of.
pub struct Control {
    /// The keys and tokens that it issues and manages.
    pub keys: Arc<Keys>,
    /// Whose word counts.
    pub federation: Arc<Federation>,
    /// What may be done by whom, and the ways to change it.
    pub authority: Arc<Authority>,
    /// The storage, asked for its buckets; none without a running server.
    pub backends: Option<Arc<Backends>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The life of container credentials.
    pub container_key_life: Duration,
    /// The region that requests to the security token service are signed for.
    pub region: AcceptedRegion,
    /// The region that clients are told buckets are in: `[s3] region`.
    pub location: String,
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
        authority: Arc<Authority>,
        clock: Arc<dyn Clock>,
        random: SystemRandom,
    ) -> Self {
        Self {
            keys,
            federation,
            authority,
            backends: None,
            clock,
            container_key_life: Duration::from_hours(1),
            region: AcceptedRegion::Any,
            location: String::new(),
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
    authority: Arc<Authority>,
    backends: Option<Arc<Backends>>,
    clock: Arc<dyn Clock>,
    container_key_life: Duration,
    region: Arc<AcceptedRegion>,
    location: Arc<str>,
    limits: Arc<limits::Limits>,
    saml_slots: Arc<Semaphore>,
    random: SystemRandom,
}

impl From<Control> for Services {
    fn from(control: Control) -> Self {
        let limits = limits::Limits::new(control.logins_per_minute_per_peer, control.keys_per_minute_per_identity);
        Self {
            keys: control.keys,
            federation: control.federation,
            authority: control.authority,
            backends: control.backends,
            clock: control.clock,
            container_key_life: control.container_key_life,
            region: Arc::new(control.region),
            location: control.location.into(),
            limits: Arc::new(limits),
            saml_slots: Arc::new(Semaphore::new(SAML_AT_A_TIME)),
            random: control.random,
        }
    }
}

/// The routes. On most of them a caller has to be known: attached as a [`Caller`], as [`serve_socket`]
/// does, or proved by an API token. Where a [`Peer`](crate::listener::Peer) is attached, as the API
/// listener does, attempts to log in are counted by its address; without one, nobody can log in.
pub fn router(control: Control) -> Router {
    let services = Services::from(control);
    let known = OpenApiRouter::new()
        .merge(access_key::router())
        .merge(temporary_credentials::router())
        .merge(whoami::router())
        .merge(can_i::router())
        .merge(policies::router())
        .merge(buckets::router())
        .merge(organization_settings::router())
        .merge(keys::router())
        .merge(tokens::router())
        .merge(federation::router())
        .merge(store::router())
        .route_layer(from_fn_with_state(services.clone(), authorize::authorize))
        .route_layer(from_fn_with_state(services.clone(), login::demand_caller));
    let anybody = temporary_credentials::federated_router()
        .route_layer(from_fn_with_state(services.clone(), login::count_attempt));
    let (routes, document) = openapi::router().merge(known).merge(anybody).split_for_parts();
    routes
        .merge(openapi::serve(&document))
        .merge(sts::router())
        .fallback(|| async { ControlError::NoSuchRoute })
        .method_not_allowed_fallback(|| async { ControlError::MethodNotAllowed })
        .layer(from_fn_with_state(services.clone(), record::record))
        .with_state(services)
}

/// SAML responses that are verified at a time: each takes a processor for milliseconds, and whoever sends
/// them need not be anybody.
const SAML_AT_A_TIME: usize = 8;
