//! Signed chunks: no byte comes out that was not signed, whatever is sent and however it is cut.

use std::collections::VecDeque;
use std::sync::LazyLock;

use bytes::Bytes;
use portcullis::s3::{ErrorCode, RequestHead};
use portcullis::sigv4::{AcceptedRegion, ChunkVerifier, SignedChunkDecoder, SigningTime, UnverifiedSignature};
use sha2::{Digest, Sha256};

use crate::request_text;
use crate::signatures::{key, right_signature, with_value};

type Decoded = (Vec<u8>, Result<Vec<(String, String)>, ErrorCode>);

/// The first byte says what is done: whether there is a trailer, and what becomes of the body; then come the
/// sizes of the pieces, where a change is made, and the data, cut into chunks.
#[test]
fn signed_chunks() {
    crate::engine::run("signed_chunks", |input| {
        let [what, cut, at_high, at_low, change, size, data @ ..] = input else { return };
        // More takes longer and shows nothing else.
        let data = &data[..data.len().min(600)];
        let has_trailer = what & 1 == 1;
        let chunks: Vec<&[u8]> = data.chunks(usize::from(*size).max(1) * 4).collect();
        let body = signed(&chunks, has_trailer);
        let right = decode(&body, usize::from(*cut), has_trailer);
        // Too many small chunks are refused, and only those.
        let refused = right.1 == Err(ErrorCode::InvalidChunkSizeError);
        assert_eq!(
            refused,
            chunks.len() > 64 && too_small(&chunks),
            "{} chunks of {}",
            chunks.len(),
            usize::from(*size) * 4
        );
        if !refused {
            assert_eq!(right.0, data);
            let trailers = right.1.clone().unwrap();
            assert_eq!(trailers.is_empty(), !has_trailer);
        }
        assert_eq!(decode(&body, body.len(), has_trailer), right);
        // One change somewhere: what comes out is whole chunks, and the end is an error.
        let at = usize::from(u16::from_be_bytes([*at_high, *at_low])) % body.len();
        let mut changed = body.clone();
        match what >> 1 & 3 {
            0 => changed[at] ^= (*change).max(1),
            1 => drop(changed.remove(at)),
            2 => changed.insert(at, *change),
            _ => changed.truncate(at),
        }
        let (out, end) = decode(&changed, usize::from(*cut), has_trailer);
        assert!(data.starts_with(&out), "something else came out than was signed");
        let whole: usize = chunks
            .iter()
            .map(|chunk| chunk.len())
            .scan(0, |sum, length| {
                *sum += length;
                Some(*sum)
            })
            .take_while(|sum| *sum <= out.len())
            .last()
            .unwrap_or(0);
        assert_eq!(whole, out.len(), "a part of a chunk came out");
        if end.is_ok() {
            // A length may be written in capitals, with zeros before it; a trailer's name and its spaces are free.
            assert_eq!(out, data);
            assert_eq!(Ok(right.1.unwrap()), end);
        }
    });
}

/// The body as it is, which was signed once for the seed of these tests or was made by an attacker.
#[test]
fn signed_chunks_as_sent() {
    crate::engine::run("signed_chunks_as_sent", |input| {
        let Some((cut, body)) = input.split_first() else { return };
        for has_trailer in [false, true] {
            let pieces = decode(body, usize::from(*cut), has_trailer);
            assert_eq!(pieces, decode(body, body.len(), has_trailer));
            assert!(b"hello world".starts_with(&pieces.0), "{}", pieces.0.escape_ascii());
            if let Ok(trailers) = &pieces.1 {
                assert!(pieces.0.is_empty() || pieces.0 == b"hello world");
                assert!(!has_trailer || trailers.iter().all(|(name, _)| name == "x-amz-checksum-crc32"));
            }
        }
    });
}

