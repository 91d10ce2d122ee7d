//! What a store keeps to tell a node that comes without a key it needs: a secret that everybody knows, sealed under
//! each key that secrets are sealed under.

use std::collections::BTreeSet;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use super::{
    CommitError, Expected, KeyStore, RecordKey, ResealError, SealError, SealKeyId, SealKeys, SealedSecret, Write,
    decode, encode,
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    sealed: SealedSecret,
    /// Under the other keys that are in use, while secrets are sealed anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<SealedSecret>,
}

impl Mark {
    fn all(&self) -> impl Iterator<Item = &SealedSecret> {
        std::iter::once(&self.sealed).chain(&self.others)
    }

    /// One that names `named`.
    fn under(named: &BTreeSet<SealKeyId>, keys: &SealKeys, random: &mut impl CryptoRng) -> Result<Self, SealError> {
        let name = RecordKey::for_seal_mark();
        let mut sealed = named.iter().map(|key| keys.seal_bytes_under(*key, &name, KNOWN, random));
        let first = sealed.next().unwrap_or_else(|| Err(SealError::Unsealable(name.clone())))?;
        Ok(Self { sealed: first, others: sealed.collect::<Result<_, _>>()? })
    }
}

/// Opens the mark that the store holds, under each key that it names, and adds the key that seals here.
///
/// # Errors
/// [`ResealError::Seal`] if a key is in use that is not among `keys`.
pub(super) async fn check(
    store: &dyn KeyStore,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
) -> Result<(), ResealError> {
    change(store, keys, random, |named| {
        named.insert(keys.current());
    })
    .await
}

/// Adds keys that are in use.
pub(super) async fn add(
    store: &dyn KeyStore,
    keys: &SealKeys,
    in_use: &BTreeSet<SealKeyId>,
    random: &mut impl CryptoRng,
) -> Result<(), ResealError> {
    change(store, keys, random, |named| named.extend(in_use)).await
}

/// Has the mark name the key that seals here, and no other.
pub(super) async fn name_only_current(
    store: &dyn KeyStore,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
) -> Result<(), ResealError> {
    change(store, keys, random, |named| *named = BTreeSet::from([keys.current()])).await
}

/// Changes which keys the mark names. Each that it named before has to open it.
async fn change(
    store: &dyn KeyStore,
    keys: &SealKeys,
    random: &mut impl CryptoRng,
    make: impl Fn(&mut BTreeSet<SealKeyId>),
) -> Result<(), ResealError> {
    let name = RecordKey::for_seal_mark();
    for _ in 0..ATTEMPTS {
        let stored = store.load(&name).await?;
        let mut before = BTreeSet::new();
        if let Some(stored) = &stored {
            let mark: Mark = decode(&name, &stored.value)?;
            for sealed in mark.all() {
                keys.open_bytes(&name, sealed)?;
                before.extend(sealed.key());
            }
        }
        let mut named = before.clone();
        make(&mut named);
        if named == before {
            return Ok(());
        }
        let expected = stored.map_or(Expected::Absent, |stored| Expected::At(stored.revision));
        let mark = encode(&Mark::under(&named, keys, random)?);
        match store.commit(vec![Write::put(name.clone(), expected, mark)]).await {
            Err(CommitError::Conflict(_)) => {}
            other => return other.map(|_| ()).map_err(Into::into),
        }
    }
    Err(CommitError::Conflict(name).into())
}

const KNOWN: &[u8] = b"portcullis-seal-mark";
/// Nodes of a fleet start at once.
const ATTEMPTS: usize = 64;
