//! Every token there is, in memory: read at each request with a key that a token made.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::identity::{SecretDigest, TokenId};
use crate::keys::KeysError;
use crate::store::{BearerRecord, KeyStore, RecordKey, Revision, TokenOrigin, TokenRecord, Versioned, decode};

/// What is known of tokens. News may come twice and out of order (our own commit, the watch, a
/// listing); the greater revision wins. Tokens are never removed: a revoked one leaves a tombstone.
pub(in crate::keys) struct TokenBook {
    store: Arc<dyn KeyStore>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    tokens: HashMap<TokenId, (Revision, Arc<TokenRecord>)>,
    by_digest: HashMap<SecretDigest, TokenId>,
}

impl TokenBook {
    pub(in crate::keys) fn new(store: Arc<dyn KeyStore>) -> Self {
        Self { store, known: RwLock::default() }
    }

    /// Takes in what the commit `revision` said of a token.
    pub(in crate::keys) fn learn(&self, revision: Revision, record: TokenRecord) {
        // Nothing below can panic halfway: a poisoned lock guards a whole map.
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let TokenOrigin::Secret { digest } = &record.origin {
            known.by_digest.insert(*digest, record.id.clone());
        }
        let newer = known.tokens.get(&record.id).is_none_or(|(before, _)| *before <= revision);
        if newer {
            known.tokens.insert(record.id.clone(), (revision, Arc::new(record)));
        }
    }

    /// What memory holds of a token. Who asks on behalf of a key that [`Keys::find`](crate::keys::Keys::find)
    /// found has it there.
    pub(in crate::keys) fn known(&self, id: &TokenId) -> Option<Arc<TokenRecord>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.tokens.get(id).map(|(_, record)| Arc::clone(record))
    }

    /// The token called `id`; asks the store if nobody has told of it yet.
    pub(in crate::keys) async fn find(&self, id: &TokenId) -> Result<Option<Arc<TokenRecord>>, KeysError> {
        if let Some(record) = self.known(id) {
            return Ok(Some(record));
        }
        let Some((_, stored)) = self.load(id).await? else { return Ok(None) };
        self.learn(stored.revision, TokenRecord::decode(&RecordKey::for_token(id), &stored.value)?);
        Ok(self.known(id))
    }

    /// The token whose secret hashes to `digest`; asks the store if nobody has told of it yet.
    pub(in crate::keys) async fn find_by_digest(
        &self,
        digest: &SecretDigest,
    ) -> Result<Option<Arc<TokenRecord>>, KeysError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).by_digest.get(digest).cloned();
        let id = match known {
            Some(id) => id,
            None => {
                let key = RecordKey::for_bearer(digest);
                let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
                decode::<BearerRecord>(&key, &stored.value)?.token
            }
        };
        self.find(&id).await
    }

    /// The stored record of a token, to change it.
    pub(in crate::keys) async fn load(&self, id: &TokenId) -> Result<Option<(TokenRecord, Versioned)>, KeysError> {
        let key = RecordKey::for_token(id);
        let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
        Ok(Some((TokenRecord::decode(&key, &stored.value)?, stored)))
    }
}
