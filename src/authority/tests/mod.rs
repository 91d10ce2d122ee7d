//! The authority over a real embedded store, with a shell around it that fails, stops and loses news.

mod buckets;
mod files;
mod following;
mod policies;
mod rules;
mod shaky_store;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::Ceiling;
use crate::identity::{Permission, Principal};
use crate::policy::{BucketPolicy, Context, OrganizationPolicy, PolicyAction, PolicyName, Resource};
use crate::s3::BucketName;
use crate::s3::operation::Action;
use crate::store::EmbeddedStore;
use shaky_store::ShakyStore;

/// An authority and what is around it.
struct Fixture {
    authority: Arc<Authority>,
    store: Arc<ShakyStore>,
    folder: TempDir,
}

impl Fixture {
    /// Nothing in the store, no files.
    async fn new() -> Self {
        Self::with(Vec::new(), false).await
    }

    /// Everybody may do everything, as far as organization policies go.
    async fn allowing() -> Self {
        let fixture = Self::new().await;
        fixture.ensure(allow_all("allow-all")).await;
        fixture
    }

    /// Hears of nothing but what it is told.
    async fn deaf() -> Self {
        Self::with(Vec::new(), true).await
    }

    async fn with(files: Vec<PolicyFile>, deaf: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(&folder);
        store.set_deaf(deaf);
        let authority = open(&store, files).await.unwrap();
        Self { authority, store, folder }
    }

    /// The same after a restart: everything closed, and read from the file again.
    async fn reopened(self) -> Self {
        let Self { authority, store, folder } = self;
        authority.shutdown().await;
        drop(authority);
        eventually("the store is let go of", async || Arc::strong_count(&store) == 1).await;
        drop(store);
        let store = open_store(&folder);
        let authority = open(&store, Vec::new()).await.unwrap();
        Self { authority, store, folder }
    }

    /// A second node over the same store.
    async fn another_node(&self) -> Arc<Authority> {
        open(&self.store, Vec::new()).await.unwrap()
    }

    /// What the owner of the store has of it while no server runs.
    async fn repair(&self) -> Arc<Authority> {
        let ceilings = Ceilings::new(Vec::new());
        Authority::open_to_repair(Arc::clone(&self.store) as _, organization(), ceilings, Vec::new()).await.unwrap()
    }

    async fn ensure(&self, policy: OrganizationPolicy) {
        self.authority.ensure_policy(policy).await.unwrap();
    }

    async fn delete(&self, name: &str) -> bool {
        self.authority.delete_policy(&PolicyName::parse(name).unwrap()).await.unwrap()
    }

    async fn set_policy(&self, statement: Value) {
        self.authority.set_bucket_policy(&bucket(), Some(bucket_policy(statement))).await.unwrap();
    }

    /// Puts a record into the store as nobody's authority would.
    async fn put(&self, key: &RecordKey, value: &'static [u8]) {
        let write = crate::store::Write::put(key.clone(), Expected::Any, Bytes::from_static(value));
        self.store.commit(vec![write]).await.unwrap();
    }

    /// Whether the administrator may get an object of the bucket.
    fn may_get(&self) -> Result<Allowed, Denial> {
        self.judge(&Claim::of_principal(&admin(), Permission::Admin), Action::GetObject)
    }

    fn judge(&self, claim: &Claim<'_>, action: Action) -> Result<Allowed, Denial> {
        judge(&self.authority, claim, action.into())
    }
}

/// The answer about the natural resource of `action` in the bucket.
fn judge(authority: &Authority, claim: &Claim<'_>, action: PolicyAction) -> Result<Allowed, Denial> {
    let resource = match action {
        PolicyAction::Control(_) | PolicyAction::S3(Action::ListAllMyBuckets) => Resource::Any,
        PolicyAction::S3(Action::GetObject | Action::PutObject) => Resource::Object { bucket: "bucket", key: "key" },
        PolicyAction::S3(_) => Resource::Bucket("bucket"),
    };
    authority.in_force().unwrap().judge(claim, action, resource, &Context::new())
}

fn open_store(folder: &TempDir) -> Arc<ShakyStore> {
    let embedded = EmbeddedStore::open(&folder.path().join("store.redb")).unwrap();
    Arc::new(ShakyStore::new(Arc::new(embedded)))
}

async fn open(store: &Arc<ShakyStore>, files: Vec<PolicyFile>) -> Result<Arc<Authority>, AuthorityError> {
    let ceiling = |prefix: &str, permission| Ceiling {
        prefix: prefix.to_owned(),
        permission,
        max_duration: Duration::from_hours(1),
        permanent: false,
    };
    let ceilings = Ceilings::new(vec![ceiling("saml/", Permission::Admin), ceiling("saml/Reader", Permission::Read)]);
    Authority::open(Arc::clone(store) as _, organization(), ceilings, files).await
}

fn organization() -> OrganizationId {
    OrganizationId::parse("ab1cd2").unwrap()
}

/// May do everything, as far as ceilings go.
fn admin() -> Principal {
    Principal::parse("saml/Admin").unwrap()
}

fn bucket() -> BucketName {
    BucketName::parse("bucket").unwrap()
}

fn bucket_record() -> RecordKey {
    RecordKey::for_bucket("bucket").unwrap()
}

fn policy_record(name: &str) -> RecordKey {
    RecordKey::for_policy(name).unwrap()
}

/// A policy with one statement called `one`.
fn policy(name: &str, effect: &str, actions: &[&str], principals: &[&str]) -> OrganizationPolicy {
    let document = json!({"version": "v1alpha1", "name": name, "statements": [
        {"name": "one", "effect": effect, "actions": actions, "resources": ["*"], "principals": principals}
    ]});
    OrganizationPolicy::parse(document.to_string().as_bytes()).unwrap()
}

fn allow_all(name: &str) -> OrganizationPolicy {
    policy(name, "Allow", &["s3:*", "cwobject:*"], &["*"])
}

fn deny_all(name: &str) -> OrganizationPolicy {
    policy(name, "Deny", &["s3:*", "cwobject:*"], &["*"])
}

/// A policy of the bucket with one statement called `one`.
fn bucket_policy(mut statement: Value) -> BucketPolicy {
    statement["Sid"] = json!("one");
    statement["Resource"] = json!(["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]);
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    BucketPolicy::parse(document.to_string().as_bytes(), "bucket", &organization()).unwrap()
}

/// Everybody may get, put and look; open to the public.
fn public() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*"})
}

/// The organization may do everything; not public.
fn for_members() -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::ab1cd2:root"}, "Action": "s3:*"})
}

fn deny_everybody() -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})
}

fn names(authority: &Authority) -> Vec<String> {
    authority.organization_policies().unwrap().iter().map(|entry| entry.policy.name().to_string()).collect()
}

/// Waits for `condition`, for at most ten seconds.
async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    for _ in 0..2000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within ten seconds: {what}");
}
