//! The control socket: a Unix socket beside the store that only its owner can use.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router};
use tokio::net::{UnixListener, UnixStream, unix};
use tokio_util::sync::CancellationToken;

use super::Caller;

/// Why the control socket could not be served. The operator's to solve.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another process answers there.
    #[error("the control socket {path} is in use by another process; stop it first")]
    InUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// Something lies there that this program did not put there.
    #[error("{path} exists and is no socket; remove it, or keep the store elsewhere")]
    NoSocket {
        /// The socket's path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("control socket {path}: {source}")]
    System {
        /// The socket's path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// A control socket that is bound: callers connect from now on, and are answered once it is served.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    owner: u32,
}

/// Serves `router` at `path` until `shutdown`; every caller is [`Caller::SocketOwner`].
pub async fn serve_socket(path: &Path, router: Router, shutdown: CancellationToken) -> Result<(), SocketError> {
    ControlSocket::bind(path).await?.serve(router, shutdown).await
}

/// Where the control socket of the server that uses `store` is: beside it.
#[must_use]
pub fn socket_beside(store: &Path) -> PathBuf {
    store.with_file_name("control.sock")
}

impl ControlSocket {
    /// Binds `path` with mode 0600. A socket that nobody answers at, left by a process that was killed,
    /// is replaced.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        let system = |source| SocketError::System { path: path.into(), source };
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => {
                return Err(SocketError::NoSocket { path: path.into() });
            }
            Ok(_) => match UnixStream::connect(path).await {
                Ok(_) => return Err(SocketError::InUse { path: path.into() }),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(system(error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(system(error)),
        }
        // Made in a directory that only we can enter, and moved once its mode is right: there is no
        // moment at which others could connect. The names are short because socket paths have to be.
        let nursery = path.with_file_name(format!(".c{}", std::process::id()));
        let (listener, owner) = bind_privately(&nursery, path).map_err(system)?;
        Ok(Self { path: path.into(), listener, owner })
    }

    /// Serves `router` until `shutdown`, lets running requests finish for a moment, and removes the socket.
    pub async fn serve(self, router: Router, shutdown: CancellationToken) -> Result<(), SocketError> {
        let Self { path, listener, owner } = self;
        let accepting = OwnerOnly { listener, owner };
        let router = router.layer(Extension(Caller::SocketOwner));
        let server = axum::serve(accepting, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let grace_is_over = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let served = tokio::select! {
            served = async { server.await } => served,
            () = grace_is_over => Ok(()),
        };
        // Somebody who started after us may have put theirs there; but then ours was gone already, and
        // the store, which is locked, admits one server at a time.
        let _ = fs::remove_file(&path);
        served.map_err(|source| SocketError::System { path, source })
    }
}

/// Returns the listener, and the user that we are.
fn bind_privately(nursery: &Path, path: &Path) -> io::Result<(UnixListener, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    // Left by a killed process that had our id.
    let _ = fs::remove_dir_all(nursery);
    DirBuilder::new().mode(0o700).create(nursery)?;
    let bound = || {
        let unborn = nursery.join("s");
        let listener = UnixListener::bind(&unborn)?;
        fs::set_permissions(&unborn, Permissions::from_mode(0o600))?;
        let owner = fs::symlink_metadata(&unborn)?.uid();
        fs::rename(&unborn, path)?;
        Ok((listener, owner))
    };
    let result = bound();
    let _ = fs::remove_dir_all(nursery);
    result
}

/// Accepts our own user, and root, who could read the store anyway. The file's mode says the same; not
/// every system heeds it.
struct OwnerOnly {
    listener: UnixListener,
    owner: u32,
}

impl Listener for OwnerOnly {
    type Io = UnixStream;
    type Addr = unix::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => return (stream, address),
                Ok(peer) => tracing::warn!(user = peer.uid(), "refused another user at the control socket"),
                Err(error) => tracing::warn!(%error, "refused a caller at the control socket whose user is unknown"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// How long running requests may take after shutdown began.
const GRACE: Duration = Duration::from_secs(5);
