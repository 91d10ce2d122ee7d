//! From a checked configuration to a running program, and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::{Request, Response};
use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::{StartError, descriptors};
use crate::authority::{Authority, Ceilings};
use crate::backend::Backends;
use crate::clock::Clock;
use crate::config::{self, Config, Endpoint, Limits, StorePlace, TlsFiles};
use crate::control::{self, Control, ControlSocket};
use crate::federation::Federation;
use crate::keys::{CacheSettings, Keys};
use crate::listener::{self, Listener, Peer, RequestBody, Workers, tls};
use crate::proxy::{self, Proxy};
use crate::sigv4::AcceptedRegion;
use crate::store;
use crate::telemetry::{metrics, probes};

/// The program, built and not yet running.
pub struct App;

/// The program while it runs. Dropping it leaves the listeners running until the runtime ends;
/// [`Running::shutdown`] is the way to stop.
pub struct Running {
    /// Where the data plane listens.
    pub s3_address: SocketAddr,
    /// What happened to connections of the data plane.
    pub s3_connections: Arc<listener::Counters>,
    /// What requests of the data plane were refused because too many ran.
    pub s3_requests: Arc<proxy::Counters>,
    /// How often signatures of the data plane were forgiven what a proxy in front had changed.
    pub s3_forgiven: Arc<proxy::ForgivenCounters>,
    /// Where the control plane listens, if it does.
    pub api_address: Option<SocketAddr>,
    /// Where health is told, if it is.
    pub admin_address: Option<SocketAddr>,
    /// The keys that requests are verified against.
    pub keys: Arc<Keys>,
    /// Whose word counts.
    pub federation: Arc<Federation>,
    /// What may be done by whom.
    pub authority: Arc<Authority>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Opens the store, binds every listener, and serves. Nothing is bound before the configuration and
    /// everything it names has been read.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
        #[cfg(portcullis_bench_no_auth)]
        super::unguarded::keep_to_loopback(&config)?;
        let mut random = UnwrapErr(SysRng);
        let (limits, own_limits) = descriptors::fit(&config.limits, descriptors::raise());
        let (limits, own_limits) = (Arc::new(limits), Arc::new(own_limits));
        let backends = Arc::new(Backends::new(&config.backends, &limits, &clock)?);
        let s3_tls = server_tls(config.s3.tls.as_ref())?;
        let api_tls = config.api.as_ref().map(|api| server_tls(api.endpoint.tls.as_ref())).transpose()?.flatten();
        let admin_tls = config.admin.as_ref().map(|admin| server_tls(admin.tls.as_ref())).transpose()?.flatten();

        let (store, seal) = store::open(&config.store, &clock, &mut random).await?;
        let organization = config.organization.clone();
        let alone = matches!(config.store.place, StorePlace::Embedded(_));
        let cache = CacheSettings { alone, ..CacheSettings::default() };
        let federation = Federation::open(Arc::clone(&store), Arc::clone(&clock), &config.federation).await?;
        let ceilings = Ceilings::new(config.ceilings.clone());
        let authority =
            Authority::open(Arc::clone(&store), organization.clone(), ceilings, config.policies.clone()).await?;
        let keys = Keys::open(store, seal, Arc::clone(&clock), organization, cache, &mut random).await?;

        let workers = Workers::start(config.s3.workers).map_err(StartError::Workers)?;
        let s3 = bind("s3", config.s3.listen, s3_tls, &limits)?.on(workers);
        let api = optional("api", config.api.as_ref().map(|api| &api.endpoint), api_tls, &own_limits)?;
        let admin = optional("admin", config.admin.as_ref(), admin_tls, &own_limits)?;
        let socket = ControlSocket::bind(&config.store.control_socket).await?;

