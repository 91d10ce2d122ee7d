//! Issues keys. The secret is returned once, here, and never again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::CryptoRng;

use super::{KeyInfo, Keys, KeysError};
use crate::identity::{AccessKeyId, Permission, Principal, SecretAccessKey};
use crate::store::{CommitError, KeyRecord, KeyState, MintedFrom, RecordKey};

/// What a static key shall be.
#[derive(Debug, Default)]
pub struct NewStaticKey {
    /// The most it may do; the default, nothing, is refused.
    pub permission: Permission,
    /// When it ends; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    /// Id and secret of a key that was made elsewhere; `None` to draw new ones.
    pub import: Option<(AccessKeyId, SecretAccessKey)>,
    /// What to attach to it: at most 64 names, 16 KiB in all.
    pub attributes: BTreeMap<String, String>,
}

impl Keys {
    /// Issues a key for an identity of its own, `static/<key-id>`. It works from the moment this
    /// returns, even if somebody tried its id before.
    pub async fn create_static(
        &self,
        request: NewStaticKey,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<(KeyInfo, SecretAccessKey), KeysError> {
        let now = self.clock.now();
        if request.permission == Permission::None {
            return Err(KeysError::Invalid("a key needs a permission: read, write or admin"));
        }
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(KeysError::Invalid("the expiry must lie in the future"));
        }
        let attribute_bytes: usize = request.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        if request.attributes.len() > 64 || attribute_bytes > 16 << 10 {
            return Err(KeysError::Invalid("a key has at most 64 attributes, 16 KiB in all"));
        }
        let imported = request.import.is_some();
        let (id, secret) =
            request.import.unwrap_or_else(|| (AccessKeyId::generate(random), SecretAccessKey::generate(random)));
        let record_key = RecordKey::for_access_key(&id);
        let record = KeyRecord {
            principal: Principal::for_static_key(&id),
            organization: self.organization.clone(),
            permission: request.permission,
            // Whole seconds: no client needs more, and some cannot read more.
            issued_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
            expires_at: request.expires_at,
            attributes: request.attributes,
            minted_from: MintedFrom::Static { imported },
            state: KeyState::Active { secret: self.seal.seal(&record_key, &secret, random)?, second_secret: None },
            id,
        };
        let created = self.store.create(record_key, record.encode()).await;
        // Whatever came of it: somebody may have asked for the id before, and was told that it is unknown.
        self.live.changed_by_us(&record.id, created.as_ref().ok().copied()).await;
        match created {
            Ok(_) => Ok((self.info(record, None), secret)),
            Err(CommitError::Conflict(_)) => Err(KeysError::AlreadyExists(record.id)),
            Err(other) => Err(other.into()),
        }
    }
}
