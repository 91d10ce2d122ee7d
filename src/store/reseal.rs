//! Seals every secret in a store anew under the key that seals now, so that an older key can go.
//!
//! Each record is compared and set: one that changes meanwhile is looked at again, and one that was revoked stays so.
//! Records are walked until a walk finds nothing to do, since new ones are made meanwhile behind the walker's back. It
//! may be done twice, and on two nodes at once.

use std::collections::BTreeMap;

use rand::CryptoRng;

use super::{
    CommitError, Expected, KEYS, KeyRecord, KeyState, KeyStore, OpenError, RecordError, RecordKey, SealError,
    SealKeyId, SealKeys, SealedSecret, StoreError, Versioned, Write, seal_mark,
};

/// What became of the secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resealed {
    /// The key that seals.
    pub current: SealKeyId,
    /// How many records were sealed anew.
    pub resealed: u64,
    /// How many were sealed under that key before.
    pub already: u64,
    /// How many could not be sealed anew; the log says which, and why.
    pub failed: u64,
    /// The keys that are still needed, each with how many records need it.
    pub in_use: BTreeMap<SealKeyId, u64>,
    /// Whether no other key is needed any more, as far as the last walk could tell.
    pub is_complete: bool,
}

/// Why secrets were not sealed anew, or not all of them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResealError {
    /// The store failed, or others changed the same records again and again.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store's list of the keys in use is in no form that this version knows.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A key that is in use is not loaded.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ResealError> for OpenError {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Commit(CommitError::Conflict(key) | CommitError::Repeated(key)) => Self::Contended(key),
            ResealError::Commit(CommitError::Store(error)) | ResealError::Store(error) => Self::Unreadable(error),
            ResealError::Record(error) => Self::Record(error),
            ResealError::Seal(error) => Self::Seal(error),
        }
    }
}

/// Why one record was left as it is.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What a record needs.
enum Need {
    /// Nothing: it is sealed under the current key, or has no secret.
    Nothing { is_sealed: bool },
    /// To be replaced by this.
    New(Box<KeyRecord>),
}

/// Seals every secret in `store` under the current one of `keys`.
///
/// # Errors
/// If the store fails; what was done by then stays, and it can be done again.
pub async fn reseal(
    store: &dyn KeyStore,
    keys: &SealKeys,
    random: &mut (impl CryptoRng + Send),
) -> Result<Resealed, ResealError> {
    let mut sum = Resealed::none(keys.current());
    for walk in 0..MOST_WALKS {
        let walked = Walk { store, keys, done: Resealed::none(keys.current()) }.run(random).await?;
        sum.resealed += walked.resealed;
        if walk == 0 {
            sum.already = walked.already;
        }
        (sum.failed, sum.in_use) = (walked.failed, walked.in_use);
        // A record that cannot be read may need any key.
        sum.is_complete = walked.resealed == 0 && walked.failed == 0;
        if walked.resealed == 0 {
            break;
        }
    }
    if sum.is_complete {
        seal_mark::name_only_current(store, keys, random).await?;
    }
    Ok(sum)
}

impl Resealed {
    fn none(current: SealKeyId) -> Self {
        Self { current, resealed: 0, already: 0, failed: 0, in_use: BTreeMap::new(), is_complete: false }
    }
}

/// Once through all records.
struct Walk<'a> {
    store: &'a dyn KeyStore,
    keys: &'a SealKeys,
    done: Resealed,
}

impl Walk<'_> {
    async fn run(mut self, random: &mut (impl CryptoRng + Send)) -> Result<Resealed, ResealError> {
        let mut after = None;
        loop {
            let page = self.store.list(KEYS, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(self.done) };
            after = Some(last.clone());
            let mut batch = Vec::new();
            for (key, stored) in page {
                match need(self.keys, &key, &stored, random) {
                    Ok(Need::Nothing { is_sealed }) => self.note_already(is_sealed),
                    Ok(Need::New(record)) => batch.push(put(key, &stored, &record)),
                    Err(left) => self.note_left(&key, &stored, &left),
                }
            }
            for batch in batch.chunks(BATCH) {
                self.commit(batch, random).await?;
            }
        }
    }

    /// All at once, or one by one if one of them was changed meanwhile.
    async fn commit(&mut self, batch: &[Write], random: &mut (impl CryptoRng + Send)) -> Result<(), ResealError> {
        match self.store.commit(batch.to_vec()).await {
            Ok(_) => {
                for _ in batch {
                    self.note_resealed();
                }
                Ok(())
            }
            Err(CommitError::Conflict(_)) => {
                for write in batch {
                    self.one(&write.key, random).await?;
                }
                Ok(())
            }
            Err(other) => Err(other.into()),
        }
    }

    async fn one(&mut self, key: &RecordKey, random: &mut (impl CryptoRng + Send)) -> Result<(), ResealError> {
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.load(key).await? else { return Ok(()) };
            let record = match need(self.keys, key, &stored, random) {
                Ok(Need::Nothing { is_sealed }) => {
                    self.note_already(is_sealed);
                    return Ok(());
                }
                Ok(Need::New(record)) => record,
                Err(left) => {
                    self.note_left(key, &stored, &left);
                    return Ok(());
                }
            };
            match self.store.commit(vec![put(key.clone(), &stored, &record)]).await {
                Ok(_) => {
                    self.note_resealed();
                    return Ok(());
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(CommitError::Conflict(key.clone()).into())
    }

    fn note_resealed(&mut self) {
        self.done.resealed += 1;
        *self.done.in_use.entry(self.done.current).or_default() += 1;
    }

    fn note_already(&mut self, is_sealed: bool) {
        if is_sealed {
            self.done.already += 1;
            *self.done.in_use.entry(self.done.current).or_default() += 1;
        }
    }

    fn note_left(&mut self, key: &RecordKey, stored: &Versioned, left: &Left) {
        tracing::error!(record = %key, error = %left, "a secret could not be sealed anew");
        self.done.failed += 1;
        if let Some(other) = KeyRecord::decode(key, &stored.value).ok().and_then(|record| other_key(self.keys, &record))
        {
            *self.done.in_use.entry(other).or_default() += 1;
        }
    }
}

fn put(key: RecordKey, stored: &Versioned, record: &KeyRecord) -> Write {
    // It keeps the end that it has.
    Write::put(key, Expected::At(stored.revision), record.encode())
}

/// The key that the record is sealed under, if that is not the current one.
fn other_key(keys: &SealKeys, record: &KeyRecord) -> Option<SealKeyId> {
    record.state.secrets().filter_map(SealedSecret::key).find(|key| *key != keys.current())
}

fn need(keys: &SealKeys, key: &RecordKey, stored: &Versioned, random: &mut impl CryptoRng) -> Result<Need, Left> {
    let mut record = KeyRecord::decode(key, &stored.value)?;
    if record.state.secrets().all(|sealed| sealed.key() == Some(keys.current())) {
        return Ok(Need::Nothing { is_sealed: record.state.secrets().next().is_some() });
    }
    let mut anew = |sealed: &SealedSecret| {
        let plain = keys.open_bytes(key, sealed)?;
        keys.seal_bytes(key, &plain, random)
    };
    if let KeyState::Active { secret, second_secret } = &mut record.state {
        *secret = anew(secret)?;
        if let Some(second) = second_secret {
            *second = anew(second)?;
        }
    }
    Ok(Need::New(Box::new(record)))
}

const PAGE: usize = 512;
/// As many as one commit may have in any store.
const BATCH: usize = 64;
const ATTEMPTS: usize = 64;
/// How often records are walked, while others go on to seal under an older key.
const MOST_WALKS: usize = 8;
