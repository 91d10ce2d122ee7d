//! The management routes, wherever they are answered: by a running server through its control socket, by
//! one on another machine through its API, or by the same routes over the store, opened here. All ways
//! make the same requests and get the same answers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::place::{Place, Target};
use crate::authority::{Authority, Ceilings};
use crate::cli::api::{Api, Token};
use crate::cli::failure::Failure;
use crate::clock::{Clock, SystemClock};
use crate::control::{self, Caller, Control, ErrorBody};
use crate::federation::Federation;
use crate::keys::{CacheSettings, Keys};
use crate::store;

/// Something that answers management requests.
pub(crate) enum Service {
    /// Nobody has the store open: we do.
    Own { router: Router, keys: Arc<Keys>, federation: Arc<Federation>, authority: Arc<Authority> },
    /// A server somewhere else.
    Remote { api: Api, token: Token },
    /// The server that has the store open.
    Running(PathBuf),
}

impl Service {
    /// Finds out who answers for `target`.
    pub(crate) async fn connect(target: Target) -> Result<Self, Failure> {
        let place = match target {
            Target::Remote { api, token } => return Ok(Self::Remote { api, token }),
            Target::Store(place) => place,
        };
        let socket = place.store.control_socket.clone();
        match UnixStream::connect(&socket).await {
            Ok(_) => Ok(Self::Running(socket)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Self::open(place).await
            }
            Err(error) => Err(Failure::work(format!("control socket {}: {error}", socket.display()))),
        }
    }

    async fn open(place: Place) -> Result<Self, Failure> {
        let mut random = UnwrapErr(SysRng);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (store, seal) = store::open(&place.store, &clock, &mut random).await.map_err(Failure::from)?;
        let settings = CacheSettings { live_entries: 1, absent_entries: 1, ..CacheSettings::default() };
        let keys = Keys::open(
            Arc::clone(&store),
            seal,
            Arc::new(SystemClock),
            place.organization.clone(),
            settings,
            &mut random,
        )
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
        let authority = Authority::open_to_repair(
            Arc::clone(&store),
            place.organization,
            Ceilings::new(Vec::new()),
            place.policies,
        )
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
        if let Some(error) = authority.unfit_to_start() {
            eprintln!("portcullis: no server can start with this: {error}");
        }
        let federation = Federation::open(store, Arc::new(SystemClock), &place.federation)
            .await
            .map_err(|error| Failure::work(error.to_string()))?;
        let control = Control::of_store_owner(
            Arc::clone(&keys),
            Arc::clone(&federation),
            Arc::clone(&authority),
            Arc::new(SystemClock),
            random,
        );
        // Whoever could open the store and its seal key may do what they like with it.
        let router = control::router(control).layer(Extension(Caller::SocketOwner));
        Ok(Self::Own { router, keys, federation, authority })
    }

    /// Makes one request; anything but success is a failure with the service's own words.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Full::from(serde_json::to_vec(body).map_err(|error| Failure::work(error.to_string()))?)
            }
            None => Full::default(),
        };
        let mut request = request.body(body).map_err(|error| Failure::work(error.to_string()))?;
        let response = match self {
            Self::Remote { api, token } => {
                request.headers_mut().insert(header::AUTHORIZATION, token.bearer()?);
                return parsed(&api.send(request, &token.from().to_string()).await?.body);
            }
            Self::Running(socket) => {
                let failed = |what: String| Failure::work(format!("control socket {}: {what}", socket.display()));
                send(socket, request).await.map_err(|error| failed(error.to_string()))?
            }
            Self::Own { router, .. } => {
                let Ok(response) = TowerToHyperService::new(router.clone()).call(request.map(Body::new)).await;
                response
            }
        };
        let success = response.status().is_success();
        let bytes = response.into_body().collect().await.map_err(|error| Failure::work(error.to_string()))?;
        let bytes = Zeroizing::new(bytes.to_bytes().to_vec());
        if success {
            parsed(&bytes)
        } else {
            let error: ErrorBody = parsed(&bytes)?;
            Err(Failure::work(error.message))
        }
    }

    /// Lets go of the store.
    pub(crate) async fn close(self) {
        if let Self::Own { keys, federation, authority, .. } = self {
            authority.shutdown().await;
            federation.shutdown().await;
            keys.shutdown().await;
        }
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let odd = |_| Failure::work("the server's answer is not what this version expects: are the versions the same?");
    serde_json::from_slice(body).map_err(odd)
}

async fn send(socket: &Path, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Body>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends when the sender is dropped and the answer is read.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    // Collected here: the connection is gone with the sender.
    let (head, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    Ok(Response::from_parts(head, Body::from(bytes)))
}

/// No body.
pub(crate) const NOTHING: Option<&()> = None;