        let seed = random.next_u64();
        let proxy = Arc::new(Proxy::new(
            &config.s3,
            &limits,
            Arc::clone(&keys),
            Arc::clone(&authority),
            Arc::clone(&backends),
            Arc::clone(&clock),
            seed,
        ));
        let running = Running {
            s3_connections: s3.counters(),
            s3_requests: proxy.counters(),
            s3_forgiven: proxy.forgiven(),
            s3_address: s3.local_addr(),
            api_address: api.as_ref().map(Listener::local_addr),
            admin_address: admin.as_ref().map(Listener::local_addr),
            keys: Arc::clone(&keys),
            federation: Arc::clone(&federation),
            authority: Arc::clone(&authority),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let routes = control::router(Control {
            keys: Arc::clone(&keys),
            federation: Arc::clone(&federation),
            authority: Arc::clone(&authority),
            backends: Some(Arc::clone(&backends)),
            clock: Arc::clone(&clock),
            container_key_life: config.api.as_ref().map_or(ONE_HOUR, |api| api.container_key_life),
            region: accepted_region(&config.s3),
            location: config.s3.region.clone(),
            logins_per_minute_per_peer: limits.logins_per_minute_per_peer,
            keys_per_minute_per_identity: limits.keys_per_minute_per_identity,
            random,
        });
        let serve = move |request, peer| Arc::clone(&proxy).serve(request, peer);
        let (probing, stop) = (backends, running.stop.clone());
        running.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = probing.find_payload_forms() => {}
            }
        });
        running.tasks.spawn(look_at_clock(Arc::clone(&clock), running.stop.clone()));
        running.tasks.spawn(s3.serve(serve, running.stop.clone()));
        if let Some(api) = api {
            running.tasks.spawn(api.serve(service(routes.clone()), running.stop.clone()));
        }
        if let Some(admin) = admin {
            running.tasks.spawn(admin.serve(
                service(probes::router(readiness(Arc::clone(&keys))).merge(metrics::router(store_metrics(keys)))),
                running.stop.clone(),
            ));
        }
        let stop = running.stop.clone();
        running.tasks.spawn(async move {
            if let Err(error) = socket.serve(routes, stop).await {
                tracing::error!(%error, "the control socket stopped");
            }
        });
        Ok(running)
    }
}

impl Running {
    /// Stops accepting at once, lets running requests finish within `limits.shutdown_grace`, then closes
    /// the store.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.federation.shutdown().await;
        self.authority.shutdown().await;
        self.keys.shutdown().await;
    }
}

/// The two planes take signatures for the same regions: a client's configuration has one.
fn accepted_region(s3: &config::S3) -> AcceptedRegion {
    if s3.any_region { AcceptedRegion::Any } else { AcceptedRegion::Only(s3.region.clone()) }
}

/// Of nobody's concern without an `[api]`.
const ONE_HOUR: Duration = Duration::from_hours(1);

fn server_tls(files: Option<&TlsFiles>) -> Result<Option<Arc<rustls::ServerConfig>>, StartError> {
    Ok(files.map(tls::server_config).transpose()?)
}

fn optional(
    section: &'static str,
    endpoint: Option<&Endpoint>,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: &Arc<Limits>,
) -> Result<Option<Listener>, StartError> {
    endpoint.map(|endpoint| bind(section, endpoint.listen, tls, limits)).transpose()
}

fn bind(
    section: &'static str,
    address: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: &Arc<Limits>,
) -> Result<Listener, StartError> {
    Listener::bind(address, tls, Arc::clone(limits)).map_err(|source| StartError::Bind { section, address, source })
}

/// Routes as a listener's service. They learn who is at the other end of the connection.
fn service(
    routes: Router,
) -> impl Fn(Request<RequestBody>, Arc<Peer>) -> futures_util::future::BoxFuture<'static, Response<axum::body::Body>>
+ Clone
+ Send
+ 'static {
    move |mut request, peer| {
        let mut routes = routes.clone();
        request.extensions_mut().insert(peer);
        Box::pin(async move {
            match routes.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    }
}

fn readiness(keys: Arc<Keys>) -> probes::Readiness {
    Arc::new(move || {
        let keys = Arc::clone(&keys);
        Box::pin(async move {
            match keys.store_report().outdated {
                Some(reason) => Err(format!("the store: {reason}")),
                None => keys.list(None, 1).await.map(|_| ()).map_err(|error| format!("the store: {error}")),
            }
        })
    })
}

/// A clock that is set is noticed by looking at it: seldom enough, and what it drifts by would look like that.
async fn look_at_clock(clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        clock.doubt();
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(10);

fn store_metrics(keys: Arc<Keys>) -> metrics::Source {
    Arc::new(move || {
        let report = keys.store_report();
        metrics::Store {
            is_current: report.outdated.is_none(),
            lag: report.lag,
            proven_for: report.proven_for,
            used: report.used,
            is_full: report.is_full,
        }
    })
}
