//! The key service over a real embedded store, with a shell around it that counts, stops and fails.

mod lookup;
mod management;
mod probed_store;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::clock::SettableClock;
use crate::identity::{AccessKeyId, Permission, SecretAccessKey};
use crate::store::EmbeddedStore;
use probed_store::ProbedStore;

/// A key service, and everything around it that a test may want to reach.
struct Fixture {
    keys: Arc<Keys>,
    store: Arc<ProbedStore>,
    clock: Arc<SettableClock>,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(CacheSettings::default()).await
    }

    async fn with(settings: CacheSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let embedded = EmbeddedStore::open(&folder.path().join("store.redb")).unwrap();
        let store = Arc::new(ProbedStore::new(Arc::new(embedded)));
        let clock = Arc::new(SettableClock::new("2026-05-06T07:08:09Z".parse().unwrap()));
        let keys = open(Arc::clone(&store) as _, Arc::clone(&clock), settings).await;
        Self { keys, store, clock, _folder: folder }
    }

    /// A second node over the same store.
    async fn another_node(&self) -> Arc<Keys> {
        open(Arc::clone(&self.store) as _, Arc::clone(&self.clock), CacheSettings::default()).await
    }

    async fn create(&self) -> AccessKeyId {
        self.create_with(None).await
    }

    async fn create_with(&self, expires_at: Option<Timestamp>) -> AccessKeyId {
        let request = NewStaticKey { permission: Permission::Write, expires_at, ..NewStaticKey::default() };
        self.keys.create_static(request, &mut random()).await.unwrap().0.access_key_id
    }

    async fn import(&self, id: &AccessKeyId) -> Result<KeyInfo, KeysError> {
        let secret = SecretAccessKey::parse(Zeroizing::new("imported-secret-imported".into())).unwrap();
        let request = NewStaticKey {
            permission: Permission::Read,
            import: Some((id.clone(), secret)),
            ..NewStaticKey::default()
        };
        self.keys.create_static(request, &mut random()).await.map(|(info, _)| info)
    }

    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_secs(seconds)
    }
}

async fn open(store: Arc<dyn KeyStore>, clock: Arc<SettableClock>, settings: CacheSettings) -> Arc<Keys> {
    let seal = SealKeys::new(&Zeroizing::new([9; 32]));
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    Keys::open(store, seal, clock, organization, settings, &mut random()).await.unwrap()
}

fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn id(text: &str) -> AccessKeyId {
    AccessKeyId::parse(text).unwrap()
}

fn is_known(found: &Result<Lookup, KeysError>) -> bool {
    matches!(found, Ok(Lookup::Known(_)))
}

fn is_unknown(found: &Result<Lookup, KeysError>) -> bool {
    matches!(found, Ok(Lookup::Unknown(_)))
}

/// Waits until `condition` holds; news take a moment from one node to another.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), waiting).await.is_ok(), "never came true: {what}");
}
