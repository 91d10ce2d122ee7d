//! Creates, lists, changes and revokes tokens. Each change is in force on this node before it is
//! acknowledged.

use std::collections::HashMap;

use jiff::Timestamp;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use super::TokenInfo;
use crate::identity::{ApiToken, Groups, Permission, Principal, TokenId};
use crate::keys::{Keys, KeysError};
use crate::store::{
    BearerRecord, CommitError, RecordKey, TOKENS, TOKENS_USED, TokenOrigin, TokenRecord, TokenState, UsedRecord, Write,
    encode,
};

/// What a token shall be.
#[derive(Debug, Default)]
pub struct NewToken {
    /// What it is for: 1 to 128 characters without control characters.
    pub name: String,
    /// The most that it and its keys may do; the default, nothing, is refused.
    pub permission: Permission,
    /// The groups that it and its keys are in.
    pub groups: Groups,
    /// When it ends; `None` if never.
    pub expires_at: Option<Timestamp>,
}

/// What shall change about a token; `None` leaves as it is.
#[derive(Debug, Default)]
pub struct TokenUpdate {
    /// Its new name.
    pub name: Option<String>,
    /// The most that it and its keys may do from now on. No key may do more than at its making. For a
    /// token of single sign-on this is a limit: the identity provider says how much of it is used, and a
    /// higher limit counts from the next login on.
    pub permission: Option<Permission>,
    /// All groups that it and its keys are in from now on, keys that are there too. Not for a token of single
    /// sign-on: the identity provider says at each login which they are.
    pub groups: Option<Groups>,
}

/// What becomes of the keys that a revoked token made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeysOfToken {
    /// They go on.
    Keep,
    /// They are revoked too.
    #[default]
    Revoke,
}

impl Keys {
    /// Creates a token. It is returned once, here, and never again.
    pub async fn create_token(
        &self,
        request: NewToken,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<(TokenInfo, ApiToken), KeysError> {
        let now = self.clock.now();
        if request.permission == Permission::None {
            return Err(KeysError::Invalid("a token needs a permission: read, write or admin"));
        }
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(KeysError::Invalid("the expiry must lie in the future"));
        }
        let token = ApiToken::generate(random);
        let record = TokenRecord {
            id: TokenId::generate(random),
            name: checked_name(request.name)?,
            permission: request.permission,
            groups: request.groups,
            created_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
            expires_at: request.expires_at,
            origin: TokenOrigin::Secret { digest: token.digest() },
            state: TokenState::Active {},
        };
        let bearer = BearerRecord { token: record.id.clone() };
        let writes = vec![
            Write::create(record.record_key(), encode(&record)),
            Write::create(RecordKey::for_bearer(&token.digest()), encode(&bearer)),
        ];
        let revision = self.store.commit(writes).await?;
        let info = self.token_info(&record, None);
        self.tokens.learn(revision, record);
        Ok((info, token))
    }

    /// At most `limit` tokens with ids after `after`, by id; revoked ones too.
    pub async fn list_tokens(&self, after: Option<&TokenId>, limit: usize) -> Result<Vec<TokenInfo>, KeysError> {
        let (after_token, after_use) = (after.map(RecordKey::for_token), after.map(RecordKey::for_use_of_token));
        let records = self.store.list(TOKENS, after_token.as_ref(), limit).await?;
        // Only tokens have uses: the first `limit` uses reach as far as the first `limit` tokens.
        let uses = self.store.list(TOKENS_USED, after_use.as_ref(), limit).await?;
        let mut last_used = HashMap::with_capacity(uses.len());
        for (key, stored) in uses {
            let used = UsedRecord::decode(&key, &stored.value)?;
            last_used.extend(key.token().map(|id| (id, used.last_used)));
        }
        let info = |(key, stored): (RecordKey, crate::store::Versioned)| {
            let record = TokenRecord::decode(&key, &stored.value)?;
            Ok(self.token_info(&record, last_used.get(&record.id).copied()))
        };
        records.into_iter().map(info).collect()
    }