/// Beyond 64 chunks, each of the others has to bring 1 KiB on average before it.
fn too_small(chunks: &[&[u8]]) -> bool {
    let mut decoded = 0;
    chunks.iter().enumerate().any(|(index, chunk)| {
        let needed = index.saturating_sub(64) * 1024;
        let small = decoded < needed;
        decoded += chunk.len();
        small
    })
}

fn decode(body: &[u8], size: usize, has_trailer: bool) -> Decoded {
    let mut decoder = SignedChunkDecoder::new(verifier(), has_trailer);
    let (mut verified, mut room) = (VecDeque::new(), 0);
    let make_room = |bytes: u64| {
        room += bytes;
        Ok(())
    };
    let mut make_room = make_room;
    let mut fault = None;
    for piece in body.chunks(size.max(1)) {
        if let Err(error) = decoder.push(Bytes::copy_from_slice(piece), &mut make_room, &mut verified) {
            fault = Some(error.code);
            break;
        }
    }
    let out: Vec<u8> = verified.iter().flatten().copied().collect();
    assert!(out.len() as u64 <= room && out.len() <= body.len(), "more came out than was made room for");
    let end = match fault {
        Some(code) => Err(code),
        None => decoder.finish().map_err(|error| error.code),
    };
    (out, end)
}

const REQUEST: &[u8] = b"PUT /media/a\nhost: s3.example.com\nx-amz-date: 20260102T030405Z\n\
x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\nx-amz-decoded-content-length: 11\n\
authorization: AWS4-HMAC-SHA256 Credential=CWABCDEFGHIJKLMNOPQR/20260102/us-east-1/s3/aws4_request, \
SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length, \
Signature=0000000000000000000000000000000000000000000000000000000000000000\n";

/// The request, rightly signed, and its signature.
static SEED: LazyLock<(RequestHead, String)> = LazyLock::new(|| {
    let mut parts = request_text::parts(REQUEST).unwrap();
    let head = parts.head().unwrap();
    let unverified = UnverifiedSignature::read(&head, &AcceptedRegion::Any).unwrap();
    let signature = right_signature(&unverified, &head, SigningTime::parse("20260102T030405Z").unwrap()).unwrap();
    let text = head.headers["authorization"].to_str().unwrap();
    let text = with_value(text, "Signature=", &[','], &signature).unwrap();
    parts.headers.insert("authorization", text.parse().unwrap());
    (parts.head().unwrap(), signature)
});

fn verifier() -> ChunkVerifier {
    let (head, _) = &*SEED;
    let unverified = UnverifiedSignature::read(head, &AcceptedRegion::Any).unwrap();
    unverified.verify(head, key(), true).unwrap().into_chunk_verifier().unwrap()
}

/// A body in chunks, signed by the specification.
fn signed(chunks: &[&[u8]], has_trailer: bool) -> Vec<u8> {
    let mut previous = SEED.1.clone();
    let mut sign = |kind: &str, hashes: &str| {
        let text = format!(
            "AWS4-HMAC-SHA256-{kind}\n20260102T030405Z\n20260102/us-east-1/s3/aws4_request\n{previous}\n{hashes}"
        );
        previous = const_hex::encode(key().mac(text.as_bytes()));
        previous.clone()
    };
    let empty = const_hex::encode(Sha256::digest(b""));
    let mut body = Vec::new();
    for chunk in chunks.iter().copied().chain([&b""[..]]) {
        let signature = sign("PAYLOAD", &format!("{empty}\n{}", const_hex::encode(Sha256::digest(chunk))));
        body.extend_from_slice(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).as_bytes());
        if !chunk.is_empty() {
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
    }
    if has_trailer {
        let trailer = "x-amz-checksum-crc32:DUoRhQ==\n";
        let signature = sign("TRAILER", &const_hex::encode(Sha256::digest(trailer)));
        body.extend_from_slice(trailer.replace('\n', "\r\n").as_bytes());
        body.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
    }
    body.extend_from_slice(b"\r\n");
    body
}
