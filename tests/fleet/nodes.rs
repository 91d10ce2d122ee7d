//! Nodes that share a store, in front of one backend.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portcullis::app::{App, Running, StartError};
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::identity::{AccessKeyId, Permission, SecretAccessKey};
use portcullis::keys::NewStaticKey;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::etcd_cluster::Cluster;
use crate::quiet_backend::QuietBackend;
use crate::relay::{Network, Relay};
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, Response};

/// A cluster of etcd, a backend, and nodes between.
pub(crate) struct Fleet {
    pub(crate) nodes: Vec<Node>,
    pub(crate) cluster: Cluster,
    backend: QuietBackend,
    /// Whether there is a relay between each node and each member.
    has_relays: bool,
}

/// One of them.
pub(crate) struct Node {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
    /// Between this node and the members, in their order.
    relays: Vec<Relay>,
    folder: TempDir,
}

impl Fleet {
    pub(crate) async fn start(members: usize, nodes: usize) -> Self {
        Self::start_with(members, nodes, false).await
    }

    /// The same with a network between nodes and members that tests can make bad.
    pub(crate) async fn behind_relays(members: usize, nodes: usize) -> Self {
        Self::start_with(members, nodes, true).await
    }

    async fn start_with(members: usize, nodes: usize, has_relays: bool) -> Self {
        let (cluster, backend) = (Cluster::start(members), QuietBackend::start().await);
        let mut fleet = Self { nodes: Vec::new(), cluster, backend, has_relays };
        for _ in 0..nodes {
            fleet.add_node().await;
        }
        fleet
    }

    pub(crate) async fn add_node(&mut self) {
        self.try_node(None).await.unwrap();
    }

    /// Adds a node, with a seal key of its own if one is given.
    pub(crate) async fn try_node(&mut self, seal_key: Option<&str>) -> Result<(), StartError> {
        let keys: Vec<_> = seal_key.into_iter().collect();
        let node = self.node_with(&keys).await?;
        self.nodes.push(node);
        Ok(())
    }

    /// A node that is none of `nodes`, with these seal keys, the current one first; with that of fleets if there are none.
    pub(crate) async fn node_with(&self, seal_keys: &[&str]) -> Result<Node, StartError> {
        let folder = tempfile::tempdir().unwrap();
        let mut endpoints = self.cluster.endpoints();
        let mut relays = Vec::new();
        if self.has_relays {
            for endpoint in &mut endpoints {
                let target = endpoint.strip_prefix("http://").and_then(|target| target.parse().ok());
                let relay = Relay::start(target.expect("a member's URL is one of an address")).await;
                *endpoint = format!("http://{}", relay.address);
                relays.push(relay);
            }
        }
        let config = self.configuration_with(&endpoints, seal_keys, folder.path());
        let config = portcullis::config::load(&config).unwrap();
        let running = App::start(config, Arc::new(SystemClock)).await?;
        Ok(Node { address: running.s3_address, running, relays, folder })
    }

    /// Writes the configuration of a node into `folder`.
    pub(crate) fn configuration(&self, folder: &Path) -> PathBuf {
        self.configuration_with(&self.cluster.endpoints(), &[], folder)
    }

    fn configuration_with(&self, endpoints: &[String], seal_keys: &[&str], folder: &Path) -> PathBuf {
        let mut setup = Setup::new(format!("http://{}", self.backend.address));
        setup.etcd = Some(vec![
            format!("endpoints = {endpoints:?}"),
            format!("max_staleness = \"{}s\"", MAX_STALENESS.as_secs()),
        ]);
        setup.seal_keys = seal_keys.iter().map(ToString::to_string).collect();
        setup.write(folder)
    }
}

impl Node {
    /// The file that it was configured with.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("portcullis.toml")
    }

    /// Makes the network between this node and all members so.
    pub(crate) fn network_becomes(&self, network: Network) {
        assert!(!self.relays.is_empty(), "there are relays");
        for relay in &self.relays {
            relay.becomes(network);
        }
    }

    /// Issues a key.
    pub(crate) async fn new_key(&self) -> TestKey {
        self.try_new_key().await.expect("the store works")
    }

    /// The same, where the store may fail.
    pub(crate) async fn try_new_key(&self) -> Option<TestKey> {
        let new = NewStaticKey { permission: Permission::Write, ..NewStaticKey::default() };
        let (info, secret) = self.running.keys.create_static(new, &mut UnwrapErr(SysRng)).await.ok()?;
        Some(TestKey { id: info.access_key_id.to_string(), secret: secret.expose().to_owned() })
    }

    /// Takes over a key that was made elsewhere.
    pub(crate) async fn import(&self, key: &TestKey) {
        let secret = SecretAccessKey::parse(Zeroizing::new(key.secret.clone())).unwrap();
        let import = Some((AccessKeyId::parse(&key.id).unwrap(), secret));
        let new = NewStaticKey { permission: Permission::Write, import, ..NewStaticKey::default() };
        self.running.keys.create_static(new, &mut UnwrapErr(SysRng)).await.unwrap();
    }

    pub(crate) async fn revoke(&self, key: &TestKey) {
        assert!(self.try_revoke(key).await, "the store works");
    }

    /// Whether it was acknowledged that the key is revoked.
    pub(crate) async fn try_revoke(&self, key: &TestKey) -> bool {
        let id = AccessKeyId::parse(&key.id).unwrap();
        self.running.keys.revoke(&id).await.inspect(|found| assert!(found.is_some(), "there is such a key")).is_ok()
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// What a request with `key` is answered, over a connection of its own.
    pub(crate) async fn get(&self, key: &TestKey) -> Response {
        self.connect().await.exchange(&signed(key)).await
    }
}

/// A request that any key may send.
pub(crate) fn signed(key: &TestKey) -> Request {
    Request::get("/bucket/object").sign(key, SystemClock.now())
}

/// A key that nobody has issued yet.
pub(crate) fn future_key() -> TestKey {
    let mut random = UnwrapErr(SysRng);
    let id = AccessKeyId::generate(&mut random);
    TestKey { id: id.to_string(), secret: SecretAccessKey::generate(&mut random).expose().to_owned() }
}

/// What the nodes are configured with.
pub(crate) const MAX_STALENESS: Duration = Duration::from_secs(3);
