//! The built program as a child process: what only a process can show, such as its death and its log.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portcullis::clock::SystemClock;
use portcullis::identity::{OrganizationId, Permission};
use portcullis::keys::{CacheSettings, Keys, NewToken};
use portcullis::store;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::client::Token;
use crate::support::setup::Setup;
use crate::support::wire::Connection;

/// A running `portcullis serve`. Killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) s3: SocketAddr,
    pub(crate) api: SocketAddr,
}

impl Server {
    pub(crate) async fn start(folder: &Path, backend: SocketAddr) -> Self {
        let (s3, api) = (free_address(), free_address());
        let config = configuration(folder, backend, s3, api);
        // Appended to, as a server that starts anew would.
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let child = serve(&config).stderr(log).spawn().unwrap();
        let mut server = Self { child, s3, api };
        for _ in 0..2000 {
            if Connection::try_open(server.api).await.is_ok() {
                return server;
            }
            assert!(server.child.try_wait().unwrap().is_none(), "it ended before it was ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is not ready after 20 s");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `portcullis serve` with JSON log lines.
pub(crate) fn serve(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--json-logs", "--config"]).arg(config).stdin(Stdio::null());
    command.env("RUST_LOG", "info").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// Writes a configuration with these addresses, and returns its path.
pub(crate) fn configuration(folder: &Path, backend: SocketAddr, s3: SocketAddr, api: SocketAddr) -> PathBuf {
    let mut setup = Setup::new(format!("http://{backend}"));
    setup.api = Some(Vec::new());
    setup.identities.push(("coreweave/".to_owned(), "write".to_owned()));
    setup.limits.push("logins_per_minute_per_peer = 1000000".to_owned());
    setup.limits.push("keys_per_minute_per_identity = 1000000".to_owned());
    let file = setup.write(folder);
    let text = std::fs::read_to_string(&file).unwrap();
    let free = "listen = \"127.0.0.1:0\"";
    assert_eq!(text.matches(free).count(), 2, "{text}");
    let text = text.replacen(free, &format!("listen = \"{s3}\""), 1).replacen(free, &format!("listen = \"{api}\""), 1);
    std::fs::write(&file, text).unwrap();
    file
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap()
}

/// An API token, put into the store before any server has it open.
pub(crate) async fn first_token(folder: &Path, permission: Permission) -> Token {
    let keys = open(folder).await;
    let new = NewToken { name: "minting".into(), permission, ..NewToken::default() };
    let (info, token) = keys.create_token(new, &mut UnwrapErr(SysRng)).await.unwrap();
    keys.shutdown().await;
    Token { id: info.token_id.to_string(), secret: token.expose().to_owned(), principal: info.principal.to_string() }
}

/// The keys of a store that no server has open.
pub(crate) async fn open(folder: &Path) -> Arc<Keys> {
    let mut random = UnwrapErr(SysRng);
    let (store, seal) =
        store::open_sealed(&folder.join("portcullis.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    Keys::open(store, seal, Arc::new(SystemClock), organization, CacheSettings::default(), &mut random).await.unwrap()
}
