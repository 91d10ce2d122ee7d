//! The file of an export: a line of JSON that says what it is, then sealed pages.
//!
//! A page is its length (4 bytes, big endian), its kind (1 byte), a random nonce (12) and the sealed content: AES-256-GCM
//! under a key of this file alone, bound to the page's number and kind. That key is in the first line, sealed under the
//! key-encryption key and bound to the rest of the line. So no page can be changed, left out, moved, or come from
//! another file; and since the last page says that it is the last, none can be missing at the end.

use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use jiff::Timestamp;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::FileFault;
use crate::identity::OrganizationId;
use crate::store::{RecordKey, SealError, SealKeyId, SealKeys, SealedSecret, seal};

/// What the first line says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub(super) version: u32,
    /// Whose records these are.
    pub organization: OrganizationId,
    /// The key-encryption key that the file needs.
    pub seal_key: SealKeyId,
    /// When the export began.
    pub made_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    portcullis_export: Header,
    data_key: SealedSecret,
}

#[derive(Deserialize)]
struct AnyLine {
    portcullis_export: AnyHeader,
}

#[derive(Deserialize)]
struct AnyHeader {
    version: u32,
}

/// What a page holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Entries,
    Last,
}

/// The content of the last page.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Last {
    /// How many entries there are, in how many pages before this one.
    pub(super) entries: u64,
    pub(super) pages: u64,
    /// How many records are left when they are replayed.
    pub(super) records: u64,
}

/// The key of one file's pages.
pub(super) struct PageKey(LessSafeKey);

impl Header {
    pub(super) fn new(organization: OrganizationId, keys: &SealKeys, made_at: Timestamp) -> Self {
        Self { version: VERSION, organization, seal_key: keys.current(), made_at }
    }

    /// Writes the first line, with a new key for the pages.
    pub(super) fn write(&self, keys: &SealKeys, random: &mut impl CryptoRng) -> Result<(Vec<u8>, PageKey), SealError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        random.fill_bytes(key.as_mut());
        let data_key = keys.seal_bytes(&self.label(), key.as_ref(), random)?;
        let mut line = to_json(&Line { portcullis_export: self.clone(), data_key });
        line.push(b'\n');
        Ok((line, PageKey(seal::cipher(&key))))
    }

    /// Reads the first line, and opens the key of the pages.
    ///
    /// # Errors
    /// What is wrong with it; or the system's.
    pub(super) fn read(
        file: &mut impl BufRead,
        keys: &SealKeys,
    ) -> io::Result<Result<(Self, PageKey, u64), FileFault>> {
        let mut line = Vec::new();
        file.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        let length = line.len() as u64;
        Ok(Self::parse(&line, keys).map(|(header, key)| (header, key, length)))
    }

    fn parse(line: &[u8], keys: &SealKeys) -> Result<(Self, PageKey), FileFault> {
        let AnyLine { portcullis_export: AnyHeader { version } } =
            serde_json::from_slice(line).map_err(|_| FileFault::NotAnExport)?;
        if version != VERSION {
            return Err(FileFault::Version { found: version, known: VERSION });
        }
        let Line { portcullis_export: header, data_key } =
            serde_json::from_slice(line).map_err(|_| FileFault::Header)?;
        // One line has one form: nothing else can stand for it.
        let mut again = to_json(&Line { portcullis_export: header.clone(), data_key: data_key.clone() });
        again.push(b'\n');
        if again != line {
            return Err(FileFault::Header);
        }
        let key = keys.open_bytes(&header.label(), &data_key).map_err(|error| match error {
            SealError::KeyMissing { key, .. } => FileFault::KeyMissing(key),
            _ => FileFault::Header,
        })?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| FileFault::Header)?;
        Ok((header, PageKey(seal::cipher(&Zeroizing::new(key)))))
    }

    /// What the key of the pages is bound to.
    fn label(&self) -> RecordKey {
        let digest: [u8; 32] = Sha256::digest(to_json(self)).into();
        RecordKey::parse(&format!("export/{}", const_hex::encode(digest))).expect("letters and digits are a name")
    }
}

impl PageKey {
    /// Writes the page called `number`, counted from 1.
    pub(super) fn write(
        &self,
        number: u64,
        kind: Kind,
        content: Vec<u8>,
        file: &mut impl Write,
        random: &mut impl CryptoRng,
    ) -> io::Result<u64> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill_bytes(&mut nonce);
        let mut sealed = content;
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(number, kind), &mut sealed)
            .map_err(|_| io::Error::other("the page could not be sealed"))?;
        let length = u32::try_from(NONCE_LEN + sealed.len()).map_err(io::Error::other)?;
        let page = [&length.to_be_bytes()[..], &[kind.byte()], &nonce, &sealed].concat();
        file.write_all(&page)?;
        Ok(page.len() as u64)
    }

    /// Reads the page called `number`: what it is, what it holds, and how long it is. `None` where the file ends.
    ///
    /// # Errors
    /// What is wrong with it; or the system's.
    #[expect(clippy::type_complexity, reason = "two ways to fail, one of them the file's own")]
    pub(super) fn read(
        &self,
        number: u64,
        file: &mut impl Read,
    ) -> io::Result<Result<Option<(Kind, Vec<u8>, u64)>, FileFault>> {
        let mut front = [0_u8; 5];
        match read_up_to(file, &mut front)? {
            0 => return Ok(Ok(None)),
            5 => {}
            _ => return Ok(Err(FileFault::Cut { page: number })),
        }
        let altered = FileFault::Page { page: number };
        let [a, b, c, d, kind] = front;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(kind) = Kind::of(kind) else { return Ok(Err(altered)) };
        if !(NONCE_LEN..=LONGEST_PAGE).contains(&length) {
            return Ok(Err(altered));
        }
        let mut sealed = vec![0_u8; length];
        if read_up_to(file, &mut sealed)? < length {
            return Ok(Err(FileFault::Cut { page: number }));
        }
        let Some((nonce, sealed)) = sealed.split_first_chunk_mut::<NONCE_LEN>() else { return Ok(Err(altered)) };
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let Ok(content) = self.0.open_in_place(nonce, associated(number, kind), sealed) else {
            return Ok(Err(altered));
        };
        Ok(Ok(Some((kind, content.to_vec(), (front.len() + length) as u64))))
    }
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Entries => b'E',
            Self::Last => b'L',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Entries, Self::Last].into_iter().find(|kind| kind.byte() == byte)
    }
}

impl Last {
    pub(super) fn encode(self) -> Vec<u8> {
        to_json(&self)
    }

    pub(super) fn decode(content: &[u8]) -> Option<Self> {
        serde_json::from_slice(content).ok()
    }
}

fn associated(number: u64, kind: Kind) -> Aad<Vec<u8>> {
    Aad::from([b"portcullis export page 1\0", &number.to_be_bytes()[..], &[kind.byte()]].concat())
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers can be written as JSON")
}

fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

const VERSION: u32 = 1;
const LONGEST_LINE: u64 = 4096;
/// Entries are put into pages of a megabyte; a single one may be longer.
const LONGEST_PAGE: usize = 64 << 20;
