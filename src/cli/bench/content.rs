//! What the objects of a run hold: random bytes, drawn anew for each run and repeated from a short block, so
//! that objects of any size take no memory and every byte that comes back can be compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::Md5;
use rand::Rng;
use sha2::{Digest as _, Sha256};

/// The content of every object of a run. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Content {
    block: Bytes,
}

/// A stretch of the content that is sent in one request, and what is known of it ahead.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) from: u64,
    pub(super) length: u64,
    pub(super) sha256: [u8; 32],
    pub(super) md5: [u8; 16],
    /// CRC-32 in Base64, as it stands in a trailer.
    pub(super) crc32: String,
}

impl Content {
    pub(super) fn new(random: &mut impl Rng) -> Self {
        let mut block = vec![0; BLOCK];
        random.fill_bytes(&mut block);
        Self { block: block.into() }
    }

    /// The bytes at `from`, at most `most` of them, and no more than the block has there.
    pub(super) fn piece(&self, from: u64, most: u64) -> Bytes {
        let start = usize::try_from(from % BLOCK as u64).unwrap_or_default();
        let end = usize::try_from(most).map_or(BLOCK, |most| start.saturating_add(most).min(BLOCK));
        self.block.slice(start..end)
    }

    /// Whether `bytes` is what stands at `from`.
    pub(super) fn is_at(&self, mut from: u64, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let expected = self.piece(from, bytes.len() as u64);
            let (now, later) = bytes.split_at(expected.len());
            if now != expected {
                return false;
            }
            from += now.len() as u64;
            bytes = later;
        }
        true
    }

    /// The section of `length` bytes at `from`, with its digests.
    pub(super) fn section(&self, from: u64, length: u64) -> Section {
        let (mut sha256, mut md5, mut crc) = (Sha256::new(), Md5::new(), Crc::new(CrcAlgorithm::Crc32IsoHdlc));
        let mut at = 0;
        while at < length {
            let piece = self.piece(from + at, length - at);
            sha256.update(&piece);
            md5.update(&piece);
            crc.update(&piece);
            at += piece.len() as u64;
        }
        let crc32 = u32::try_from(crc.finalize()).unwrap_or_default();
        Section {
            from,
            length,
            sha256: sha256.finalize().into(),
            md5: md5.finalize().into(),
            crc32: STANDARD.encode(crc32.to_be_bytes()),
        }
    }

    /// The sections of an object of `size` bytes in parts of `part` bytes, a multiple of the block's size.
    pub(super) fn parts(&self, size: u64, part: u64) -> Vec<Section> {
        let whole = self.section(0, part.min(size));
        let count = size / part;
        let mut parts: Vec<Section> = (0..count).map(|index| Section { from: index * part, ..whole.clone() }).collect();
        if !size.is_multiple_of(part) {
            parts.push(self.section(count * part, size % part));
        }
        parts
    }
}

const BLOCK: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn content_repeats_its_block_and_knows_its_digests() {
        let content = Content::new(&mut StdRng::seed_from_u64(1));
        let whole: Vec<u8> = content.block.iter().chain(&content.block[..1000]).copied().collect();
        assert!(content.is_at(0, &whole) && content.is_at(BLOCK as u64, &whole) && !content.is_at(1, &whole));
        let mut wrong = whole.clone();
        wrong[BLOCK + 999] ^= 1;
        assert!(!content.is_at(0, &wrong));
        let section = content.section(0, whole.len() as u64);
        assert_eq!(section.sha256, <[u8; 32]>::from(Sha256::digest(&whole)));
        assert_eq!(section.md5, <[u8; 16]>::from(Md5::digest(&whole)));
        let crc = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, &whole);
        assert_eq!(section.crc32, STANDARD.encode(u32::try_from(crc).expect("32 bits").to_be_bytes()));
    }

    #[test]
    fn the_parts_make_up_the_object() {
        let content = Content::new(&mut StdRng::seed_from_u64(1));
        for (size, part, lengths) in [
            (5_u64 << 20, 5_u64 << 20, vec![5_u64 << 20]),
            (11 << 20, 5 << 20, vec![5 << 20, 5 << 20, 1 << 20]),
            (7, 5 << 20, vec![7]),
        ] {
            let parts = content.parts(size, part);
            assert_eq!(parts.iter().map(|part| part.length).collect::<Vec<_>>(), lengths);
            let mut at = 0;
            for part in parts {
                assert_eq!((part.from, part.md5), (at, content.section(at, part.length).md5));
                at += part.length;
            }
            assert_eq!(at, size);
        }
    }
}
