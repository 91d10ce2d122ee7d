//! Shows keys to administrators: everything but the secret.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Keys, KeysError};
use crate::identity::{AccessKeyId, Attributes, Groups, OrganizationId, Permission, Principal};
use crate::store::{KEYS, KeyRecord, KeyState, MintedFrom, RecordKey, TokenState, USED, UsedRecord, Versioned};

/// What an administrator may know of a key. Its serialized form is that of the management routes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The key's id.
    #[schema(value_type = String)]
    pub access_key_id: AccessKeyId,
    /// Whether it can be used now.
    pub status: KeyStatus,
    /// Whose key it is.
    #[serde(rename = "principalName")]
    #[schema(value_type = String)]
    pub principal: Principal,
    /// The organization it belongs to.
    #[serde(rename = "orgId")]
    #[schema(value_type = String)]
    pub organization: OrganizationId,
    /// The most it may do now: what it was made with, narrowed by its token. The ceiling of its identity
    /// may be lower.
    #[schema(value_type = String)]
    pub permission: Permission,
    /// The groups its owner is in now, as far as known: those of its token, or those that an identity
    /// provider named when it was made.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub groups: Groups,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// When it ends; `None` for a permanent key.
    #[serde(rename = "expiry")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The minute of its last use, as far as written down.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
    /// Since when its principal is suspended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub suspended_since: Option<Timestamp>,
    /// When it was revoked, or its token together with its keys.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// What it was made from.
    #[schema(value_type = Object)]
    pub minted_from: MintedFrom,
    /// Whether it works only together with a session token.
    pub has_session_token: bool,
    /// What whoever asked for it attached to it.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// Which keys to list, and which part of that list.
#[derive(Clone, Debug)]
pub struct KeyFilter<'a> {
    /// Only this principal's.
    pub principal: Option<&'a Principal>,
    /// Only those with this status. Revoked keys are listed only if they are asked for.
    pub status: Option<KeyStatus>,
    /// How many to leave out from the beginning.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
}

/// Whether a key can be used, and if not, why. Of several reasons, the most final.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// It can be used.
    Active,
    /// It has ended.
    Expired,
    /// It was revoked.
    #[default]
    Revoked,
    /// Its principal is suspended.
    Suspended,
}

impl KeyStatus {
    /// The word for people and for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
        }
    }
}

impl Keys {
    /// At most `limit` keys with ids after `after`, by id; revoked ones too.
    pub async fn list(&self, after: Option<&AccessKeyId>, limit: usize) -> Result<Vec<KeyInfo>, KeysError> {
        let (after_key, after_use) = (after.map(RecordKey::for_access_key), after.map(RecordKey::for_use_of));
        let records = self.store.list(KEYS, after_key.as_ref(), limit).await?;
        // Only keys have uses: the first `limit` uses reach as far as the first `limit` keys.
        let uses = self.store.list(USED, after_use.as_ref(), limit).await?;
        let mut last_used = HashMap::with_capacity(uses.len());
        for (key, stored) in uses {
            let used = UsedRecord::decode(&key, &stored.value)?;
            last_used.extend(key.access_key().map(|id| (id, used.last_used)));
        }
        let mut infos = Vec::with_capacity(records.len());
        for (key, stored) in records {
            let record = KeyRecord::decode(&key, &stored.value)?;
            let used = last_used.get(&record.id).copied();
            infos.push(self.info(record, used));
        }
        Ok(infos)
    }

    /// The keys that `filter` chooses, by id.
    pub async fn list_filtered(&self, filter: KeyFilter<'_>) -> Result<Vec<KeyInfo>, KeysError> {
        let prefix = filter.principal.map_or_else(|| KEYS.to_owned(), RecordKey::prefix_of_owned);
        let (mut found, mut left_out, mut after) = (Vec::new(), 0, None);
        if filter.limit == 0 {
            return Ok(found);
        }
        loop {
            let page = self.store.list(&prefix, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = Some(last.clone());
            for (key, stored) in page {
                let Some(record) = self.listed_record(key, stored).await? else { continue };
                let info = self.info(record, None);
                let chosen = filter.status.map_or(info.status != KeyStatus::Revoked, |status| info.status == status);
                if !chosen {
                    continue;
                }
                if left_out < filter.offset {
                    left_out += 1;
                    continue;
                }
                found.push(info);
                if found.len() == filter.limit {
                    return Ok(found);
                }
            }
        }
    }

    /// The key that a `key/` record is, or that an `owned/` record speaks of.
    pub(super) async fn listed_record(
        &self,
        key: RecordKey,
        stored: Versioned,
    ) -> Result<Option<KeyRecord>, KeysError> {
        let Some(id) = key.owned_access_key() else { return Ok(Some(KeyRecord::decode(&key, &stored.value)?)) };
        let key = RecordKey::for_access_key(&id);
        let stored = self.store.load(&key).await?;
        Ok(stored.map(|stored| KeyRecord::decode(&key, &stored.value)).transpose()?)
    }

    /// The key called `id`, or `None` if there never was one.
    pub async fn show(&self, id: &AccessKeyId) -> Result<Option<KeyInfo>, KeysError> {
        let (key, use_of_key) = (RecordKey::for_access_key(id), RecordKey::for_use_of(id));
        let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
        let record = KeyRecord::decode(&key, &stored.value)?;
        let used = match self.store.load(&use_of_key).await? {
            Some(stored) => Some(UsedRecord::decode(&use_of_key, &stored.value)?.last_used),
            None => None,
        };
        Ok(Some(self.info(record, used)))
    }

    pub(super) fn info(&self, record: KeyRecord, last_used: Option<Timestamp>) -> KeyInfo {
        let suspended_since = self.suspensions.since(&record.principal);
        let token = match &record.minted_from {
            MintedFrom::ApiToken { token } => self.tokens.known(token),
            MintedFrom::Federated { .. } | MintedFrom::Static { .. } => None,
        };
        let revoked_at = match (&record.state, token.as_ref().map(|token| &token.state)) {
            (KeyState::Revoked { at }, _) | (_, Some(TokenState::Revoked { at, keeps_keys: false })) => Some(*at),
            (KeyState::Active { .. }, _) => self.cutoffs.ended_at(&record),
        };
        let permission = token.as_ref().map_or(record.permission, |token| token.permission.min(record.permission));
        let groups = token.map_or(record.groups, |token| token.groups.clone());
        let status = if revoked_at.is_some() {
            KeyStatus::Revoked
        } else if record.expires_at.is_some_and(|end| end <= self.clock.now()) {
            KeyStatus::Expired
        } else if suspended_since.is_some() {
            KeyStatus::Suspended
        } else {
            KeyStatus::Active
        };
        KeyInfo {
            access_key_id: record.id,
            status,
            principal: record.principal,
            organization: record.organization,
            permission,
            groups,
            issued_at: record.issued_at,
            expires_at: record.expires_at,
            last_used,
            suspended_since,
            revoked_at,
            minted_from: record.minted_from,
            has_session_token: record.session_token.is_some(),
            attributes: record.attributes,
        }
    }
}

const PAGE: usize = 1000;
