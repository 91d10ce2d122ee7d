//! Seals secrets so that a stolen database opens nothing: AES-256-GCM under a random data key, which is
//! itself sealed under a key-encryption key that lies in a file outside the database.
//!
//! Layout of a sealed secret, version 1 (bytes): version 1 | key-encryption key id 8 | nonce 12 |
//! sealed data key 32+16 | nonce 12 | sealed secret n+16. Both seals are bound to the name of the
//! record and to the bytes in front of them, so that neither can be moved elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::RecordKey;
use crate::identity::SecretAccessKey;

/// Names a key-encryption key: the first 8 bytes of a labelled SHA-256 of it, so that the id follows
/// from the key and says nothing useful about its 256 random bits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealKeyId([u8; 8]);

/// The key-encryption keys that are loaded: all of them open, one of them seals.
pub struct SealKeys {
    current: SealKeyId,
    keys: BTreeMap<SealKeyId, LessSafeKey>,
}

/// A secret as it lies in the store.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealedSecret(Vec<u8>);

/// Why a secret could not be sealed or opened. Never says anything of the secret.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// What is stored was cut short, or was written by a newer version.
    #[error("the sealed secret of {0} is not in a form that this version knows")]
    Form(RecordKey),
    /// The key-encryption key that sealed it is not loaded. The operator's to solve.
    #[error(
        "the secret of {record} was sealed under key {key}, which is not loaded: add its file to the configuration"
    )]
    KeyMissing {
        /// The record.
        record: RecordKey,
        /// The key-encryption key it needs.
        key: SealKeyId,
    },
    /// The sealed bytes were changed, or belong to another record.
    #[error("the sealed secret of {0} does not open: the store was changed by something other than this program")]
    Tampered(RecordKey),
    /// The cipher refused to seal.
    #[error("the secret of {0} could not be sealed")]
    Unsealable(RecordKey),
}

impl SealKeys {
    /// Takes one key-encryption key, which seals and opens.
    #[must_use]
    pub fn new(current: &Zeroizing<[u8; 32]>) -> Self {
        let id = SealKeyId::of(current);
        Self { current: id, keys: BTreeMap::from([(id, cipher(current))]) }
    }

    /// Adds a key-encryption key that only opens: an older one, while records are sealed anew.
    #[must_use]
    pub fn and_opening(mut self, older: &Zeroizing<[u8; 32]>) -> Self {
        self.keys.insert(SealKeyId::of(older), cipher(older));
        self
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn current(&self) -> SealKeyId {
        self.current
    }

    /// Whether the key called `id` is among them.
    #[must_use]
    pub fn holds(&self, id: SealKeyId) -> bool {
        self.keys.contains_key(&id)
    }

    /// Seals `secret` for `record`.
    pub fn seal(
        &self,
        record: &RecordKey,
        secret: &SecretAccessKey,
        random: &mut impl CryptoRng,
    ) -> Result<SealedSecret, SealError> {
        self.seal_bytes(record, secret.expose().as_bytes(), random)
    }

    /// Seals any secret bytes for `record`.
    pub fn seal_bytes(
        &self,
        record: &RecordKey,
        plain: &[u8],
        random: &mut impl CryptoRng,
    ) -> Result<SealedSecret, SealError> {
        self.seal_bytes_under(self.current, record, plain, random)
    }

    /// As [`seal_bytes`](Self::seal_bytes), under a key that need not be the one that seals.
    pub(super) fn seal_bytes_under(
        &self,
        key: SealKeyId,
        record: &RecordKey,
        plain: &[u8],
        random: &mut impl CryptoRng,
    ) -> Result<SealedSecret, SealError> {
        let failed = || SealError::Unsealable(record.clone());
        let key_encryption_key =
            self.keys.get(&key).ok_or_else(|| SealError::KeyMissing { record: record.clone(), key })?;
        let mut data_key = Zeroizing::new([0_u8; 32]);
        random.fill_bytes(data_key.as_mut());
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&key.0);
        append_sealed(&mut sealed, key_encryption_key, record, &data_key[..], random).ok_or_else(failed)?;
        append_sealed(&mut sealed, &cipher(&data_key), record, plain, random).ok_or_else(failed)?;
        Ok(SealedSecret(sealed))
    }

