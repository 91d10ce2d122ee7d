//! Every token there is, in memory: read at each request with a key that a token made.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::identity::{SecretDigest, TokenId};
use crate::keys::KeysError;
use crate::store::{BearerRecord, KeyStore, RecordKey, Revision, TokenOrigin, TokenRecord, Versioned, decode};

/// What is known of tokens. News may come twice and out of order (our own commit, the watch, a
/// listing); the greater revision wins. A revoked token leaves a tombstone; only by hand is one removed.
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
        self.change().learn(revision, record);
    }

    /// Takes in a listing. Tokens that it lacks are forgotten, unless something newer than `listed_after`
    /// is known of them.
    pub(in crate::keys) fn learn_all(&self, listing: Vec<(Revision, TokenRecord)>, listed_after: Revision) {
        let mut known = self.change();
        let listed: HashSet<TokenId> = listing.iter().map(|(_, record)| record.id.clone()).collect();
        known.tokens.retain(|id, (revision, _)| *revision > listed_after || listed.contains(id));
        for (revision, record) in listing {
            known.learn(revision, record);
        }
    }

    /// The record of a token was removed: from now on it is nobody's, and so are its keys.
    pub(in crate::keys) fn forget(&self, id: &TokenId) {
        self.change().tokens.remove(id);
    }

    /// The newest commit that anything here comes from.
    pub(in crate::keys) fn newest(&self) -> Revision {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.tokens.values().map(|(revision, _)| *revision).max().unwrap_or_default()
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
        if let Some(id) = known {
            return self.find(&id).await;
        }
        let key = RecordKey::for_bearer(digest);
        let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
        self.find(&decode::<BearerRecord>(&key, &stored.value)?.token).await
    }

    fn change(&self) -> RwLockWriteGuard<'_, Known> {
        // No change can panic halfway: a poisoned lock guards a whole map.
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stored record of a token, to change it.
    pub(in crate::keys) async fn load(&self, id: &TokenId) -> Result<Option<(TokenRecord, Versioned)>, KeysError> {
        let key = RecordKey::for_token(id);
        let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
        Ok(Some((TokenRecord::decode(&key, &stored.value)?, stored)))
    }
}

impl Known {
    fn learn(&mut self, revision: Revision, record: TokenRecord) {
        if let TokenOrigin::Secret { digest } = &record.origin {
            self.by_digest.insert(*digest, record.id.clone());
        }
        let newer = self.tokens.get(&record.id).is_none_or(|(before, _)| *before <= revision);
        if newer {
            self.tokens.insert(record.id.clone(), (revision, Arc::new(record)));
        }
    }
}
