//! The unsigned framing, split anywhere and broken everywhere.

use bytes::Bytes;
use proptest::prelude::*;

use super::line::LONGEST_LINE;
use super::*;

const BODY: &[u8] = b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode(pieces: &[&[u8]]) -> Result<Decoded, ErrorCode> {
    let mut decoder = ChunkedDecoder::default();
    let mut data = Vec::new();
    for piece in pieces {
        data.extend_from_slice(&decoder.push(Bytes::copy_from_slice(piece)).map_err(|error| error.code)?);
    }
    Ok((data, decoder.finish().map_err(|error| error.code)?))
}

#[test]
fn every_split_gives_the_same_data_and_trailers() {
    let whole = decode(&[BODY]).unwrap();
    assert_eq!(whole.0, b"hello world");
    assert_eq!(whole.1, [("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]);
    for at in 0..BODY.len() {
        assert_eq!(decode(&[&BODY[..at], &BODY[at..]]).as_ref(), Ok(&whole));
    }
    let bytes: Vec<&[u8]> = BODY.chunks(1).collect();
    assert_eq!(decode(&bytes), Ok(whole));
}

#[test]
fn a_body_that_ends_anywhere_early_is_incomplete() {
    for at in 0..BODY.len() {
        assert_eq!(decode(&[&BODY[..at]]), Err(ErrorCode::IncompleteBody), "{at}");
    }
}

#[test]
fn broken_chunk_headers_are_refused() {
    for header in ["0x10", " 10", "+10", "10 ", "-1", "", "00000000000000010", "5;chunk-signature=a", "g"] {
        let body = format!("{header}\r\nhello\r\n0\r\n\r\n");
        assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::InvalidRequest), "{header}");
    }
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\nx",
        "5\r\nhello\r\n0\r\n\r\n0\r\n\r\n",
        "5\r\r\nhello",
    ] {
        assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::InvalidRequest), "{body:?}");
    }
    let long = vec![b'0'; LONGEST_LINE + 1];
    assert_eq!(decode(&[&long]), Err(ErrorCode::InvalidRequest));
}

#[test]
fn broken_trailers_are_refused() {
    for trailers in ["novalue\r\n", ":x\r\n", "a b:c\r\n", "a:1\r\nA:2\r\n", "\u{e4}:1\r\n"] {
        let body = format!("0\r\n{trailers}\r\n");
        assert_eq!(decode(&[body.as_bytes()]), Err(ErrorCode::MalformedTrailerError), "{trailers:?}");
    }
    let many = (0..17).map(|number| format!("a{number}:1")).collect::<Vec<_>>().join("\r\n") + "\r\n";
    assert_eq!(decode(&[format!("0\r\n{many}\r\n").as_bytes()]), Err(ErrorCode::MalformedTrailerError));
}

#[test]
fn a_trailer_may_end_as_minio_go_ends_it() {
    let body = |end: &str| format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ=={end}").into_bytes();
    let right = body("\n\r\n\r\n");
    let whole = decode(&[&right]).unwrap();
    assert_eq!(whole.0, b"hello");
    assert_eq!(whole.1, [("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]);
    for at in 0..right.len() {
        assert_eq!(decode(&[&right[..at], &right[at..]]).as_ref(), Ok(&whole));
        assert_eq!(decode(&[&right[..at]]), Err(ErrorCode::IncompleteBody), "{at}");
    }
    for wrong in ["\n\n\r\n", "\nx-amz-acl:private\r\n\r\n", "\r\n\n\r\n", "\r\n\n", "\n\r\r\n\r\n"] {
        assert_eq!(decode(&[&body(wrong)]), Err(ErrorCode::InvalidRequest), "{wrong:?}");
    }
    assert_eq!(decode(&[b"5\n\r\nhello\r\n0\r\n\r\n"]), Err(ErrorCode::InvalidRequest));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_decode_the_same_or_fail(body in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..300) {
        let at = at.min(body.len());
        let whole = decode(&[&body]);
        let split = decode(&[&body[..at], &body[at..]]);
        prop_assert_eq!(whole.is_ok(), split.is_ok());
    }

    #[test]
    fn what_is_framed_comes_out_again(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..10), size in 1_usize..40) {
        let mut body = Vec::new();
        for chunk in &chunks {
            body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n");
        let pieces: Vec<&[u8]> = body.chunks(size).collect();
        let (data, trailers) = decode(&pieces).unwrap();
        prop_assert_eq!(data, chunks.concat());
        prop_assert_eq!(trailers.len(), 1);
    }
}