    /// The token called `id`, or `None` if there never was one.
    pub async fn show_token(&self, id: &TokenId) -> Result<Option<TokenInfo>, KeysError> {
        let Some((record, _)) = self.tokens.load(id).await? else { return Ok(None) };
        let key = RecordKey::for_use_of_token(id);
        let used = match self.store.load(&key).await? {
            Some(stored) => Some(UsedRecord::decode(&key, &stored.value)?.last_used),
            None => None,
        };
        Ok(Some(self.token_info(&record, used)))
    }

    /// Changes a token; its keys follow at their next request. `None` if there is no such token.
    pub async fn update_token(&self, id: &TokenId, update: TokenUpdate) -> Result<Option<TokenInfo>, KeysError> {
        if update.permission == Some(Permission::None) {
            return Err(KeysError::Invalid("a token needs a permission: read, write or admin; or revoke it"));
        }
        let name = update.name.map(checked_name).transpose()?;
        self.change_token(id, |record| {
            if matches!(record.state, TokenState::Revoked { .. }) {
                return Err(KeysError::TokenRevoked(record.id.clone()));
            }
            if let Some(name) = &name {
                record.name.clone_from(name);
            }
            if let Some(groups) = &update.groups {
                if matches!(record.origin, TokenOrigin::SingleSignOn { .. }) {
                    return Err(KeysError::Invalid(
                        "the groups of this token come from its identity provider at each login; change them there",
                    ));
                }
                record.groups = groups.clone();
            }
            if let Some(permission) = update.permission {
                record.permission = match &mut record.origin {
                    TokenOrigin::Secret { .. } => permission,
                    TokenOrigin::SingleSignOn { at_most, .. } => {
                        // The next login would bring back what the identity provider says.
                        *at_most = permission;
                        record.permission.min(permission)
                    }
                };
            }
            Ok(())
        })
        .await
    }

    /// Ends a token for good and, unless told otherwise, the keys made from it. Doing it again finishes
    /// what was interrupted. `None` if there is no such token.
    pub async fn revoke_token(&self, id: &TokenId, keys: KeysOfToken) -> Result<Option<TokenInfo>, KeysError> {
        let now = self.clock.now();
        let keeps_keys = keys == KeysOfToken::Keep;
        let revoked = self
            .change_token(id, |record| {
                record.state = match record.state {
                    TokenState::Active {} => TokenState::Revoked { at: now, keeps_keys },
                    // Keys that were ended stay ended.
                    TokenState::Revoked { at, keeps_keys: before } => {
                        TokenState::Revoked { at, keeps_keys: before && keeps_keys }
                    }
                };
                Ok(())
            })
            .await?;
        if revoked.is_some() && !keeps_keys {
            // They are refused already, on account of their token. This destroys their secrets.
            self.revoke_principal(&Principal::for_token(id)).await?;
        }
        Ok(revoked)
    }

    async fn change_token(
        &self,
        id: &TokenId,
        change: impl Fn(&mut TokenRecord) -> Result<(), KeysError>,
    ) -> Result<Option<TokenInfo>, KeysError> {
        for _ in 0..ATTEMPTS {
            let Some((before, stored)) = self.tokens.load(id).await? else { return Ok(None) };
            let mut record = before.clone();
            change(&mut record)?;
            let revision = if record == before {
                stored.revision
            } else {
                match self.store.compare_and_set(record.record_key(), stored.revision, encode(&record)).await {
                    Ok(revision) => revision,
                    Err(CommitError::Conflict(_)) => continue,
                    Err(other) => return Err(other.into()),
                }
            };
            self.tokens.learn(revision, record);
            return self.show_token(id).await;
        }
        Err(KeysError::Busy)
    }

    fn token_info(&self, record: &TokenRecord, last_used: Option<Timestamp>) -> TokenInfo {
        let is_suspended = self.is_suspended(&Principal::for_token(&record.id));
        TokenInfo::new(record, is_suspended, last_used, self.clock.now())
    }
}

fn checked_name(name: String) -> Result<String, KeysError> {
    if (1..=128).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(KeysError::Invalid("a token's name has 1 to 128 characters and no control characters"))
    }
}

/// How often a change starts over because somebody else changed the same record.
const ATTEMPTS: usize = 64;
