//! Suspends, resumes and revokes. Each is in force on this node before it is acknowledged.

use jiff::Timestamp;

use super::{KeyInfo, Keys, KeysError};
use crate::identity::{AccessKeyId, Principal};
use crate::store::{CommitError, Expected, KeyRecord, KeyState, PrincipalRecord, RecordKey, Write};

impl Keys {
    /// Refuses all keys of the principal that the key `id` belongs to, until [`resume`](Self::resume).
    /// `None` if there is no such key.
    pub async fn suspend(&self, id: &AccessKeyId) -> Result<Option<KeyInfo>, KeysError> {
        let now = self.clock.now();
        self.set_suspension(id, Some(now)).await
    }

    /// Ends a suspension. `None` if there is no such key.
    pub async fn resume(&self, id: &AccessKeyId) -> Result<Option<KeyInfo>, KeysError> {
        self.set_suspension(id, None).await
    }

    /// Refuses all keys of `principal`, present and future, and to issue new ones, until resumed. A
    /// principal that has no key yet can be suspended too.
    pub async fn suspend_principal(&self, principal: &Principal) -> Result<(), KeysError> {
        let now = self.clock.now();
        self.set_principal_suspension(principal, Some(now)).await
    }

    /// Ends a suspension.
    pub async fn resume_principal(&self, principal: &Principal) -> Result<(), KeysError> {
        self.set_principal_suspension(principal, None).await
    }

    /// Revokes every key that `principal` has, and returns how many were not revoked before. Those that it
    /// gets after this began may be among them or not: suspend it first, or revoke its token.
    pub async fn revoke_principal(&self, principal: &Principal) -> Result<usize, KeysError> {
        let (mut revoked, mut after) = (0, None);
        loop {
            let page = self.store.list(&RecordKey::prefix_of_owned(principal), after.as_ref(), PAGE).await?;
            for (key, _) in &page {
                if let Some(id) = key.owned_access_key() {
                    revoked += usize::from(self.end(&id).await?);
                }
            }
            let Some((last, _)) = page.last() else { return Ok(revoked) };
            after = Some(last.clone());
        }
    }

    /// Ends the key for good: destroys its secret and leaves a tombstone that keeps the id taken; for
    /// ever, or with a temporary key until its record would have gone anyway. Revoking twice is as good as
    /// once. `None` if there is no such key.
    pub async fn revoke(&self, id: &AccessKeyId) -> Result<Option<KeyInfo>, KeysError> {
        self.end(id).await?;
        self.show(id).await
    }

    /// Whether it was this that ended it: false for a key that had ended before, or that is not there.
    pub(super) async fn end(&self, id: &AccessKeyId) -> Result<bool, KeysError> {
        let key = RecordKey::for_access_key(id);
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.load(&key).await? else { return Ok(false) };
            let mut record = KeyRecord::decode(&key, &stored.value)?;
            if matches!(record.state, KeyState::Revoked { .. }) {
                // Perhaps by another process, whose change has not reached the cache yet.
                self.live.changed_by_us(id, None).await;
                return Ok(false);
            }
            record.state = KeyState::Revoked { at: self.clock.now() };
            let revoked = self.store.compare_and_set(key.clone(), stored.revision, record.encode()).await;
            // Before the outcome is looked at: after an error the record may have changed all the same.
            self.live.changed_by_us(id, revoked.as_ref().ok().copied()).await;
            match revoked {
                Ok(_) => return Ok(true),
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(KeysError::Contended(id.clone()))
    }

    async fn set_suspension(&self, id: &AccessKeyId, since: Option<Timestamp>) -> Result<Option<KeyInfo>, KeysError> {
        let key = RecordKey::for_access_key(id);
        let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
        let record = KeyRecord::decode(&key, &stored.value)?;
        if matches!(record.state, KeyState::Revoked { .. }) {
            return Err(KeysError::Revoked(id.clone()));
        }
        self.set_principal_suspension(&record.principal, since).await?;
        self.show(id).await
    }

    async fn set_principal_suspension(&self, principal: &Principal, since: Option<Timestamp>) -> Result<(), KeysError> {
        for _ in 0..ATTEMPTS {
            if self.try_suspension(principal, since).await? {
                return Ok(());
            }
        }
        Err(KeysError::Busy)
    }

    /// One attempt; false if somebody else changed the record meanwhile.
    async fn try_suspension(&self, principal: &Principal, since: Option<Timestamp>) -> Result<bool, KeysError> {
        let key = RecordKey::for_principal(principal);
        let stored = self.store.load(&key).await?;
        let (mut record, expected) = match &stored {
            Some(stored) => (PrincipalRecord::decode(&key, &stored.value)?, Expected::At(stored.revision)),
            None => (PrincipalRecord::default(), Expected::Absent),
        };
        if record.suspended_since.is_some() == since.is_some() {
            // Done before, perhaps by another process, whose change has not reached us yet.
            if let Some(stored) = stored {
                self.suspensions.learn(principal.clone(), stored.revision, record.suspended_since);
            }
            return Ok(true);
        }
        record.suspended_since = since;
        // The record stays after a resumption: its revision tells late news from new.
        let write = Write::put(key, expected, record.encode());
        match self.store.commit(vec![write]).await {
            Ok(revision) => {
                self.suspensions.learn(principal.clone(), revision, since);
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}

/// How often a change starts over because somebody else changed the same record.
const ATTEMPTS: usize = 64;
const PAGE: usize = 1000;
