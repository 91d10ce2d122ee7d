//! The management routes, wherever they are answered: by a running server through its control socket,
//! or by the same routes over the store, opened here.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::{Extension, Router};
use http::{Method, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::answer::Failure;
use super::place::Place;
use crate::clock::SystemClock;
use crate::control::{self, Caller, Control, ErrorBody};
use crate::federation::Federation;
use crate::keys::{CacheSettings, Keys};
use crate::store;

/// Something that answers management requests.
pub(super) enum Service {
    /// The server that has the store open.
    Running(std::path::PathBuf),
    /// Nobody has it open: we do.
    Own { router: Router, keys: Arc<Keys> },
}

impl Service {
    /// Finds out who answers for the store at `place`.
    pub(super) async fn connect(place: Place) -> Result<Self, Failure> {
        let socket = control::socket_beside(&place.store);
        match UnixStream::connect(&socket).await {
            Ok(_) => return Ok(Self::Running(socket)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            Err(error) => return Err(Failure::work(format!("control socket {}: {error}", socket.display()))),
        }
        let mut random = UnwrapErr(SysRng);
        let (store, seal) =
            store::open_sealed(&place.store, &place.seal_key_file, &mut random).map_err(Failure::from)?;
        let settings = CacheSettings { live_entries: 1, absent_entries: 1, ..CacheSettings::default() };
        let keys =
            Keys::open(Arc::clone(&store), seal, Arc::new(SystemClock), place.organization, settings, &mut random)
                .await
                .map_err(|error| Failure::work(error.to_string()))?;
        // Whoever could open the store and its seal key may do what they like with it.
        let federation = Federation::open(store, Arc::new(SystemClock), &place.federation)
            .await
            .map_err(|error| Failure::work(error.to_string()))?;
        let control = Control::of_store_owner(Arc::clone(&keys), federation, Arc::new(SystemClock), random);
        let router = control::router(control).layer(Extension(Caller::SocketOwner));
        Ok(Self::Own { router, keys })
    }

    /// Makes one request; anything but success is a failure with the service's own words.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(serde_json::to_vec(body).map_err(|error| Failure::work(error.to_string()))?)
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| Failure::work(error.to_string()))?;
        let response = match self {
            Self::Running(socket) => {
                let failed = |what: String| Failure::work(format!("control socket {}: {what}", socket.display()));
                send(socket, request).await.map_err(|error| failed(error.to_string()))?
            }
            Self::Own { router, .. } => {
                let Ok(response) = TowerToHyperService::new(router.clone()).call(request).await;
                response
            }
        };
        let success = response.status().is_success();
        let bytes = response.into_body().collect().await.map_err(|error| Failure::work(error.to_string()))?;
        let bytes = Zeroizing::new(bytes.to_bytes().to_vec());
        let odd = |_| Failure::work("the server's answer is not what this version expects".to_owned());
        if success {
            serde_json::from_slice(&bytes).map_err(odd)
        } else {
            let error: ErrorBody = serde_json::from_slice(&bytes).map_err(odd)?;
            Err(Failure::work(error.message))
        }
    }

    /// Lets go of the store.
    pub(super) async fn close(self) {
        if let Self::Own { keys, .. } = self {
            keys.shutdown().await;
        }
    }
}

async fn send(socket: &std::path::Path, request: Request<Body>) -> anyhow::Result<Response<Body>> {
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