    /// Opens what [`seal`](Self::seal) made for the same `record`.
    pub fn open(&self, record: &RecordKey, sealed: &SealedSecret) -> Result<SecretAccessKey, SealError> {
        let tampered = || SealError::Tampered(record.clone());
        let secret = self.open_bytes(record, sealed)?;
        let text = std::str::from_utf8(&secret).map_err(|_| tampered())?;
        SecretAccessKey::parse(Zeroizing::new(text.to_owned())).map_err(|_| tampered())
    }

    /// Opens what [`seal_bytes`](Self::seal_bytes) made for the same `record`.
    pub fn open_bytes(&self, record: &RecordKey, sealed: &SealedSecret) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let form = || SealError::Form(record.clone());
        let tampered = || SealError::Tampered(record.clone());
        let key = sealed.key().ok_or_else(form)?;
        let bytes = sealed.0.as_slice();
        if bytes.len() < SECRET_AT + NONCE_LEN + TAG_BYTES {
            return Err(form());
        }
        let key_encryption_key =
            self.keys.get(&key).ok_or_else(|| SealError::KeyMissing { record: record.clone(), key })?;
        let data_key = open_sealed(bytes, DATA_KEY_AT..SECRET_AT, key_encryption_key, record).ok_or_else(tampered)?;
        let data_key: &[u8; 32] = data_key.as_slice().try_into().map_err(|_| tampered())?;
        let data_key = Zeroizing::new(*data_key);
        open_sealed(bytes, SECRET_AT..bytes.len(), &cipher(&data_key), record).ok_or_else(tampered)
    }
}

impl SealKeyId {
    fn of(key: &Zeroizing<[u8; 32]>) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"portcullis seal key id 1\0");
        digest.update(key.as_ref());
        let digest: [u8; 32] = digest.finalize().into();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
    }
}

impl SealedSecret {
    /// The key-encryption key that it needs; `None` if it is in no form that this version knows.
    #[must_use]
    pub fn key(&self) -> Option<SealKeyId> {
        match self.0.split_first() {
            Some((&VERSION, rest)) => rest.first_chunk().copied().map(SealKeyId),
            _ => None,
        }
    }
}

/// Appends a fresh nonce and `plain` sealed under `key`, bound to `record` and to what `sealed` holds so far.
fn append_sealed(
    sealed: &mut Vec<u8>,
    key: &LessSafeKey,
    record: &RecordKey,
    plain: &[u8],
    random: &mut impl CryptoRng,
) -> Option<()> {
    let associated = associated_data(record, sealed);
    let mut nonce = [0_u8; NONCE_LEN];
    random.fill_bytes(&mut nonce);
    // Encrypted in place; the allocation is wiped in case the cipher gives up half-way.
    let mut in_place = Zeroizing::new(plain.to_vec());
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut in_place)
        .ok()?;
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&in_place);
    sealed.extend_from_slice(tag.as_ref());
    Some(())
}

fn open_sealed(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    key: &LessSafeKey,
    record: &RecordKey,
) -> Option<Zeroizing<Vec<u8>>> {
    let associated = associated_data(record, bytes.get(..range.start)?);
    let (nonce, sealed) = bytes.get(range)?.split_first_chunk::<NONCE_LEN>()?;
    let mut in_place = Zeroizing::new(sealed.to_vec());
    let length =
        key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), &mut in_place).ok()?.len();
    in_place.truncate(length);
    Some(in_place)
}

fn associated_data(record: &RecordKey, before: &[u8]) -> Vec<u8> {
    // The name holds no NUL, so that no two pairs give the same bytes.
    [b"portcullis seal 1\0", record.as_str().as_bytes(), b"\0", before].concat()
}

pub(super) fn cipher(key: &Zeroizing<[u8; 32]>) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("AES-256 takes any 32 bytes"))
}

impl TryFrom<String> for SealKeyId {
    type Error = const_hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const_hex::decode_to_array(text).map(Self)
    }
}

impl From<SealKeyId> for String {
    fn from(id: SealKeyId) -> Self {
        const_hex::encode(id.0)
    }
}

impl TryFrom<String> for SealedSecret {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        BASE64.decode(text).map(Self)
    }
}

impl From<SealedSecret> for String {
    fn from(sealed: SealedSecret) -> Self {
        BASE64.encode(sealed.0)
    }
}

impl fmt::Display for SealKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for SealKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for SealKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SealKeys").field("current", &self.current).finish_non_exhaustive()
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealedSecret(..)")
    }
}

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const DATA_KEY_AT: usize = 1 + 8;
const SECRET_AT: usize = DATA_KEY_AT + NONCE_LEN + 32 + TAG_BYTES;
