//! The key service over a real embedded store, with a shell around it that counts, stops and fails.

mod cutoff;
mod forget;
mod groups;
mod issue;
mod lookup;
mod management;
mod probed_store;
mod rotate_seal;
mod sessions;
mod single_sign_on;
mod token;
mod token_keys;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::clock::SettableClock;
use crate::identity::{
    AccessKeyId, ApiToken, Attributes, Evidence, Groups, Origin, Permission, SecretAccessKey, SecretDigest, UseOnce,
};
use crate::store::EmbeddedStore;
use probed_store::ProbedStore;

/// A key service, and everything around it that a test may want to reach.
struct Fixture {
    keys: Arc<Keys>,
    store: Arc<ProbedStore>,
    clock: Arc<SettableClock>,
    folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(CacheSettings::default()).await
    }

    async fn with(settings: CacheSettings) -> Self {
        let clock = Arc::new(SettableClock::new("2026-05-06T07:08:09Z".parse().unwrap()));
        Self::over(tempfile::tempdir().unwrap(), clock, settings).await
    }

    async fn over(folder: TempDir, clock: Arc<SettableClock>, settings: CacheSettings) -> Self {
        let embedded = EmbeddedStore::open(&folder.path().join("store.redb")).unwrap();
        let store = Arc::new(ProbedStore::new(Arc::new(embedded)));
        let keys = open(Arc::clone(&store) as _, Arc::clone(&clock), settings).await;
        Self { keys, store, clock, folder }
    }

    /// The same after a restart: everything closed, and read from the file again.
    async fn reopened(self) -> Self {
        let Self { keys, store, clock, folder } = self;
        keys.shutdown().await;
        drop(keys);
        eventually("the store is let go of", async || Arc::strong_count(&store) == 1).await;
        drop(store);
        Self::over(folder, clock, CacheSettings::default()).await
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

    async fn create_token(&self, permission: Permission) -> (TokenInfo, ApiToken) {
        let new = NewToken { name: "test".into(), permission, ..NewToken::default() };
        self.keys.create_token(new, &mut random()).await.unwrap()
    }

    /// Somebody who has just logged in with a new token.
    async fn new_holder(&self, permission: Permission) -> TokenHolder {
        let (_, token) = self.create_token(permission).await;
        self.keys.login(&token).await.unwrap().unwrap()
    }

    async fn issue(&self, grant: Grant) -> Result<IssuedKey, KeysError> {
        self.keys.issue(grant, &mut random()).await
    }

    /// A key for an hour.
    async fn issue_to(&self, holder: &TokenHolder) -> Result<IssuedKey, KeysError> {
        self.issue(Grant::from_token(holder, Permission::Admin, an_hour())).await
    }

    /// What the key may do now, without any ceiling; `None` if there is no such key.
    async fn permission(&self, id: &AccessKeyId) -> Option<Permission> {
        match self.keys.find(id).await.unwrap() {
            Lookup::Known(key) => Some(self.keys.permission_of(&key)),
            Lookup::Unknown(_) => None,
        }
    }

    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_secs(seconds)
    }
}

async fn open(store: Arc<dyn KeyStore>, clock: Arc<SettableClock>, settings: CacheSettings) -> Arc<Keys> {
    open_with(store, clock, settings, SealKeys::new(&Zeroizing::new([9; 32]))).await
}

async fn open_with(
    store: Arc<dyn KeyStore>,
    clock: Arc<SettableClock>,
    settings: CacheSettings,
    seal: SealKeys,
) -> Arc<Keys> {
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

fn seconds(number: u32) -> std::num::NonZeroU32 {
    std::num::NonZeroU32::new(number).unwrap()
}

fn an_hour() -> KeyLife {
    KeyLife::Seconds(seconds(3600))
}

/// What an OIDC token of `subject` proves, by the configuration called `configuration`.
fn oidc(configuration: &str, subject: &str) -> Evidence {
    let issuer = "https://idp.example:8443";
    let origin = Origin::Oidc {
        configuration: configuration.into(),
        issuer: issuer.into(),
        audience: "portcullis".into(),
        subject: subject.into(),
        token_id: Some("jti-1".into()),
    };
    Evidence::verified(Principal::for_oidc_subject(issuer, subject).unwrap(), origin)
}

/// What the SAML assertion called `assertion_id` proves, good for one key.
fn saml(role: &str, assertion_id: &str, until: Timestamp) -> Evidence {
    let origin = Origin::Saml {
        configuration: "saml-1".into(),
        issuer: "https://idp.example/saml".into(),
        role: role.into(),
        principal_name: "somebody@example.com".into(),
        assertion_id: assertion_id.into(),
    };
    let name = SecretDigest::of(format!("saml-1/{assertion_id}").as_bytes());
    Evidence::verified(Principal::for_saml_role(role).unwrap(), origin).usable_once(UseOnce { name, until })
}
