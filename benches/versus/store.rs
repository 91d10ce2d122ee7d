//! The store of Portcullis, filled through the library before the program starts: keys and bucket policies by
//! the thousand. Organization policies go into files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use portcullis::authority::{Authority, Ceilings};
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::identity::{AccessKeyId, Attributes, Groups, OrganizationId, Permission, Principal, SecretAccessKey};
use portcullis::policy::BucketPolicy;
use portcullis::s3::BucketName;
use portcullis::store::{KeyRecord, KeyState, MintedFrom, OwnedRecord, RecordKey, Write, encode, open_sealed};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// The organization that owns all of it.
pub(crate) const ORGANIZATION: &str = "ab1cd2";
/// The bucket that requests are for.
pub(crate) const BUCKET: &str = "bench";
/// Writes of one commit.
const BATCH: usize = 10_000;

/// A key to sign with.
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<String>,
}

/// What there is to look up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Filling {
    /// Access keys.
    pub(crate) keys: usize,
    /// Organization policies.
    pub(crate) organization_policies: usize,
    /// Buckets with a policy.
    pub(crate) bucket_policies: usize,
}

impl Filling {
    /// What most rows run with.
    pub(crate) const FEW: Self = Self { keys: 16, organization_policies: 1, bucket_policies: 1 };

    /// Makes the store and the folder of policies in `folder`, and returns the keys.
    pub(crate) fn fill(self, folder: &Path) -> Result<Vec<AccessKey>> {
        self.write_organization_policies(&folder.join("policies"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.fill_store(folder))
    }

    fn write_organization_policies(self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("everybody.json"), everybody())?;
        for number in 1..self.organization_policies {
            fs::write(folder.join(format!("team-{number}.json")), of_team(number))?;
        }
        Ok(())
    }

    async fn fill_store(self, folder: &Path) -> Result<Vec<AccessKey>> {
        let mut random = UnwrapErr(SysRng);
        let (store, seal) = open_sealed(&folder.join("portcullis.redb"), &folder.join("seal.key"), &mut random)?;
        let organization = OrganizationId::parse(ORGANIZATION).context("the organization")?;
        let (mut keys, mut writes) = (Vec::with_capacity(self.keys), Vec::new());
        for _ in 0..self.keys {
            let (id, secret) = (AccessKeyId::generate(&mut random), SecretAccessKey::generate(&mut random));
            keys.push(AccessKey { id: id.to_string(), secret: Zeroizing::new(secret.expose().to_owned()) });
            let name = RecordKey::for_access_key(&id);
            let record = KeyRecord {
                principal: Principal::for_static_key(&id),
                organization: organization.clone(),
                permission: Permission::Write,
                issued_at: Timestamp::from_second(SystemClock.now().as_second())?,
                expires_at: None,
                attributes: Attributes::default(),
                groups: Groups::default(),
                minted_from: MintedFrom::Static { imported: false },
                session_token: None,
                state: KeyState::Active { secret: seal.seal(&name, &secret, &mut random)?, second_secret: None },
                id,
            };
            let owned = RecordKey::for_owned(&record.principal, &record.id);
            writes.push(Write::create(name, record.encode()));
            writes.push(Write::create(owned, encode(&OwnedRecord::default())));
            if writes.len() >= BATCH {
                store.commit(std::mem::take(&mut writes)).await?;
            }
        }
        store.commit(writes).await?;
        let authority = Authority::open(store, organization.clone(), Ceilings::new(Vec::new()), Vec::new()).await?;
        for number in 0..self.bucket_policies {
            let name = if number == 0 { BUCKET.to_owned() } else { format!("team-{number}") };
            let policy = BucketPolicy::parse(bucket_policy(&name).as_bytes(), &name, &organization)?;
            let bucket = BucketName::parse(&name).map_err(|error| anyhow::anyhow!("{error:?}"))?;
            authority.set_bucket_policy(&bucket, Some(policy)).await?;
        }
        authority.shutdown().await;
        Ok(keys)
    }
}

/// Everybody may read and write, but for what nobody may touch.
fn everybody() -> String {
    serde_json::json!({"version": "v1alpha1", "name": "everybody", "statements": [
        {"name": "read-and-write", "effect": "Allow", "actions": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
         "resources": ["*"], "principals": ["static/*"]},
        {"name": "not-the-vault", "effect": "Deny", "actions": ["s3:*"], "resources": ["vault", "vault/*"],
         "principals": ["*"]},
    ]})
    .to_string()
}

/// A team's rights to its bucket.
fn of_team(number: usize) -> String {
    serde_json::json!({"version": "v1alpha1", "name": format!("team-{number}"), "statements": [
        {"name": "all-of-it", "effect": "Allow", "actions": ["s3:*"],
         "resources": [format!("team-{number}"), format!("team-{number}/*")], "principals": [format!("role/team-{number}")]},
        {"name": "nothing-is-deleted", "effect": "Deny", "actions": ["s3:DeleteObject*"],
         "resources": [format!("team-{number}/archive/*")], "principals": ["*"]},
    ]})
    .to_string()
}

/// Conditions as people write them: the organization, the network, the age of the signature, old TLS.
fn bucket_policy(bucket: &str) -> String {
    let objects = format!("arn:aws:s3:::{bucket}/*");
    let all = [format!("arn:aws:s3:::{bucket}"), objects.clone()];
    serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Ours", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
         "Resource": objects, "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
            "IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}},
        {"Sid": "NoOldTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": all,
         "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {"Sid": "NoOldSignatures", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": all,
         "Condition": {"NumericGreaterThan": {"s3:signatureAge": "900000"}}},
    ]})
    .to_string()
}
