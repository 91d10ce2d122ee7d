//! The development backend: an S3 server over plain files, on a loopback port of its own, that knows one
//! credential. Reached over HTTP like any other backend, so that what runs is what runs elsewhere.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::folder::{Credential, Folder};
use super::quirks::Quirks;

/// The backend, bound and not yet served.
pub(super) struct Backend {
    listener: TcpListener,
    port: u16,
    service: S3Service,
}

/// The backend while it runs.
pub(super) struct RunningBackend {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Backend {
    /// Binds the `preferred` port if it is free, else any.
    pub(super) fn bind(folder: &Folder, key: &Credential, preferred: Option<u16>) -> anyhow::Result<Self> {
        let objects = folder.subfolder("objects")?;
        let files = FileSystem::new(&objects)
            .map_err(|error| anyhow::anyhow!("the folder {} cannot be used: {error:?}", objects.display()))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(key.id.as_str(), key.secret.expose()));
        builder.set_access(Quirks::new(objects));
        let listener = bind_loopback(preferred).context("no port for the development backend")?;
        let port = listener.local_addr().context("no port for the development backend")?.port();
        Ok(Self { listener: TcpListener::from_std(listener)?, port, service: builder.build() })
    }

    /// Where it is, on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn serve(self) -> RunningBackend {
        let running = RunningBackend { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        running.tasks.spawn(accept(self.listener, self.service, running.stop.clone(), running.tasks.clone()));
        running
    }
}

impl RunningBackend {
    /// Lets running requests finish. The only client is the proxy, which has stopped by now.
    pub(super) async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A listener on 127.0.0.1: at the `preferred` port if that is free, else at any.
pub(super) fn bind_loopback(preferred: Option<u16>) -> io::Result<std::net::TcpListener> {
    let bind = |port| std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let listener = match preferred.map(bind) {
        Some(Ok(listener)) => listener,
        _ => bind(0)?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn accept(listener: TcpListener, service: S3Service, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, service.clone(), stop.clone()));
                }
                // One client that went away, or no file descriptor left: others may still be served.
                Err(error) => {
                    tracing::warn!(%error, "the development backend could not accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, service: S3Service, stop: CancellationToken) {
    // Without it an answer in two pieces waits for the other side's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The proxy cuts uploads that turn out wrong: nothing to worry about.
        tracing::debug!(%error, "a connection to the development backend broke");
    }
}

const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
